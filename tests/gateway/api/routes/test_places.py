"""The city, its zones and its assets as GeoJSON."""

import httpx

from gateway.access.roles import Role
from tests.support.api_server import ApiServer


def test_the_city_says_what_time_it_is_there(client: httpx.Client) -> None:
    city = client.get("/city").json()
    assert (city["id"], city["timezone"], city["now"]) == (
        "guangzhou", "Asia/Shanghai", "2026-03-02T01:00:00.000000000Z",
    )  # fmt: skip


def test_zones_are_points_with_their_parents(client: httpx.Client) -> None:
    answer = client.get("/zones", params={"kind": "dma", "zone": "dma-tianhe-1"})
    assert answer.headers["content-type"] == "application/geo+json"
    (zone,) = answer.json()["features"]
    assert (zone["id"], zone["properties"]["parent"], zone["geometry"]["type"]) == ("dma-tianhe-1", "tianhe", "Point")


def test_roads_are_lines_and_other_assets_are_points(client: httpx.Client) -> None:
    features = {
        each["id"]: each for each in client.get("/assets", params={"zone": ["tianhe", "panyu"]}).json()["features"]
    }
    road, tunnel = features["tianhe-road-1"], features["tunnel-panyu-1"]
    assert road["geometry"]["type"] == "LineString"
    assert road["properties"]["figures"]["lanes"] == 4
    assert tunnel["geometry"]["type"] == "Point"
    assert tunnel["properties"]["kind"] == "tunnel-section"
    (only,) = {each["properties"]["kind"] for each in client.get("/assets?kind=feeder").json()["features"]}
    assert only == "feeder"


def test_what_is_the_same_is_not_sent_twice(client: httpx.Client) -> None:
    first = client.get("/assets")
    again = client.get("/assets", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["content-encoding"] == "gzip"


def test_a_token_of_a_district_is_for_the_feeders_and_metered_areas_in_it(server: ApiServer) -> None:
    with server.client(Role.VIEWER, ("tianhe",)) as mine, server.client() as whole:
        inside = [
            each["id"] for each in whole.get("/zones").json()["features"]
            if "tianhe" in (each["id"], each["properties"]["parent"])
        ]  # fmt: skip
        assert "dma-tianhe-1" in inside
        assert [each["id"] for each in mine.get("/zones").json()["features"]] == inside
        assert sorted(mine.get("/session").json()["zones"]) == sorted(inside)
