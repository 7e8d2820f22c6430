"""Rows page by page: all of them, whole JSON and CSV, and no more than asked for."""

import csv
import io
import json
from typing import Any

import pytest

from gateway.cli.rows import read_pages, utc_text, write_csv, write_json

COLUMNS = ["quantity", "unit", "time", "value"]


class Store:
    """Answers from `rows`, two of each time."""

    def __init__(self, times: int) -> None:
        self.rows: list[list[Any]] = [
            [name, "km/h", 10 * k, k / 2] for k in range(times) for name in ("flow", 'spé"ed')
        ]
        self.asked: list[dict[str, Any]] = []

    def __call__(self, *, start: int, end: int, limit: int, **rest: Any) -> dict[str, Any]:
        self.asked.append({"start": start, "end": end, "limit": limit, **rest})
        end = end or 10_000
        held = [row for row in self.rows if start <= row[2] < end]
        page = held[: max(limit // 2 * 2, 2)]
        more = held[len(page)][2] if len(held) > len(page) else None
        return {"store": "one", "start": start, "end": end, "columns": COLUMNS, "rows": page,
                "truncated": more is not None, "next": more}  # fmt: skip


@pytest.mark.parametrize(("most", "expected"), [(None, 40), (1, 2), (7, 6), (10, 10), (40, 40), (100, 40)])
def test_pages_go_on_until_there_is_enough(monkeypatch: pytest.MonkeyPatch, most: int | None, expected: int) -> None:
    monkeypatch.setattr("gateway.cli.rows._PAGE_ROWS", 6)
    store = Store(20)
    pages = list(read_pages(store, {"start": 0, "end": 0, "store": ""}, most))

    assert [row for page in pages for row in page["rows"]] == store.rows[:expected]
    assert pages[-1]["truncated"] is (expected < 40)
    assert {(asked["end"], asked["store"]) for asked in store.asked[1:]} <= {(10_000, "one")}
    assert all(asked["limit"] <= 6 for asked in store.asked)


@pytest.mark.parametrize("times", [0, 1, 20])
def test_json_is_one_object_whatever_the_pages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], times: int
) -> None:
    monkeypatch.setattr("gateway.cli.rows._PAGE_ROWS", 4)
    store = Store(times)
    write_json(read_pages(store, {"start": 0, "end": 0}, None))
    out = capsys.readouterr().out

    assert out.count("\n") == 1
    assert json.loads(out) == {
        "store": "one", "start": 0, "end": 10_000, "columns": COLUMNS, "rows": store.rows, "truncated": False,
        "next": None,
    }  # fmt: skip


def test_csv_has_one_head_and_times_to_the_nanosecond(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gateway.cli.rows._PAGE_ROWS", 4)
    store = Store(6)
    assert write_csv(read_pages(store, {"start": 0, "end": 0}, 8)) == 40
    listed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    assert [row["quantity"] for row in listed] == [row[0] for row in store.rows[:8]]
    assert listed[-1]["time"] == utc_text(30) == "1970-01-01T00:00:00.000000030Z"
