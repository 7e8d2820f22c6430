"""Columns in four formats: the same rows in each, whatever the names and figures are like."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.api.encoders import cursor_of, from_cursor, json_columns, stream_rows
from gateway.api.formats import Format
from gateway.link.pages import ColumnPage, Named

HOSTILE = [
    'say "hi"', "comma, semicolon;", "line\nbreak", "tab\tand \\backslash", "=cmd()", "天河-0001", "", "a:b:c", "{}",
    "\u2028",
]  # fmt: skip
T0 = 1_772_407_800_000_000_001
VALUES = [0.0, -0.0, 1.5, 1e300, -1e-300, 5e-324, 0.1, np.nan, np.inf, -np.inf, 123456789.123456789, 1e20]


def _page(devices: Sequence[str], rows: int, next_ns: int | None = None, begin: int = 0) -> ColumnPage:
    count = len(devices) * rows
    table = pa.table({
        "series": np.repeat(np.arange(len(devices), dtype=np.int32), rows),
        "ts": np.tile(T0 + (begin + np.arange(rows, dtype=np.int64)) * 10**9, len(devices)),
        "value": np.resize(np.array(VALUES), count),
        "flag": np.resize(np.array([1, 3, 9], np.uint8), count),
        "why": np.resize(np.array([0, 2**32 - 1], np.uint32), count),
    })  # fmt: skip
    names = [Named(device, "speed", "loop", "km/h") for device in devices]
    return ColumnPage(table, names, "duckdb", T0, T0 + 10**12, next_ns)


def _expected(pages: Sequence[ColumnPage]) -> list[tuple[str, str, float | None, int, int]]:
    out = []
    for page in pages:
        for row in page.table.to_pylist():
            time = str(np.datetime64(row["ts"], "ns")) + "Z"
            value = row["value"] if np.isfinite(row["value"]) else None
            out.append((page.names[row["series"]].device, time, value, row["flag"], row["why"]))
    return out


async def _streamed(pages: Sequence[ColumnPage], kind: Format) -> list[bytes]:
    async def source() -> AsyncIterator[ColumnPage]:
        for page in pages:
            yield page

    return [piece async for piece in stream_rows(source(), "ts", kind)]


def _of_table(table: pa.Table) -> list[tuple[str, str, float | None, int, int]]:
    return [
        (row["device"], str(np.datetime64(row["time"].value, "ns")) + "Z", row["value"], row["flag"], row["why"])
        for row in ({**row, "time": table["time"][k]} for k, row in enumerate(table.drop_columns("time").to_pylist()))
    ]


PAGES = [_page(HOSTILE, 7, T0 + 7, 0), _page(HOSTILE[3:], 5, T0 + 12, 7), _page([], 0), _page(["only one"], 1)]


def test_json_is_strict_and_exact() -> None:
    page = _page(HOSTILE, 12)
    found = json.loads(json_columns(page, "ts", next=None), parse_constant=pytest.fail)
    rows = [
        (one["device"], *row)
        for one in found["series"]
        for row in zip(one["time"], one["value"], one["flag"], one["why"], strict=True)
    ]
    assert rows == _expected([page])
    assert {name: found[name] for name in ("store", "next", "start")} == {
        "store": "duckdb", "next": None, "start": "2026-03-01T23:30:00.000000001Z",
    }  # fmt: skip
    assert found["series"][0]["unit"] == "km/h"


def test_times_in_json_as_milliseconds() -> None:
    (one,) = json.loads(json_columns(_page(["a"], 2), "ts", unix_ms=True))["series"]
    assert one["time"] == [T0 // 10**6, T0 // 10**6 + 1000]


def test_an_empty_page_has_no_series() -> None:
    assert json.loads(json_columns(_page(["a", "b"], 0), "ts"))["series"] == []


async def test_csv_is_read_back_by_anybody() -> None:
    body = b"".join(await _streamed(PAGES, Format.CSV)).decode()
    header, *rows = csv.reader(io.StringIO(body, newline=""))
    assert header == ["device", "quantity", "unit", "time", "value", "flag", "why"]
    found = [
        (device, time, float(value) if value else None, int(flag), int(why))
        for device, _, _, time, value, flag, why in rows
    ]
    assert found == _expected(PAGES)


async def test_parquet_of_several_pages_is_one_file() -> None:
    pieces = await _streamed(PAGES, Format.PARQUET)
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert file.metadata.num_row_groups == 3
    assert len(pieces) == len(PAGES) + 1
    assert _of_table(file.read()) == _expected(PAGES)
    assert str(file.schema_arrow.field("time").type) == "timestamp[ns, tz=UTC]"


async def test_arrow_of_several_pages_is_one_stream() -> None:
    table = pa.ipc.open_stream(b"".join(await _streamed(PAGES, Format.ARROW))).read_all()
    assert _of_table(table) == _expected(PAGES)


@pytest.mark.parametrize("kind", [Format.CSV, Format.ARROW, Format.PARQUET])
async def test_what_has_no_rows_has_its_columns(kind: Format) -> None:
    body = b"".join(await _streamed([_page(["a"], 0)], kind))
    if kind is Format.CSV:
        names = next(csv.reader(io.StringIO(body.decode())))
    elif kind is Format.ARROW:
        names = pa.ipc.open_stream(body).read_all().column_names
    else:
        names = pq.read_table(io.BytesIO(body)).column_names
    assert names == ["device", "quantity", "unit", "time", "value", "flag", "why"]


async def test_a_huge_page_is_exact_at_its_ends() -> None:
    page = _page(["a", "b"], 150_000)
    body = b"".join(await _streamed([page], Format.PARQUET))
    table = pq.read_table(io.BytesIO(body))
    assert len(table) == 300_000
    last = _of_table(table.slice(299_999))
    assert last == _expected([ColumnPage(page.table.slice(299_999), page.names, "", 0, 0, None)])
    many = json.loads(json_columns(page, "ts"))["series"]
    assert [len(one["value"]) for one in many] == [150_000, 150_000]


@pytest.mark.parametrize("pair", [(0, 1), (-(10**18), 10**18), (T0, T0 + 1)])
def test_a_cursor_is_read_back(pair: tuple[int, int]) -> None:
    cursor = cursor_of(*pair)
    assert cursor is not None
    assert from_cursor(cursor) == pair
    assert cursor_of(None, 5) is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "====", "天", "kgE", "gA", "kwECAw", "ks__________zw", "ks_______8_PfoAAAAAAAAA"]
)
def test_a_strangers_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever
        from_cursor(cursor)
