"""Daily and weekly reports: ordered, made by a worker of their own, read as page and PDF; refused with a remedy."""

import httpx
import pytest

from gateway.access.roles import Role
from gateway.reports.press import PressFull
from tests.support.api_server import ApiServer


def _made(server: ApiServer, client: httpx.Client, **body: object) -> dict[str, object]:
    answer = client.post("/documents", json=body)
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/v1/documents/jobs/{job}"
    server.eventually(lambda: not server.app.state.press.job(job).open, "it is made")
    found: dict[str, object] = client.get(f"/documents/jobs/{job}").json()
    return found


@pytest.mark.timeout(180)
def test_reports_are_made_kept_read_and_on_record(own_server: ApiServer, own: httpx.Client) -> None:
    with own_server.client(Role.OPERATOR) as operator, own_server.client(Role.VIEWER) as viewer:
        job = _made(own_server, operator, domains=["gas", "alarms"], period="2026-03-02", lang="zh")
        assert (job["state"], job["share"], job["problem"]) == ("done", 1.0, ""), job
        assert job["documents"] == ["gas-2026-03-02.zh", "alarms-2026-03-02.zh"]

        listed = viewer.get("/documents", params={"limit": 1}).json()
        rest = viewer.get("/documents", params={"limit": 1, "cursor": listed["next"]}).json()
        assert [each["document"] for each in (*listed["documents"], *rest["documents"])] == [
            "alarms-2026-03-02.zh", "gas-2026-03-02.zh",
        ]  # fmt: skip
        (kept,) = viewer.get("/documents", params={"domain": "gas", "kind": "day", "lang": "zh"}).json()["documents"]
        assert (kept["by"], kept["whole"], kept["until"]) == (
            "operator of all",
            False,
            "2026-03-02T01:00:00.000000000Z",
        )

        page = viewer.get("/documents/gas-2026-03-02.zh/html")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert "gas-0001" in page.text
        assert len(page.content) == kept["html_bytes"]
        known = {"If-None-Match": page.headers["etag"]}
        assert viewer.get("/documents/gas-2026-03-02.zh/html", headers=known).status_code == 304
        pdf = viewer.get("/documents/gas-2026-03-02.zh/pdf")
        assert pdf.content.startswith(b"%PDF-")
        assert pdf.headers["content-disposition"] == 'attachment; filename="gas-2026-03-02.zh.pdf"'
        assert pdf.headers["x-content-type-options"] == "nosniff"

    entries = own.get("/audit", params={"act": "documents.make", "outcome": "done"}).json()["entries"]
    assert [(each["name"], each["outcome"], each["what"]) for each in entries] == [
        ("operator of all", "done", "2026-03-02 zh gas alarms")
    ]


@pytest.mark.parametrize("period", ["2026-02-30", "2026-W99", "2027-01-01", "1980-01-01"])
def test_a_period_that_is_none_or_has_not_begun_is_refused_and_noted(own: httpx.Client, period: str) -> None:
    answer = own.post("/documents", json={"domains": ["gas"], "period": period})
    assert (answer.status_code, bool(answer.json()["remedy"])) == (400, True)
    entries = own.get("/audit", params={"act": "documents.make", "outcome": "failed"}).json()["entries"]
    assert period in entries[0]["what"]


@pytest.mark.parametrize("name", ["gas-2026-03-99x", "..%2f..%2frecords", "water-2026-03-01.json", "records"])
def test_no_name_leads_to_another_file(own: httpx.Client, name: str) -> None:
    assert own.get(f"/documents/{name}/html").status_code in (404, 422)


def test_what_is_not_there_is_told_so(own: httpx.Client) -> None:
    for path in ("/documents/gas-2020-01-01/pdf", "/documents/jobs/none"):
        answer = own.get(path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Not there")
        assert answer.json()["remedy"]


def test_too_many_orders_are_told_to_come_back(
    own_server: ApiServer, own: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise PressFull("8 orders wait already.", "Come back.")

    monkeypatch.setattr(own_server.app.state.press, "order", full)
    answer = own.post("/documents", json={"domains": ["gas"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "20")


def test_one_that_is_given_up_is_not_made(own_server: ApiServer, own: httpx.Client) -> None:
    job = own.post("/documents", json={"domains": ["water", "grid"], "period": "2026-W09"}).json()["job"]
    answer = own.delete(f"/documents/jobs/{job}")
    assert (answer.status_code, answer.json()["state"]) == (200, "given_up")
    assert own.get("/documents/jobs").json()["jobs"][0]["job"] == job
