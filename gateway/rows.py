"""Rows of the inbox: everything that changes an engine is one of these.

One at a time it is a `Row`; in bulk they stand in columns: a `Run` is rows of one kind, source and flags, `Rows` is
runs in order. Both say the same: `Rows` is a sequence of `Row`. Where a run ends says nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import accumulate
from operator import index
from typing import SupportsIndex, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["DUP", "NO_MESSAGE", "QOS1", "RETAIN", "Row", "RowKind", "Rows", "Run"]

RETAIN = 1
"""Bit of `Row.flags`: the broker delivered it as a retained message."""
DUP = 2
"""Bit of `Row.flags`: the broker said that it sent it before."""
QOS1 = 4
"""Bit of `Row.flags`: came at QoS 1, so a PUBACK is owed."""
NO_MESSAGE = 8
"""Bit of `Row.flags` of a LOST row: nothing that the ledger still waits for."""


class RowKind(IntEnum):
    """What a row carries."""

    MESSAGE = 0
    """An MQTT publication, as received."""
    REPLAY = 1
    """A dead letter brought back: payload = msgpack [first received_at, payload]; topic is the original one."""
    CONFIG = 2
    """The whole configuration of the engines as canonical JSON; topic is its digest."""
    ACT = 3
    """An operator's act as JSON; topic names it."""
    REPORT = 4
    """A citizen's report, or what becomes of one, as JSON; topic is `add` or `advance`."""
    CLOSE = 5
    """Nothing more comes of any lane up to an event time: payload = msgpack of it, UTC ns. Ends a recording."""
    LOST = 6
    """Stands where a row was that damage took; written by `cityloom journal salvage` only. `source` as it was."""


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One row; its offset is its place in the inbox and stands beside it.

    received_at: UTC ns by the clock, strictly increasing over the inbox. source: which connection (0..255).
    """

    received_at: int
    kind: int
    source: int
    flags: int
    topic: str
    payload: bytes


class Run(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Rows of one kind, source and flags; at least one. `received_at`: of the first, where each comes 1 ns after the
    one before it, else of each. Nobody may change the lists."""

    received_at: int | list[int]
    kind: int
    source: int
    flags: int
    topics: list[str]
    payloads: list[bytes]

    def __len__(self) -> int:
        return len(self.topics)

    @property
    def first_at(self) -> int:
        """`received_at` of the first row."""
        at = self.received_at
        return at if isinstance(at, int) else at[0]

    @property
    def last_at(self) -> int:
        """`received_at` of the last row."""
        at = self.received_at
        return at + len(self.topics) - 1 if isinstance(at, int) else at[-1]

    def stamps(self) -> Sequence[int]:
        """`received_at` of each."""
        at = self.received_at
        return range(at, at + len(self.topics)) if isinstance(at, int) else at

    def part(self, start: int, stop: int) -> "Run":
        """Its rows from `start` to `stop`, both within it."""
        if not start and stop == len(self.topics):
            return self
        at = self.received_at
        stamps = at + start if isinstance(at, int) else at[start:stop]
        return Run(stamps, self.kind, self.source, self.flags, self.topics[start:stop], self.payloads[start:stop])


class Rows(Sequence[Row]):
    """Runs in order, read as the rows that they are."""

    __slots__ = ("_ends", "_received", "runs")

    def __init__(self, runs: Sequence[Run] = ()) -> None:
        self.runs = runs
        self._ends = list(accumulate([len(run.topics) for run in runs]))
        self._received: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Rows":
        """The same rows in columns."""
        if isinstance(rows, Rows):
            return rows
        runs: list[Run] = []
        begin = 0
        for k in range(1, len(rows) + 1):
            if k == len(rows) or _sort_of(rows[k]) != _sort_of(rows[begin]):
                part = rows[begin:k]
                stamps = [row.received_at for row in part]
                dense = stamps[-1] - stamps[0] == len(stamps) - 1 and stamps == list(range(stamps[0], stamps[-1] + 1))
                topics, payloads = [row.topic for row in part], [row.payload for row in part]
                runs.append(Run(stamps[0] if dense else stamps, *_sort_of(part[0]), topics, payloads))
                begin = k
        return cls(runs)

    @classmethod
    def joined(cls, parts: Iterable["Rows"]) -> "Rows":
        """All of them, one after the other."""
        return cls([run for part in parts for run in part.runs])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, which: SupportsIndex) -> Row: ...
    @overload
    def __getitem__(self, which: slice) -> "Rows": ...
    def __getitem__(self, which: SupportsIndex | slice) -> "Row | Rows":
        if isinstance(which, slice):
            start, stop, step = which.indices(len(self))
            if step != 1:
                return Rows.of([self[k] for k in range(start, stop, step)])
            return self._part(start, stop)
        place = index(which)
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError("no such row")
        number = bisect_right(self._ends, place)
        run = self.runs[number]
        k = place - (self._ends[number] - len(run))
        return Row(run.stamps()[k], run.kind, run.source, run.flags, run.topics[k], run.payloads[k])

    def __iter__(self) -> Iterator[Row]:
        for run in self.runs:
            kind, source, flags = run.kind, run.source, run.flags
            for at, topic, payload in zip(run.stamps(), run.topics, run.payloads, strict=True):
                yield Row(at, kind, source, flags, topic, payload)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have none

    def __repr__(self) -> str:
        return f"Rows({list(self)!r})"

    def _part(self, start: int, stop: int) -> "Rows":
        runs: list[Run] = []
        at = 0
        for run, end in zip(self.runs, self._ends, strict=True):
            first, last = max(start, at), min(stop, end)
            if first < last:
                runs.append(run.part(first - at, last - at))
            at = end
        return Rows(runs)

    # ---- columns ----

    @property
    def kinds(self) -> set[int]:
        """Those that there are among them."""
        return {run.kind for run in self.runs}

    @property
    def payload_bytes(self) -> int:
        """Of all payloads together."""
        return sum([sum(map(len, run.payloads)) for run in self.runs])

    def topics(self) -> list[str]:
        """Of each row."""
        out: list[str] = []
        for run in self.runs:
            out += run.topics
        return out

    def payloads(self) -> list[bytes]:
        """Of each row."""
        out: list[bytes] = []
        for run in self.runs:
            out += run.payloads
        return out

    def received_at(self) -> NDArray[np.int64]:
        """Of each row, UTC ns. Nobody may change it."""
        if self._received is not None:
            return self._received
        ends = np.array(self._ends, np.int64)
        counts = self._counts()
        out: NDArray[np.int64] = np.arange(len(self)) + np.repeat(
            np.array([run.first_at for run in self.runs], np.int64) - (ends - counts), counts
        )
        for run, end in zip(self.runs, self._ends, strict=True):
            if isinstance(run.received_at, list):
                out[end - len(run) : end] = run.received_at
        out.flags.writeable = False
        self._received = out
        return out

    def each(self, figures: Sequence[int]) -> NDArray[np.int64]:
        """A figure of each run as one of each row: `rows.each([run.source for run in rows.runs])`."""
        return np.repeat(np.array(figures, np.int64), self._counts())

    def _counts(self) -> NDArray[np.int64]:
        return np.array([len(run.topics) for run in self.runs], np.int64)


def _sort_of(row: Row) -> tuple[int, int, int]:
    return row.kind, row.source, row.flags
