"""One process's part of the truth, streamed into Parquet: memory holds one row group a file, however long the run.

    measured-N.parquet   what each device really measured
    sent-N.parquet       each reading of each publication as sent; a publication that carries none has one row, with
                         quantity, ts and value null

Files are complete when closed: Parquet has its index at the end.
"""

import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from device_sims.fleet.message import Message
from device_sims.kinds import Reading

__all__ = ["MEASURED", "SENT", "TruthWriter"]

ROW_GROUP = 16_384
"""Rows; some 15 ms to write, and a device's messages wait for no longer."""

MEASURED = pa.schema([
    ("device", pa.string()), ("profile", pa.string()), ("quantity", pa.string()), ("ts", pa.int64()),
    ("value", pa.float64()),
])  # fmt: skip
"""`ts` UTC ns by a clock that is right; `value` in the canonical unit, null where there was nothing to measure."""

SENT = pa.schema([
    ("device", pa.string()), ("profile", pa.string()), ("topic", pa.string()), ("sequence", pa.int64()),
    ("message", pa.int64()), ("quantity", pa.string()), ("ts", pa.int64()), ("value", pa.float64()),
    ("fault", pa.string()), ("due", pa.int64()), ("sent_at", pa.int64()), ("acked_at", pa.int64()),
    ("crc", pa.uint32()),
])  # fmt: skip
"""`sequence` the device's own number; `message` counts this part's publications; `ts` UTC ns and `value` (canonical
unit) as the payload carries them; `fault` names joined by `+`; `due` city time; `sent_at` and `acked_at` system time,
null where the broker didn't acknowledge it; `crc` CRC-32 of the payload."""


class TruthWriter:
    """Writes part `part` of the run in `folder`."""

    def __init__(self, folder: Path, part: int) -> None:
        self._measured = _Rows(folder / f"measured-{part}.parquet", MEASURED)
        self._sent = _Rows(folder / f"sent-{part}.parquet", SENT)
        self._published = 0
        self._last: tuple[Reading, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Make the files complete. Idempotent."""
        for rows in (self._measured, self._sent):
            rows.close()

    def measured(self, message: Message) -> None:
        """Note what a message of the schedule was made of; its copy, right behind it, was measured no second time."""
        if message.measured is self._last:
            return
        self._last = message.measured
        self._measured.add([(message.device, message.profile, *reading) for reading in message.measured])

    def sent(self, message: Message, sent_at: int, acked_at: int | None) -> None:
        """Note a publication; times are system ns."""
        start = (message.device, message.profile, message.topic, message.sequence, self._published)
        end = (message.fault, message.due, sent_at, acked_at, zlib.crc32(message.payload))
        self._published += 1
        self._sent.add([(*start, *reading, *end) for reading in message.readings or ((None, None, None),)])


class _Rows:
    """A Parquet file that rows are added to."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self._waiting += rows
        if len(self._waiting) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        if self._file.is_open:
            self._file.close()

    def _flush(self) -> None:
        columns = zip(*self._waiting, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._file.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._waiting = []
