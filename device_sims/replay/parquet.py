"""Parquet: one column of times (timestamp type, or a known name), the other columns that are numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from device_sims.replay.delimited import TIME_NAMES
from device_sims.replay.table import Row, Table

__all__ = ["MAGIC", "open_parquet"]

MAGIC = b"PAR1"
_BATCH = 4096
_TO_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}


def open_parquet(path: Path, time_column: str = "") -> Table:
    """The table.

    Raises:
        ValueError: the file is damaged, or which column is the time can't be told.
    """
    try:
        schema: Any = parquet.read_schema(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no whole Parquet file: {error}") from error
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    if not times:
        times = [f.name for f in schema if f.name.lower() in TIME_NAMES and pa.types.is_integer(f.type)]
    name = time_column or (times[0] if times else "")
    if name not in schema.names:
        raise ValueError(f"{path} has no column of times; name one by --time-column: {', '.join(schema.names)}")
    kind: Any = schema.field(name).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)):
        raise ValueError(f"column {name} of {path} is {kind}; a time is a timestamp, or whole unix nanoseconds")
    names = tuple(f.name for f in schema if f.name != name and _is_number(f.type))
    local = pa.types.is_timestamp(kind) and kind.tz is None
    factor = _TO_NS[kind.unit] if pa.types.is_timestamp(kind) else 1
    return Table(path, "Parquet", names, local, lambda: _rows(path, name, names, factor))


def _rows(path: Path, time: str, names: tuple[str, ...], factor: int) -> Iterator[Row]:
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=[time, *names]):
            # by name: a file gives its columns in its own order
            columns = [batch.column(name).cast(pa.float64()).to_pylist() for name in names]
            stamps = batch.column(time).cast(pa.int64()).to_pylist()
            for ts, *values in zip(stamps, *columns, strict=True):
                if ts is None:
                    raise ValueError(f"{path} has a row without a time")
                yield ts * factor, tuple(None if v is None or v != v else v for v in values)  # noqa: PLR0124 - NaN


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
