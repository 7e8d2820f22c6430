"""Figures of conditions, newest and over time."""

import csv
import io

import httpx
import pyarrow as pa
import pytest


def test_figures_are_listed_with_their_newest_values(client: httpx.Client) -> None:
    found = client.get("/figures", params={"name": "tpi"}).json()["figures"]
    names = [(each["condition"], each["asset"], each["unit"]) for each in found]
    assert names == [
        ("traffic.congestion", "tianhe-road-1", "1"), ("traffic.congestion", "tianhe-road-2", "1"),
        ("traffic.zone-index", "tianhe", "1"),
    ]  # fmt: skip
    assert found[0]["title"] == "Congestion"
    (one,) = client.get("/figures", params={"asset": "tianhe", "condition": "traffic.zone-index"}).json()["figures"]
    assert one["zone"] == "tianhe"


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_paging_gives_every_figure_once(client: httpx.Client, limit: int) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/figures", params={"limit": limit, "cursor": cursor}).json()
        found += page["figures"]
        cursor = page["next"]
    assert found == client.get("/figures").json()["figures"]


def test_values_over_time_are_the_same_page_by_page_and_as_a_file(client: httpx.Client) -> None:
    query = {"name": "tpi", "condition": "traffic.congestion", "from": "now-3h"}
    by_pages, cursor = dict[str, list[tuple[str, float]]](), ""
    while cursor is not None:
        page = client.get("/figures/values", params={**query, "limit": 3, "cursor": cursor}).json()
        for each in page["figures"]:
            by_pages.setdefault(each["asset"], []).extend(zip(each["time"], each["value"], strict=True))
        cursor = page["next"]
    rows = list(csv.DictReader(io.StringIO(client.get("/figures/values", params={**query, "format": "csv"}).text)))
    by_file = dict[str, list[tuple[str, float]]]()
    for row in rows:
        by_file.setdefault(row["asset"], []).append((row["time"], float(row["value"])))
    assert by_file == by_pages
    assert set(by_pages) == {"tianhe-road-1", "tianhe-road-2"}
    table = pa.ipc.open_stream(client.get("/figures/values", params={**query, "format": "arrow"}).content).read_all()
    assert table.column_names == ["condition", "asset", "figure", "unit", "time", "value"]
    assert len(table) == len(rows)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"name": "nothing"}, 404), ({"from": "now", "to": "now-1h"}, 400), ({"from": "soon"}, 400),
        ({"cursor": "x"}, 400), ({"limit": 0}, 422),
    ],
)  # fmt: skip
def test_what_can_not_be_answered_says_so(client: httpx.Client, query: dict[str, str], status: int) -> None:
    assert client.get("/figures/values", params=query).status_code == status
