"""Columns as people and programs take them: JSON, CSV, Arrow, Parquet; by Arrow's own code, no Python per row.

JSON has a column an array, series by series; the others have a row a (series, time), with names in words.
"""

import asyncio
import base64
import io
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from gateway.api.formats import Format
from gateway.api.times import within_reach
from gateway.link.pages import ColumnPage

__all__ = ["cursor_of", "from_cursor", "json_columns", "rows_table", "stream_rows"]

WORDS = ("device", "quantity", "unit")
"""Of the names of a series, in rows."""
_UTC_NS = pa.timestamp("ns", "UTC")


def json_columns(
    page: ColumnPage, time: str, *, unix_ms: bool = False, called: str = "series", **more: Any
) -> bytes:  # fmt: skip
    """A document: what is `called` so, each with its names and its columns as arrays; `more` beside it. `time`: its
    column.
    """
    table = page.table
    series = table["series"].to_numpy()
    edges = np.flatnonzero(np.diff(series, prepend=-1, append=-1)).tolist()
    columns = [name for name in table.column_names if name not in ("series", "step", time)]
    parts = []
    for begin, end in pairwise(edges):
        name = page.names[int(series[begin])]
        mine = table.slice(begin, end - begin)
        texts = {"time": _json_times(mine[time], unix_ms=unix_ms)} | {c: _json_array(mine[c]) for c in columns}
        parts.append(msgspec.json.encode({**_named(name), **texts}))
    out = {"start": _text(page.start), "end": _text(page.end), "store": page.store, **more}
    return msgspec.json.encode({called: msgspec.Raw(b"[%b]" % b",".join(parts)), **out})


def rows_table(page: ColumnPage, time: str, words: Sequence[str] = WORDS) -> pa.Table:
    """A row a (series, time), names in words: device, quantity, unit, time, then the other columns."""
    table = page.table
    series = table["series"].to_numpy()
    columns: dict[str, Any] = {
        word: pa.DictionaryArray.from_arrays(
            pa.array(series, pa.int32()), pa.array([getattr(name, word) for name in page.names], pa.string())
        )
        for word in words
    }
    columns["time"] = table[time].cast(_UTC_NS).combine_chunks()
    for name in table.column_names:
        if name not in ("series", time):
            columns[name] = _known(table[name])
    return pa.table(columns)


async def stream_rows(
    pages: AsyncIterable[ColumnPage], time: str, kind: Format, words: Sequence[str] = WORDS
) -> AsyncIterator[bytes]:  # fmt: skip
    """Page after page as one document of `kind` (not JSON); of an empty one the head."""
    writer: _Writer | None = None
    async for page in pages:
        table = await asyncio.to_thread(_plain_rows, page, time, words, kind)
        if writer is None:
            writer = await asyncio.to_thread(_Writer, kind, table.schema)
        yield await asyncio.to_thread(writer.take, table)
    if writer is not None:
        yield await asyncio.to_thread(writer.end)


def cursor_of(next_ns: int | None, end: int) -> str | None:
    """Where the next page begins, and where the question ends, as one opaque word."""
    if next_ns is None:
        return None
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((next_ns, end))).decode().rstrip("=")


def from_cursor(cursor: str) -> tuple[int, int]:
    """(next, end). Raises ValueError."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        begin, end = msgspec.msgpack.decode(base64.urlsafe_b64decode(padded), type=tuple[int, int])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    if not (within_reach(begin) and within_reach(end)):
        raise ValueError("out of reach")
    return begin, end


class _Sink(io.RawIOBase):
    """A file that can only grow, whose beginning is sent already: Parquet's footer says where row groups began."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, piece: Any) -> int:
        """Put it behind the rest."""
        self._pieces.append(bytes(piece))
        self._place += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        """Bytes so far, sent ones too."""
        return self._place

    def drained(self) -> bytes:
        """What has come since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Writer:
    """One document in pieces."""

    def __init__(self, kind: Format, schema: pa.Schema) -> None:
        self._sink = _Sink()
        self._writer: Any
        if kind is Format.CSV:
            self._writer = pc_csv.CSVWriter(self._sink, schema)
        elif kind is Format.ARROW:
            self._writer = pa.ipc.new_stream(self._sink, schema)
        else:
            self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd")

    def take(self, table: pa.Table) -> bytes:
        """What a page adds."""
        if table.num_rows:
            self._writer.write(table)
        return self._drained()

    def end(self) -> bytes:
        """What comes last."""
        self._writer.close()
        return self._drained()

    def _drained(self) -> bytes:
        return self._sink.drained()


def _plain_rows(page: ColumnPage, time: str, words: Sequence[str], kind: Format) -> pa.Table:
    return _plain(rows_table(page, time, words), texts=kind is Format.CSV)


def _plain(table: pa.Table, *, texts: bool) -> pa.Table:
    """Dictionaries differ from page to page; words don't. `texts`: times as RFC 3339, too."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(pa.string()))
    if texts:
        place = table.column_names.index("time")
        table = table.set_column(place, "time", _rfc3339(table["time"]))
    return table


def _known(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """NaN as null."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))


def _named(name: msgspec.Struct) -> dict[str, str]:
    return msgspec.structs.asdict(name)


def _json_array(column: pa.ChunkedArray) -> msgspec.Raw:
    """A JSON array of numbers; what is not known is null."""
    return _joined(pc.fill_null(pc.cast(_known(column), pa.string()), "null"))


def _json_times(column: pa.ChunkedArray, *, unix_ms: bool) -> msgspec.Raw:
    if unix_ms:
        return _joined(pc.cast(pc.divide(column, 1_000_000), pa.string()))
    return _joined(pc.binary_join_element_wise('"', _rfc3339(column), '"', ""))


def _rfc3339(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_replace_slice(pc.cast(column.cast(_UTC_NS), pa.string()), 10, 11, "T")


def _joined(texts: pa.ChunkedArray) -> msgspec.Raw:
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if not len(whole):
        return msgspec.Raw(b"[]")
    joined = pc.binary_join(pa.LargeListArray.from_arrays([0, len(whole)], whole), ",")
    return msgspec.Raw(b"[%b]" % joined[0].as_buffer().to_pybytes())


def _text(ns: int) -> str:
    return str(np.datetime64(ns, "ns")) + "Z"
