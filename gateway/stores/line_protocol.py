"""Lines of InfluxDB's protocol from columns, with no Python per row.

    loop-detector,device=D1 speed=42.5,flow=610,flag=1i 1700000000000000000
    loop-detector,device=D2 speed=190,speed_flag=4i,speed_why=1i,flow=600,flag=4i 1700000000000000000
    loop-detector,device=D3 speed_flag=9i,speed_why=2i,flag=9i 1700000000000000000
    loop-detector_1m,device=D1 speed_count=6i,speed_good=1,speed_min=40.1,...,speed_revision=0i 1699999980000000000

pyarrow casts whole columns to text, `take` brings the prebuilt keys and names, and one element-wise join makes the
lines; its data buffer is the request's body.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gateway.stores.line_names import LineNames
from gateway.stores.line_rows import Rows
from gateway.stores.line_text import float_text, int_text, step_label
from processors.columns import STATS, AggregateBatch
from processors.flags import Flag

__all__ = ["SEVERITY", "Lines", "aggregate_lines", "reading_lines", "severity"]

_BY_SEVERITY = (Flag.MISSING, Flag.UNKNOWN, Flag.GOOD, Flag.SUSPECT, Flag.FAIL)
SEVERITY: NDArray[np.uint8] = np.ones(256, np.uint8)
"""Rank of each flag, the worst highest, as `processors.flags` orders them; what is no flag counts as unknown."""
SEVERITY[[int(flag) for flag in _BY_SEVERITY]] = range(len(_BY_SEVERITY))

_LINE_FLAGS = pa.array([b",flag=%di " % flag for flag in _BY_SEVERITY], pa.binary())


@dataclass(frozen=True, slots=True)
class Lines:
    """Ready lines, each with its newline, and what is needed to say which point a line was."""

    text: pa.BinaryArray
    owner: NDArray[np.int32]
    ts: NDArray[np.int64]
    readings: NDArray[np.int64]
    """How many readings go with each line; 0 for aggregates and for verdicts on stored readings."""

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: NDArray[Any]) -> "Lines":
        """The chosen lines, in the order of `which`."""
        return Lines(self.text.take(pa.array(which)), self.owner[which], self.ts[which], self.readings[which])

    def body(self) -> memoryview:
        """The lines as one run of bytes, without a copy."""
        if not len(self):
            return memoryview(b"")
        offsets = self._offsets()
        return memoryview(self.text.buffers()[2])[offsets[0] : offsets[-1]]

    def split(self, most: int) -> list["Lines"]:
        """Runs of at most that many lines, without a copy."""
        parts = [slice(low, low + most) for low in range(0, len(self), most)]
        return [Lines(self.text[part], self.owner[part], self.ts[part], self.readings[part]) for part in parts]

    def _offsets(self) -> NDArray[np.int32]:
        offsets = np.frombuffer(self.text.buffers()[1], np.int32)
        return offsets[self.text.offset : self.text.offset + len(self) + 1]


def severity(rows: Rows) -> NDArray[np.uint8]:
    """The rank of each line's worst flag, as far as the rows tell."""
    worst: NDArray[np.uint8] = np.maximum.reduceat(SEVERITY[rows.flag], rows.starts) if len(rows.ts) else rows.flag
    return worst


def reading_lines(rows: Rows, worst: NDArray[np.uint8], names: LineNames) -> Lines:
    """One line a (device, time). `worst` is the rank of each line's `flag` (`severity`)."""
    first = rows.starts
    owner, ts = names.owner[rows.series[first]], rows.ts[first]
    groups = pa.ListArray.from_arrays(pa.array(np.append(first, len(rows.ts)).astype(np.int32)), _fields(rows, names))
    text = pc.binary_join_element_wise(
        names.keys.take(pa.array(owner)),
        pc.binary_join(groups, b","),
        _LINE_FLAGS.take(pa.array(worst)),
        int_text(ts),
        b"\n",
        b"",
    )
    new = np.add.reduceat(~rows.verdict_only, first, dtype=np.int64) if len(first) else first
    return Lines(text, owner, ts, new)


def _fields(rows: Rows, names: LineNames) -> pa.BinaryArray:
    """Each row's part of its line: the value where it has one, flag and why where they say something."""
    field = names.field[rows.series]
    valued = np.isfinite(rows.value)
    # a flag says something where it is not good, and where a rewrite made it good again
    odd = (rows.flag != Flag.GOOD) | (rows.why != 0) | rows.rewritten | ~valued
    some_odd = bool(odd.any())
    value = np.where(valued, rows.value, 0.0) if some_odd else rows.value
    plain = pc.binary_join_element_wise(names.values.take(pa.array(field)), float_text(value), b"")
    if not some_odd:
        return plain
    at = np.flatnonzero(odd)
    name = names.names.take(pa.array(field[at]))
    verdict = [name, b"_flag=", int_text(rows.flag[at]), b"i,", name, b"_why=", int_text(rows.why[at]), b"i"]
    alone = pc.binary_join_element_wise(*verdict, b"")
    with_value = pc.binary_join_element_wise(plain.take(pa.array(at)), alone, b",")
    return pc.replace_with_mask(plain, pa.array(odd), pc.if_else(pa.array(valued[at]), with_value, alone))


def aggregate_lines(batch: AggregateBatch, names: LineNames) -> Lines:
    """One line a (device, step, start) of the aggregates' newest revisions; `batch` holds one step only.

    A statistic that is NaN is left out: the reader takes what `count` 0 leaves out for NaN.
    """
    owner = names.owner[batch.series]
    order = np.lexsort((np.arange(len(batch)), batch.revision, batch.series, batch.start, owner))
    newest = np.ones(len(order), np.bool_)
    newest[:-1] = np.diff(batch.series[order]).astype(bool) | np.diff(batch.start[order]).astype(bool)
    batch = batch.take(order[newest])
    owner = names.owner[batch.series]
    first = np.flatnonzero(np.diff(owner, prepend=-1).astype(bool) | np.diff(batch.start, prepend=-1).astype(bool))
    groups = pa.ListArray.from_arrays(
        pa.array(np.append(first, len(batch)).astype(np.int32)), _statistics(batch, names.field[batch.series], names)
    )
    owner, start = owner[first], batch.start[first]
    label = b"_" + step_label(int(batch.step[0])).encode() if len(batch) else b""
    which = pa.array(owner)
    text = pc.binary_join_element_wise(
        names.measurements.take(which), label, names.tags.take(which), pc.binary_join(groups, b","),
        b" ", int_text(start), b"\n", b"",
    )  # fmt: skip
    return Lines(text, owner, start, np.zeros(len(start), np.int64))


def _statistics(batch: AggregateBatch, field: NDArray[np.int32], names: LineNames) -> pa.BinaryArray:
    name = names.names.take(pa.array(field))
    parts = [pc.binary_join_element_wise(name, b"_count=", int_text(batch.count), b"i", b"")]
    for stat in STATS[1:]:
        values: NDArray[np.float64] = getattr(batch, stat)
        finite = np.isfinite(values)
        text = pc.if_else(pa.array(finite), float_text(np.where(finite, values, 0.0)), pa.scalar(None, pa.binary()))
        parts.append(pc.binary_join_element_wise(b",", name, f"_{stat}=".encode(), text, b""))
    parts.append(pc.binary_join_element_wise(b",", name, b"_revision=", int_text(batch.revision), b"i", b""))
    return pc.binary_join_element_wise(*parts, b"", null_handling="replace", null_replacement=b"")
