"""What goes into a profile's pass and what comes out of it: messages, candidate readings, what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.sparkplug import Outcome
from gateway.rows import Rows
from processors.columns import F64, I32, I64, U8, U32

__all__ = ["Came", "Candidates", "Observed", "flatten"]

Mask = NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Came:
    """The messages of one profile in a call; all but `rows` have an entry a message."""

    rows: Rows
    """All of the call; a replayed one as it first came."""
    places: I32
    """Which of the rows they are."""
    topics: list[str]
    payloads: list[bytes]
    routes: I32
    received: I64
    """When it came in."""
    stamp: I64
    """The same, but of a replayed one when it first came: that stamps it."""
    replays: bool
    """Some of the call's rows may be replayed ones."""
    outcomes: list[Outcome] | None = None
    """What its edge node's session made of each (Sparkplug); None: there are no sessions."""


@dataclass(slots=True)
class Candidates:
    """Readings that passed the gate, record by record, an array a column; `row` indexes the call's rows."""

    row: I32
    device: I32
    series: I32
    ts: I64
    value: F64
    flag: U8
    why: U32

    @classmethod
    def concat(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """All of `parts`, in order; there is at least one."""
        if len(parts) == 1:
            return parts[0]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(slots=True)
class Observed:
    """What moves watermarks: lane, event and receipt time of each record, whether and how its device's clock counts."""

    lane: I32
    ts: I64
    received_at: I64
    steady: Mask
    usual: I64
    """How late this device's readings usually come, in ns."""


def flatten(valued: NDArray[np.bool_], *columns: NDArray[Any]) -> Candidates:
    """Readings record by record: one-dimensional columns are a record's, two-dimensional ones a reading's."""
    width = valued.shape[1]
    everything = bool(valued.all())
    which = valued.ravel()

    def flat(column: NDArray[Any]) -> NDArray[Any]:
        full = np.repeat(column, width) if column.ndim == 1 else np.ascontiguousarray(column).ravel()
        return full if everything else full[which]

    return Candidates(*(flat(column) for column in columns))
