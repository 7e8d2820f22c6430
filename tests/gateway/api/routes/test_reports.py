"""Citizens' reports: taken down, brought on, and who reported seen by few."""

import httpx
import pytest

from gateway.access.roles import Role
from gateway.api.acts import Repeats
from tests.support.api_server import ApiServer

NEW = {"kind": "gas-smell", "text": "smells", "lon": 113.40, "lat": 23.06, "zone": "panyu", "contact": "13912345678"}


def on_record(server: ApiServer, report: str, state: str) -> None:
    async def there() -> bool:
        return any(
            each["report"] == report and each["state"] == state for each in await server.gateway.desk.reports(True)
        )

    server.eventually(there, f"{report} is {state}")


def test_a_report_is_taken_down_and_brought_on(own_server: ApiServer) -> None:
    with own_server.client(Role.OPERATOR) as operator:
        taken = operator.post("/reports", json={**NEW, "id": "call-17"})
        assert (taken.status_code, taken.json()) == (202, {"report": "call-17", "known": False, "running": True})
        on_record(own_server, "call-17", "received")
        again = operator.post("/reports", json={**NEW, "id": "call-17"})
        assert again.json()["known"] is True
        step = operator.post("/reports/call-17/advance", json={"state": "accepted", "note": "Li has it"})
        assert step.json() == {"report": "call-17", "state": "accepted", "running": True}
        on_record(own_server, "call-17", "accepted")
        report = operator.get("/reports/call-17").json()
        assert [(each["state"], each["who"], each["note"]) for each in report["history"]][-1] == (
            "accepted", "operator of all", "Li has it",
        )  # fmt: skip
        back = operator.post("/reports/call-17/advance", json={"state": "confirmed"})
        assert back.status_code == 409
        assert "accepted" in back.json()["detail"]


def test_a_key_makes_a_report_one_however_often_it_is_sent(own_server: ApiServer, own: httpx.Client) -> None:
    answers = [own.post("/reports", json=NEW, headers={"Idempotency-Key": "phone-1"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    own_server.app.state.repeats = Repeats()
    on_record(own_server, answers[0]["report"], "received")
    assert own.post("/reports", json=NEW, headers={"Idempotency-Key": "phone-1"}).json() == {
        **answers[0],
        "known": True,
    }


def test_who_reported_is_masked_and_each_look_is_in_the_audit_log(own_server: ApiServer, own: httpx.Client) -> None:
    for path in ("/reports", "/reports/r-gas-smell"):
        assert "13800138000" not in own.get(path).text
    assert own.get("/reports/r-gas-smell").json()["contact"] == "138***00"
    with own_server.client(Role.OPERATOR) as operator, own_server.client(Role.VIEWER) as viewer:
        assert viewer.get("/reports/r-gas-smell/contact").status_code == 403
        look = operator.get("/reports/r-gas-smell/contact")
    assert look.json() == {"report": "r-gas-smell", "contact": "13800138000"}
    assert look.headers["cache-control"] == "no-store"
    entries = own.get("/audit", params={"what": "r-gas-smell", "act": "reports.contact"}).json()["entries"]
    assert [(each["name"], each["outcome"]) for each in entries] == [("operator of all", "done")]
    assert "13800138000" not in own.get("/audit?limit=1000").text


def test_who_is_for_a_zone_takes_down_what_is_there(own_server: ApiServer) -> None:
    with own_server.client(Role.OPERATOR, ("panyu",)) as operator:
        assert operator.post("/reports", json={"kind": "gas-smell", "asset": "tunnel-panyu-1"}).status_code == 202
        assert operator.post("/reports", json={"kind": "gas-smell", "zone": "tianhe"}).status_code == 404
        assert operator.post("/reports", json={"kind": "gas-smell", "lon": 113.4, "lat": 23.0}).status_code == 403
        assert operator.get("/reports/r-no-water").status_code == 404


@pytest.mark.parametrize("state", ["open", "all"])
def test_paging_gives_every_report_once(own: httpx.Client, state: str) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = own.get("/reports", params={"state": state, "limit": 1, "cursor": cursor}).json()
        found += page["reports"]
        cursor = page["next"]
    assert found == own.get("/reports", params={"state": state}).json()["reports"]
    assert len(found) >= 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "music", "zone": "panyu"}, 400), ({"kind": "gas-smell"}, 400), ({"kind": "gas-smell", "lon": 1}, 400),
        ({"kind": "gas-smell", "zone": "atlantis"}, 400), ({"kind": "gas-smell", "zone": "panyu", "at": "soon"}, 400),
        ({"kind": "gas-smell", "zone": "panyu", "at": "2030-01-01T00:00:00Z"}, 400), ({"zone": "panyu"}, 422),
        ({"kind": "gas-smell", "zone": "panyu", "id": "a/b"}, 422),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused_with_a_remedy(own: httpx.Client, body: dict[str, object], status: int) -> None:
    answer = own.post("/reports", json=body)
    assert answer.status_code == status
    assert answer.json()["remedy"]
