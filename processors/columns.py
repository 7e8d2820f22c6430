"""The columns that cross seams: readings, aggregates, flag rewrites and dirty panes, as numpy arrays of equal length.

`series` is a private int32 index of one engine and its outbox; the lasting name of a series is (device, quantity).
Times are UTC nanoseconds (int64), windows are [start, end).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["STATS", "AggregateBatch", "Columns", "DirtyPanes", "FlagRewrites", "ReadingBatch"]

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]

STATS = ("count", "good", "min", "max", "mean", "twmean", "std", "first", "last", "p50", "p95")
"""The statistics of an aggregate, in the order in which stores and commands show them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Base of the column batches: equal length, one dtype a column (`DTYPES`)."""

    DTYPES: ClassVar[dict[str, str]] = {}

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.DTYPES))))

    @classmethod
    def empty(cls) -> Self:
        """A batch of no rows."""
        return cls(**{name: np.empty(0, dtype) for name, dtype in cls.DTYPES.items()})

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All rows of `parts`, in order."""
        full = [part for part in parts if len(part)]
        if not full:
            return cls.empty()
        if len(full) == 1:
            return full[0]
        return cls(**{name: np.concatenate([getattr(part, name) for part in full]) for name in cls.DTYPES})

    def take(self, which: NDArray[Any]) -> Self:
        """The rows that `which` (indices or a mask) chooses."""
        return type(self)(**{name: getattr(self, name)[which] for name in self.DTYPES})

    def part(self, which: slice) -> Self:
        """Rows side by side, as views: not to be written to."""
        return type(self)(**{name: getattr(self, name)[which] for name in self.DTYPES})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns by name."""
        return {name: getattr(self, name) for name in self.DTYPES}

    @classmethod
    def of(cls, **columns: Any) -> Self:
        """Build from anything array-like; casts each column to its dtype."""
        return cls(**{name: np.ascontiguousarray(columns[name], dtype=dtype) for name, dtype in cls.DTYPES.items()})


@dataclass(frozen=True, slots=True)
class ReadingBatch(Columns):
    """Readings: `value` in the canonical unit (NaN exactly where `flag` is 9), `flag` QARTOD, `why` bits of `Why`."""

    DTYPES: ClassVar[dict[str, str]] = {
        "series": "int32",
        "ts": "int64",
        "value": "float64",
        "flag": "uint8",
        "why": "uint32",
    }
    series: I32
    ts: I64
    value: F64
    flag: U8
    why: U32


@dataclass(frozen=True, slots=True)
class FlagRewrites(Columns):
    """New verdicts on stored readings: (series, ts) gets `flag` and `why`; the value stays."""

    DTYPES: ClassVar[dict[str, str]] = {"series": "int32", "ts": "int64", "flag": "uint8", "why": "uint32"}
    series: I32
    ts: I64
    flag: U8
    why: U32


@dataclass(frozen=True, slots=True)
class AggregateBatch(Columns):
    """One row a (series, step, start, revision).

    `step` is the window's nominal length in seconds (10, 60, 900, 3600, 86400); 86400 is the local day, which may last
    23 or 25 hours. `count` counts the readings used (a value, flag below FAIL); `good` is the share of all readings of
    the window that are flagged good or not evaluated. Where `count` is 0 the other statistics are NaN.
    """

    DTYPES: ClassVar[dict[str, str]] = {
        "series": "int32", "step": "int32", "start": "int64", "revision": "int32", "count": "int64", "good": "float64",
        "min": "float64", "max": "float64", "mean": "float64", "twmean": "float64", "std": "float64",
        "first": "float64", "last": "float64", "p50": "float64", "p95": "float64",
    }  # fmt: skip
    series: I32
    step: I32
    start: I64
    revision: I32
    count: I64
    good: F64
    min: F64
    max: F64
    mean: F64
    twmean: F64
    std: F64
    first: F64
    last: F64
    p50: F64
    p95: F64


@dataclass(frozen=True, slots=True)
class DirtyPanes(Columns):
    """Ranges [start, end) of a series whose emitted windows of `step` seconds and longer must be computed again.

    `watermark` is the lane's when the mark was made: windows that end after it were still open.
    """

    DTYPES: ClassVar[dict[str, str]] = {
        "series": "int32",
        "step": "int32",
        "start": "int64",
        "end": "int64",
        "watermark": "int64",
    }
    series: I32
    step: I32
    start: I64
    end: I64
    watermark: I64
