"""Devices, series, kinds and conditions, asked of a running gateway."""

import httpx
import pytest

from gateway.access.roles import Permission, Role
from tests.support.api_server import ApiServer


def test_devices_are_listed_by_id_and_found_by_what_they_are(client: httpx.Client) -> None:
    everything = client.get("/devices", params={"limit": 5000}).json()["devices"]
    ids = [each["id"] for each in everything]
    assert ids == sorted(ids)
    assert len(ids) > 400
    gas = client.get("/devices", params={"profile": "gas-detector", "zone": "panyu", "q": "gas-000"}).json()["devices"]
    assert {each["profile"] for each in gas} == {"gas-detector"}
    assert {each["zone"] for each in gas} == {"panyu"}
    asset = client.get("/devices", params={"asset": "tunnel-panyu-1"}).json()["devices"]
    assert "gas-0001" in [each["id"] for each in asset]
    cell = asset[0]["cell"]
    assert client.get("/devices", params={"cell": cell}).json()["devices"][0]["cell"] == cell
    (met,) = client.get("/devices", params={"state": "provisioned"}).json()["devices"]
    assert (met["id"], met["lon"], met["cell"]) == ("stray-1", None, "")


@pytest.mark.parametrize(("path", "rows"), [("/devices?", "devices"), ("/series?", "series")])
@pytest.mark.parametrize("limit", [1, 7, 200])
def test_paging_gives_every_row_once(client: httpx.Client, path: str, rows: str, limit: int) -> None:
    query = f"{path}zone=panyu&limit={limit}"
    everything = client.get(f"{path}zone=panyu&limit=5000").json()[rows]
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(query, params={**dict(httpx.QueryParams(query.partition("?")[2])), "cursor": cursor}).json()
        found += page[rows]
        cursor = page["next"]
        assert len(page[rows]) <= limit
    assert found == everything
    assert len(found) > 3


def test_a_device_has_its_record_on_the_time_axis_and_on_the_place_axis(client: httpx.Client) -> None:
    device = client.get("/devices/gas-0001").json()
    assert (device["installed"], device["interval_secs"], device["offline_since"]) == ("2022-02-24", 30.0, None)
    axis = [(moment["what"], moment["condition"]) for moment in device["time_axis"]]
    assert axis[0] == ("installed", None)
    assert ("known", None) in axis
    assert ("fault", "gas.lel") in axis
    assert [moment["at"] for moment in device["time_axis"]] == sorted(m["at"] for m in device["time_axis"])
    place = device["place"]
    assert (place["zone"], place["zone_name"], place["asset"]) == ("panyu", "番禺区", "tunnel-panyu-1")
    assert place["asset_kind"] == "gas_assets"
    assert [each["quantity"] for each in device["series"]] == ["co", "lel", "o2"]
    assert device["counts"]["accepted"] == 18
    assert {change["condition"] for change in device["history"]} == {"gas.lel"}


def test_a_device_that_nobody_knows_is_not_there(client: httpx.Client) -> None:
    answer = client.get("/devices/a/b/c")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "No device 'a/b/c' is known."


def test_series_are_found_by_part_of_a_name(client: httpx.Client) -> None:
    found = client.get("/series", params={"q": "seg-000"}).json()["series"]
    assert {each["profile"] for each in found} == {"segment-speed"}
    (one,) = client.get("/series", params={"device": "seg-0001", "quantity": "speed"}).json()["series"]
    assert one == {
        "device": "seg-0001", "quantity": "speed", "unit": "km/h", "profile": "segment-speed", "zone": "tianhe",
        "asset": "tianhe-road-1", "cell": one["cell"],
    }  # fmt: skip


def test_kinds_of_devices_have_their_quantities_in_canonical_units(client: httpx.Client) -> None:
    kinds = {each["name"]: each for each in client.get("/profiles").json()["profiles"]}
    assert {"quantity": "lel", "unit": "%LEL"} in kinds["gas-detector"]["quantities"]
    assert kinds["segment-speed"]["interval_secs"] == 600


def test_conditions_have_their_thresholds(client: httpx.Client) -> None:
    found = {each["name"]: each for each in client.get("/conditions").json()["conditions"]}
    assert found["gas.lel"]["domain"] == "gas"
    assert found["gas.lel"]["settings"]["high"] == [20.0, 25.0, 50.0]


@pytest.mark.parametrize("cursor", ["x", "%%%", "gqNh", "kQE", "kc___w", "é"])
def test_a_cursor_of_something_else_is_refused(client: httpx.Client, cursor: str) -> None:
    answer = client.get("/devices", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["remedy"]


def test_alarms_of_a_device_are_for_who_may_see_alarms(server: ApiServer) -> None:
    token = server.token(Role.VIEWER, permissions=[Permission.DEVICES_READ])
    with server.client(None) as narrowed, server.client() as whole:
        narrowed.headers["Authorization"] = f"Bearer {token}"
        mine, everything = (each.get("/devices/gas-0001").json() for each in (narrowed, whole))
    assert everything["history"]
    assert "fault" in {moment["what"] for moment in everything["time_axis"]}
    assert (mine["history"], mine["series"]) == ([], everything["series"])
    assert {moment["what"] for moment in mine["time_axis"]}.isdisjoint({"fault", "over"})
