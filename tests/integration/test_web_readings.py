"""Readings through the API of a real gateway: pages, formats, bounds and rights."""

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.api.routes import readings
from tests.support.city_api import EVERY_SECS, LOOPS, MESSAGES, CityApi, city_api
from tests.support.command import publish

pytestmark = [pytest.mark.xdist_group("client")]
PATH = "/api/v1/readings"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityApi]:
    with city_api(tmp_path_factory.mktemp("r"), max_points=1000, max_series=5) as made:
        yield made


@pytest.fixture
def client(api: CityApi) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {api.token}"}
    with httpx.Client(base_url=api.url, headers=headers, timeout=30, trust_env=False) as made:
        yield made


def _all(client: httpx.Client, **asked: Any) -> list[tuple[str, str, float]]:
    """Rows of every page."""
    out: list[tuple[str, str, float]] = []
    cursor = ""
    while True:
        answer = client.get(PATH, params={**asked, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        for one in found["series"]:
            out += zip([one["device"]] * len(one["time"]), one["time"], one["value"], strict=True)
        cursor = found["next"]
        if cursor is None:
            return out


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_pages_give_every_row_once_while_new_ones_come_in(api: CityApi, client: httpx.Client, limit: int) -> None:
    span = MESSAGES if limit >= 100 else 10 * limit
    begin = api.start + (MESSAGES - span) * EVERY_SECS
    done = threading.Event()

    def speak() -> None:
        while not done.is_set():
            body = json.dumps({"ts": time.time_ns() // 10**6, "speed": 1, "flow": 1, "occ": 0.1}).encode()
            publish(api.broker, [("city/tianhe/traffic/loop/loop-0002/reading", body)])

    speaking = threading.Thread(target=speak)
    speaking.start()
    try:
        series = [f"loop-000{k}:speed" for k in range(1, LOOPS + 1)]
        end = api.start + MESSAGES * EVERY_SECS
        whole = _all(client, series=series, to=str(end), limit=limit, **{"from": str(begin)})
        now = _all(client, series=series, limit=max(limit, 100), **{"from": str(begin)})
    finally:
        done.set()
        speaking.join()
    assert len(whole) == len(set(whole)) == LOOPS * span
    assert len(now) == len(set(now)) >= len(whole)


def test_every_format_has_the_same_rows_also_in_many_pages(
    api: CityApi, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "_PAGE_ROWS", 50)
    asked: dict[str, Any] = {
        "device": ["loop-0001", "loop-0003"], "from": str(api.start), "to": str(api.start + MESSAGES * EVERY_SECS),
    }  # fmt: skip
    bodies = {}
    for kind in ("csv", "arrow", "parquet"):
        answer = client.get(PATH, params={**asked, "format": kind})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
        assert answer.headers["content-disposition"] == f'attachment; filename="readings.{kind}"'
        bodies[kind] = answer.content
    table = pa.ipc.open_stream(bodies["arrow"]).read_all()
    file = pq.ParquetFile(io.BytesIO(bodies["parquet"]))
    header, *rows = csv.reader(io.StringIO(bodies["csv"].decode(), newline=""))
    assert file.metadata.num_row_groups > 10
    assert file.read().equals(table)
    assert len(rows) == len(table) == 2 * 3 * MESSAGES
    assert header == table.column_names
    assert sorted(row[4] for row in rows) == sorted(f"{value:g}" for value in table["value"].to_pylist())
    some = _all(client, **{**asked, "limit": 500})
    assert len(some) == len(table)


def test_answers_are_tagged_pressed_and_safe(api: CityApi, client: httpx.Client) -> None:
    asked = {"device": "loop-0001", "from": str(api.start), "to": str(api.start + 600)}
    first = client.get(PATH, params=asked)
    assert first.headers["content-encoding"] == "gzip"
    again = client.get(PATH, params=asked, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(PATH, params={**asked, "time": "unix_ms"}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert first.headers["x-content-type-options"] == "nosniff"
    for method in ("HEAD", "OPTIONS", "DELETE", "POST"):
        answer = client.request(method, PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET"), method


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({}, 400, "Which series"), ({"series": "loop-0001"}, 400, "has no quantity"),
        ({"series": ":speed"}, 400, "has no quantity"), ({"device": "nobody"}, 404, "nobody"),
        ({"series": "loop-0001:colour"}, 404, "colour"), ({"device": "loop-0001", "step": "5m"}, 400, "5m"),
        ({"device": "loop-0001", "from": "now", "to": "now-1h"}, 400, "empty"),
        ({"device": "loop-0001", "from": "now-999999999d"}, 400, "out of reach"),
        ({"device": "loop-0001", "to": "999999999999"}, 400, "out of reach"),
        ({"device": "loop-0001", "cursor": "x"}, 400, "none of ours"),
        ({"device": "loop-0001", "cursor": "ks______________8__________"}, 400, "none of ours"),
        ({"device": "loop-0001", "store": "influxdb"}, 400, "influxdb"),
        ({"device": "loop-0001", "limit": "0"}, 422, "limit"),
        ({"device": "loop-0001", "format": "xml"}, 422, "format"),
        ({"device": [f"d{k}" for k in range(6)]}, 413, "6 series"), ({"device": "x" * 5000}, 404, ""),
        ({"device": "\x00\u202e"}, 404, ""), ({"device": "'; DROP TABLE readings; --"}, 404, ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(client: httpx.Client, asked: dict[str, Any], status: int, says: str) -> None:
    answer = client.get(PATH, params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    found = answer.json()
    assert says in found["detail"]
    assert found["remedy"]


def test_much_is_paged_and_too_much_to_thin_is_refused_with_how_to_ask_instead(
    api: CityApi, client: httpx.Client
) -> None:
    asked: dict[str, Any] = {"device": ["loop-0001", "loop-0002", "loop-0003"], "from": str(api.start)}
    page = client.get(PATH, params={**asked, "limit": 500_000}).json()
    assert page["next"] is not None
    assert sum(len(one["time"]) for one in page["series"]) <= 1000
    refused = client.get(PATH, params={**asked, "points": 100})
    assert (refused.status_code, "step=15m" in refused.json()["remedy"]) == (413, True)
    thin = client.get(PATH, params={"series": "loop-0001:speed", "from": str(api.start), "points": 20}).json()
    assert thin["thinned"]
    assert 4 <= len(thin["series"][0]["time"]) <= 22


def test_not_acceptable_is_said(client: httpx.Client) -> None:
    answer = client.get(PATH, params={"device": "loop-0001"}, headers={"Accept": "image/png"})
    assert answer.status_code == 406


ENDLESS = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"


def test_a_question_of_somebody_who_left_holds_up_nobody(
    api: CityApi, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(db: duckdb.DuckDBPyConnection, *_: Any) -> Any:
        begun.set()
        try:
            return db.execute(ENDLESS).fetchall()
        finally:
            ended.set()

    asked = {"device": "loop-0001", "from": str(api.start), "to": str(api.start + 600)}
    for kind in ("json", "csv"):
        with monkeypatch.context() as patch:
            patch.setattr("gateway.stores.duckdb_reads.read_readings", endless)
            begun.clear()
            ended.clear()
            with pytest.raises(httpx.ReadTimeout):
                client.get(PATH, params={**asked, "format": kind}, timeout=1)
            assert begun.is_set()
            assert ended.wait(20), "DuckDB goes on"
        assert client.get(PATH, params=asked).status_code == 200
