"""Traces, the books, notifications, configuration, stores."""

from pathlib import Path

import aiomqtt
import httpx
import pytest

from gateway.access.roles import Role
from gateway.api.models.operation import Reloaded
from gateway.clock import SystemClock
from gateway.config.settings import Settings
from gateway.runtime.reload import Origin
from tests.support.api_city import NOW, SECOND
from tests.support.api_server import ApiServer, serving
from tests.support.reloadable import Files


def test_a_reading_can_be_traced(client: httpx.Client) -> None:
    trace = client.get("/trace", params={"device": "gas-0001", "at": "2026-03-02T00:56:01Z"}).json()
    assert trace["ts"] == 1_772_412_960_000_000_000
    (lel,) = [row for row in trace["stores"]["duckdb"] if row["quantity"] == "lel"]
    assert lel["value"] == 25.0
    assert any(each["condition"] == "gas.lel" for each in trace["alarms"])
    assert client.get("/trace", params={"device": "nobody"}).status_code == 404
    assert client.get("/trace").status_code == 422


def test_a_device_that_is_called_as_a_place_lies_where_it_lies(own_server: ApiServer) -> None:
    """Devices that are met on the wire name themselves: one in panyu says that it is tianhe."""

    async def say() -> None:
        port = int(str(own_server.settings.sources[0].port))
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            body = f'{{"ts": {NOW // SECOND - 60}, "lel": 7, "co": 1, "o2": 20.9}}'
            await client.publish("city/panyu/gas/detector/tianhe/reading", body, qos=1)

    async def stored() -> bool:
        desk = own_server.gateway.desk
        known = bool(await desk.series_page(devices=["tianhe"]))
        return known and (await desk.latest_columns([("tianhe", "lel")])).num_rows == 1

    own_server.run(say())
    own_server.eventually(stored, "its reading is stored")
    paths = [f"/trace?device=tianhe&at={NOW // SECOND - 60}", "/dead-letters?device=tianhe"]
    for zone, status in (("panyu", 200), ("tianhe", 404)):
        with own_server.client(Role.ENGINEER, (zone,)) as engineer:
            assert [engineer.get(path).status_code for path in paths] == [status, status]
    act = {"act": "suppress", "condition": "gas.lel", "asset": "tianhe", "text": "not theirs"}
    with own_server.client(Role.OPERATOR, ("tianhe",)) as operator:
        assert operator.post("/alarms/acts", json=act).status_code == 404


def test_the_books_agree_with_what_is_stored(client: httpx.Client) -> None:
    found = client.get("/ledger/verify").json()
    assert found["agrees"]
    assert found["balanced"]


def test_notifications_are_listed_by_state(client: httpx.Client) -> None:
    assert client.get("/notifications?state=failed").json()["notifications"] == []
    assert client.get("/notifications?state=lost").status_code == 400
    assert client.post("/notifications/retry", json={"ids": ["0123"]}).status_code == 404


@pytest.mark.parametrize("act", ["check", "reload"])
def test_a_gateway_that_was_started_without_files_has_none_to_read(client: httpx.Client, act: str) -> None:
    answer = client.post(f"/configuration/{act}")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This gateway was not started from files."
    (entry,) = client.get("/audit", params={"act": f"configuration.{act}", "limit": 1}).json()["entries"]
    assert entry["outcome"] == "failed"


def test_a_store_is_adopted_while_the_gateway_is_stopped_only(client: httpx.Client) -> None:
    answer = client.post("/stores/paper/adopt")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "A store can be adopted only while the gateway is stopped."


async def _nothing(*_: object) -> None:
    pass


def test_changed_files_are_checked_and_then_applied(tmp_path: Path) -> None:
    files: list[Files] = []

    def of(port: int) -> tuple[Settings, Origin]:
        files.append(Files(tmp_path, port))
        return files[0].load(), files[0].origin

    with serving(tmp_path, _nothing, SystemClock(), files=of) as server, server.client() as client:
        assert client.get("/configuration").json()["settings"]["http"]["port"] == 0
        files[0].conditions({"water.high": ("tank", 50)})
        checked = client.post("/configuration/check").json()
        Reloaded.model_validate(checked, strict=True, extra="forbid")
        assert (checked["applied"], checked["problems"]) == (False, [])
        assert "water.high" in str(checked["differences"])
        assert client.get("/conditions").json()["conditions"][0]["settings"]["high"] == [100.0]
        assert client.post("/configuration/reload").json()["applied"] is True
        assert client.get("/conditions").json()["conditions"][0]["settings"]["high"] == [50.0]
        files[0].conditions({"water.high": ("nothing", 50)})
        refused = client.post("/configuration/reload").json()
        assert refused["applied"] is False
        assert refused["problems"]
        acts = [(each["act"], each["detail"]) for each in client.get("/audit?act=configuration").json()["entries"]]
    assert acts == [
        ("configuration.reload", f"{len(refused['problems'])} problems; not applied"),
        ("configuration.reload", "applied"), ("configuration.check", ""),
    ]  # fmt: skip
