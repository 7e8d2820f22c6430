"""Accepted readings with the message that brought each: what conditions judge.

Readings of one message are one statement of a device, those of two are two, at one time or not. Whoever joins readings
of a device goes by the message: which messages share a call is chance.
"""

from dataclasses import dataclass
from typing import ClassVar

from processors.columns import I64, ReadingBatch

__all__ = ["Brought"]


@dataclass(frozen=True, slots=True)
class Brought(ReadingBatch):
    """Readings; `message` is the offset of the row that brought each."""

    DTYPES: ClassVar[dict[str, str]] = {**ReadingBatch.DTYPES, "message": "int64"}
    message: I64

    @classmethod
    def by(cls, batch: ReadingBatch, message: I64) -> "Brought":
        """The same columns, not copied, and one more."""
        return cls(batch.series, batch.ts, batch.value, batch.flag, batch.why, message)
