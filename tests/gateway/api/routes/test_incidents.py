"""Incidents of a running gateway."""

from typing import Any

import httpx
import pytest

from gateway.access.roles import Role
from tests.support.api_server import ApiServer


@pytest.mark.parametrize("state", ["open", "all"])
def test_paging_gives_every_incident_once(client: httpx.Client, state: str) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/incidents", params={"state": state, "limit": 1, "cursor": cursor}).json()
        found += page["incidents"]
        cursor = page["next"]
    everything = client.get("/incidents", params={"state": state}).json()["incidents"]
    assert [each["incident"] for each in found] == [each["incident"] for each in everything]
    assert everything


def test_an_incident_has_its_parts_and_its_history(client: httpx.Client) -> None:
    listed = client.get("/incidents", params={"domain": "gas", "zone": "panyu"}).json()["incidents"]
    of_report = next(each for each in listed if each["cause_type"] == "report")
    incident = client.get(f"/incidents/{of_report['incident'][:10]}").json()
    assert incident["asked"] == incident["incident"] == of_report["incident"]
    assert "r-gas-smell" in [each["part"] for each in incident["members"]]
    assert incident["history"][0]["change"] == "opened"
    assert incident["domains"] == ["gas"]


def test_parts_in_other_zones_are_not_shown_to_who_is_for_one(
    server: ApiServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (listed, *_) = client.get("/incidents", params={"state": "all", "zone": "tianhe"}).json()["incidents"]
    alien = client.get("/alarms", params={"condition": "gas.lel", "state": "all"}).json()["alarms"][0]["alarm"]
    ask = server.link.ask

    async def with_another(method: str, **arguments: Any) -> Any:
        found = await ask(method, **arguments)
        if method == "incident":
            extra = {
                "part_type": "alarm",
                "part": alien,
                "kind": "gas.lel",
                "asset": "gas-0001",
                "began": 1,
                "over": None,
            }
            found["members"].append(extra)
        return found

    monkeypatch.setattr(server.link, "ask", with_another)
    path = f"/incidents/{listed['incident']}"
    assert alien in [each["part"] for each in client.get(path).json()["members"]]
    with server.client(Role.VIEWER, ("tianhe",)) as narrowed:
        mine = narrowed.get(path).json()["members"]
    assert mine
    assert alien not in [each["part"] for each in mine]


def test_nor_those_that_came_away_from_it_or_are_no_more_on_record(
    server: ApiServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (listed, *_) = client.get("/incidents", params={"state": "all", "zone": "tianhe"}).json()["incidents"]
    alien = client.get("/alarms", params={"condition": "gas.lel", "state": "all"}).json()["alarms"][0]["alarm"]
    ask = server.link.ask

    async def with_more(method: str, **arguments: Any) -> Any:
        found = await ask(method, **arguments)
        if method == "incident":
            gone = {**found["history"][0], "part_type": "alarm", "part": alien, "part_kind": "gas.lel"}
            found["history"] += [gone, {**gone, "part_type": "report", "part": "r-long-gone"}]
        return found

    monkeypatch.setattr(server.link, "ask", with_more)
    path = f"/incidents/{listed['incident']}"
    shown = {each["part"] for each in client.get(path).json()["history"]}
    with server.client(Role.VIEWER, ("tianhe",)) as narrowed:
        mine = {each["part"] for each in narrowed.get(path).json()["history"]}
    assert shown - mine == {alien, "r-long-gone"}
    assert mine


@pytest.mark.parametrize("name", ["ffffffff", "xyz"])
def test_an_incident_that_is_not_there_is_not_there(client: httpx.Client, name: str) -> None:
    assert client.get(f"/incidents/{name}").status_code == 404
