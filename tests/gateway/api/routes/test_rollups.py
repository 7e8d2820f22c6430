"""Roll-ups of a running gateway: readings, figures and alarms by cell and by zone."""

import h3
import httpx
import pytest

from gateway.api.routes import rollups


def by_id(client: httpx.Client, path: str) -> dict[str, dict[str, object]]:
    return {each["id"]: each["properties"] for each in client.get(path).json()["features"]}


def test_readings_are_gathered_by_zone(client: httpx.Client) -> None:
    answer = client.get("/rollups/zones?quantity=lel").json()
    assert (answer["of"], answer["unit"]) == ("lel", "%LEL")
    panyu = by_id(client, "/rollups/zones?quantity=lel")["panyu"]
    assert (panyu["name"], panyu["count"], panyu["min"], panyu["max"]) == ("番禺区", 3, 3.0, 55.0)
    assert panyu["mean"] == pytest.approx(62 / 3)
    assert (panyu["worst_flag"], panyu["newest"]) == (1, "2026-03-02T00:57:30.000000000Z")
    assert panyu["worst_priority"] == 1


@pytest.mark.parametrize("resolution", [0, 5, 9])
def test_readings_are_gathered_by_cell_of_any_size(client: httpx.Client, resolution: int) -> None:
    features = client.get(f"/rollups/cells?quantity=lel&resolution={resolution}").json()["features"]
    # the one that was met on the wire has no place
    assert sum(each["properties"]["count"] for each in features) == 2
    for each in features:
        assert h3.get_resolution(each["id"]) == resolution
        ring = each["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]


def test_figures_and_alarms_are_gathered_too(client: httpx.Client) -> None:
    assert by_id(client, "/rollups/zones?figure=tpi&condition=traffic.congestion")["tianhe"]["count"] == 2
    cells = by_id(client, "/rollups/cells?figure=tpi")
    assert sum(int(str(each["count"])) for each in cells.values()) == 2
    alarms = by_id(client, "/rollups/cells")
    assert sum(int(str(each["open_alarms"])) for each in alarms.values()) >= 1


def test_old_values_can_be_left_out(client: httpx.Client) -> None:
    assert by_id(client, "/rollups/zones?quantity=lel&since=now-1m").get("panyu", {"count": 0})["count"] == 0


@pytest.mark.parametrize("query", ["quantity=lel&figure=tpi", "quantity=level", "resolution=10", "since=soon"])
def test_what_has_no_one_meaning_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/rollups/cells?{query}")
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or query == "quantity=level"


def test_of_very_many_alarms_and_places_none_is_left_out(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = by_id(client, "/rollups/cells")
    assert any(each["open_alarms"] for each in everything.values())
    monkeypatch.setattr(rollups, "_MOST", 1)
    assert by_id(client, "/rollups/cells") == everything
    refused = client.get("/rollups/zones", params={"figure": "tpi"})
    assert (refused.status_code, "zone=" in refused.json()["remedy"]) == (413, True)
