"""Readings and flag rewrites of a block, put together line by line: one line a (device, time), each quantity once.

Of the same reading twice the later one stands; a rewrite stands over the reading of its block. Records arrive with
their quantities side by side, so lines mostly are runs of rows; only rows whose line turns up again are sorted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.stores.keys import prints, repeated
from gateway.stores.line_names import LineNames
from processors.columns import FlagRewrites, ReadingBatch

__all__ = ["Rows", "line_rows"]


@dataclass(slots=True)
class Rows:
    """Rows in line order. `value` is not finite where there is none to write."""

    series: NDArray[np.int32]
    ts: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    why: NDArray[np.uint32]
    rewritten: NDArray[np.bool_]
    """Flag and why are the rewrite's, to be spelled out even where they are good."""
    verdict_only: NDArray[np.bool_]
    """A rewrite whose reading is not in this block."""
    starts: NDArray[np.int64]
    """First row of each line."""

    def columns(self) -> list[NDArray[Any]]:
        """The columns that are as long as there are rows."""
        return [self.series, self.ts, self.value, self.flag, self.why, self.rewritten, self.verdict_only]

    def take(self, rows: NDArray[Any]) -> list[NDArray[Any]]:
        """The chosen rows of every column."""
        return [column[rows] for column in self.columns()]

    def keep(self, which: NDArray[np.bool_], names: LineNames) -> "Rows":
        """The rows that `which` chooses; lines that lose all theirs are gone."""
        series, ts, value, flag, why, rewritten, verdict_only = self.take(which)
        starts = _starts(names.owner[series], ts)
        return Rows(series, ts, value, flag, why, rewritten, verdict_only, starts)

    def counts(self) -> NDArray[np.int64]:
        """Rows of each line."""
        return np.diff(self.starts, append=len(self.ts))


def line_rows(readings: ReadingBatch, rewrites: FlagRewrites, names: LineNames) -> Rows:
    """The block's rows in line order, no line's key twice and no series twice in a line."""
    rows = _of_readings(readings, names)
    lines = prints(names.owner[rows.series[rows.starts]], rows.ts[rows.starts])
    mixed = _unordered(rows)
    again = repeated(lines)
    if again is not None:
        mixed |= again
    if len(rewrites):
        mixed |= np.isin(lines, prints(names.owner[rewrites.series], rewrites.ts))
    elif not mixed.any():
        return rows
    return _settle(rows, np.repeat(mixed, rows.counts()), _of_rewrites(rewrites), names)


def _unordered(rows: Rows) -> NDArray[np.bool_]:
    """The lines whose series do not rise from row to row, so that one may be there twice."""
    falls = np.zeros(len(rows.ts), np.bool_)
    falls[1:] = rows.series[1:] <= rows.series[:-1]
    falls[rows.starts] = False
    line = np.zeros(len(rows.starts), np.bool_)
    if falls.any():
        line[np.searchsorted(rows.starts, np.flatnonzero(falls), "right") - 1] = True
    return line


def _of_readings(readings: ReadingBatch, names: LineNames) -> Rows:
    series, ts = readings.series, readings.ts
    no = np.zeros(len(ts), np.bool_)
    return Rows(series, ts, readings.value, readings.flag, readings.why, no, no, _starts(names.owner[series], ts))


def _of_rewrites(verdicts: FlagRewrites) -> Rows:
    count = len(verdicts)
    yes = np.ones(count, np.bool_)
    nothing = np.full(count, np.nan)
    none = np.empty(0, np.int64)
    return Rows(verdicts.series, verdicts.ts, nothing, verdicts.flag, verdicts.why, yes, yes, none)


def _starts(owner: NDArray[np.int32], ts: NDArray[np.int64]) -> NDArray[np.int64]:
    first = np.ones(len(ts), np.bool_)
    first[1:] = (owner[1:] != owner[:-1]) | (ts[1:] != ts[:-1])
    return np.flatnonzero(first)


def _settle(rows: Rows, mixed: NDArray[np.bool_], verdicts: Rows, names: LineNames) -> Rows:
    """Sort the `mixed` rows and the verdicts into lines; all other rows stay as they are, in front."""
    parts = [np.concatenate(pair) for pair in zip(rows.take(mixed), verdicts.columns(), strict=True)]
    series, ts, rewritten = parts[0], parts[1], parts[5]
    order = np.lexsort((rewritten, series, ts, names.owner[series]))
    series, ts, value, flag, why, rewritten, verdict_only = (part[order] for part in parts)
    # one run a key: its readings as they came, then its verdicts; the last row stands, with the last reading's value
    first = np.flatnonzero(np.diff(series, prepend=-1).astype(bool) | np.diff(ts, prepend=-1).astype(bool))
    last = np.append(first[1:], len(ts)) - 1
    readings = np.add.reduceat(~verdict_only, first, dtype=np.int64)
    value = np.where(readings > 0, value[first + np.maximum(readings, 1) - 1], np.nan)
    settled = [series[last], ts[last], value, flag[last], why[last], rewritten[last], readings == 0]
    series, ts, value, flag, why, rewritten, verdict_only = (
        np.concatenate(pair) for pair in zip(rows.take(~mixed), settled, strict=True)
    )
    starts = _starts(names.owner[series], ts)
    return Rows(series, ts, value, flag, why, rewritten, verdict_only, starts)
