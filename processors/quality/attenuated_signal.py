"""Attenuated signal: does a series still move as much as its signal always does?

    value  | .'.  .'.   .                          one window of `period` seconds, made of 4 parts
           |'   '.   '.' '.................
           +---|-----|-----|-----|-----|---o-       o is judged by the 4 parts that had closed before it
               |<------- window ------>|

The spread (standard deviation, or max - min) of the last four closed parts, each a quarter of `period` and aligned to
time 0 UTC, is what readings of the part after them are judged by. So a verdict is at most a quarter of `period` old,
and a few numbers a part are all that is kept.

Source: QARTOD attenuated signal test (IOOS Manual for Real-Time Quality Control, test 10; number from memory); spread
and thresholds as in ioos_qc `attenuated_signal_test` (commit 9c1853a), whose window ends with each reading, and which
judges a window of one reading.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, U32
from processors.flags import Why
from processors.quality.moments import Moments, Stretches, add_in_place
from processors.quality.previous import NEVER, Mask, Ordered, Rows
from processors.quality.state import AskedState
from processors.quality.verdict import Limit, is_set, verdict

__all__ = ["PARTS", "AttenuatedSignal", "attenuated_signal"]

PARTS: Final = 4
"""Parts of a window."""
_SECOND = 1e9
_SUMS = ("count", "origin", "total", "square")


def attenuated_signal(
    spread: F64, count: I64, missing: Mask, suspect: Limit, fail: Limit, least: int | I64 | F64
) -> tuple[U8, U32]:
    """Flag each reading that follows a window whose spread is below a threshold.

    Parameters
    ----------
    spread : (n,), of the window before each reading, in the unit of the value (see `AttenuatedSignal`).
    count : (n,), values in that window.
    missing : (n,), where the reading has no value.
    suspect, fail : the least spread of a live signal; NaN where there is none. They broadcast.
    least : values without which a window says nothing.

    Returns
    -------
    flag, why : (n,). UNKNOWN where the window holds too few values or there is no threshold.

    Examples
    --------
    >>> spread, count = np.array([0.5, 0.1, 0.0, 0.0]), np.array([9, 9, 9, 2])
    >>> attenuated_signal(spread, count, np.zeros(4, bool), suspect=0.2, fail=0.05, least=3)[0].tolist()
    [1, 3, 4, 2]
    """
    known = (count >= least) & ~np.isnan(spread) & is_set(suspect, fail)
    return verdict(known, spread < suspect, spread < fail, missing, Why.ATTENUATED_SIGNAL)


class AttenuatedSignal:
    """The window of each series that asked for it: 248 bytes, 4 for one that did not."""

    def __init__(self) -> None:
        self._state = AskedState(
            {
                "length": ("int64", 0, 0),
                "open_part": ("int64", 0, NEVER),
                "open_count": ("uint32", 0, 0),
                **{f"open_{name}": ("float64", 0, 0.0) for name in ("origin", "total", "square")},
                **{f"open_{name}": ("float64", 0, np.nan) for name in ("low", "high")},
                "spread": ("float64", 0, np.nan),
                "spread_count": ("uint32", 0, 0),
                "part": ("int64", PARTS, NEVER),
                "count": ("uint32", PARTS, 0),
                **dict.fromkeys(("mean", "squares", "low", "high"), ("float64", PARTS, np.nan)),
            }
        )

    def grow(self, n: int) -> None:
        """Know `n` series."""
        self._state.grow(n)

    def ask(self, series: Rows) -> None:
        """Follow `series` (distinct) from now on."""
        self._state.ask(series)

    def update(self, ordered: Ordered, period: Limit, by_range: bool | Mask) -> tuple[F64, I64]:
        """Add the readings (n,), all of series that asked; the spread and count of the window before each of them.

        `period` (s, above 0) and `by_range` (max - min instead of the standard deviation) broadcast to the readings.
        """
        n = len(ordered)
        if not n:
            return np.empty(0), np.empty(0, np.int64)
        rows, begin = self._state.rows, ordered.begin
        slot = self._state.slot(ordered.series[begin])
        length = np.broadcast_to(np.maximum(np.asarray(period) * _SECOND / PARTS, 1.0), n).astype(np.int64)
        other = rows["length"][slot] != length[begin]
        if other.any():  # parts of another length are no parts of this window
            rows.reset(slot[other])
            rows["length"][slot] = length[begin]
        part = ordered.ts // length
        new = np.empty(n, np.bool_)
        new[1:] = part[1:] != part[:-1]
        new[begin] = part[begin] != rows["open_part"][slot]
        if not new.all() and ordered.head.all():
            return self._one_each(ordered, slot, new, np.broadcast_to(period, n), np.broadcast_to(by_range, n))
        at = Stretches.where(new, ordered.head)

        of_series = np.repeat(np.arange(len(begin)), at.last - at.first + 1)
        parts = np.empty(at.count, np.int64)
        parts[at.first] = rows["open_part"][slot]
        parts[at.of[at.begun]] = part[at.begun]
        low, high = np.full(at.count, np.nan), np.full(at.count, np.nan)
        low[at.first], high[at.first] = rows["open_low"][slot], rows["open_high"][slot]
        sums = Moments.empty(at.count)
        for name in _SUMS:
            getattr(sums, name)[at.first] = rows[f"open_{name}"][slot]
        usable = np.isfinite(ordered.value)
        stretch, value = at.of[usable], ordered.value[usable]
        sums.add(stretch, value)
        np.fmin.at(low, stretch, value)
        np.fmax.at(high, stretch, value)

        # what the open part is judged by is known; only series with a new part need their windows
        spread, count = np.empty(at.count), np.empty(at.count, np.int64)
        spread[at.first], count[at.first] = rows["spread"][slot], rows["spread_count"][slot]
        went_on = at.last > at.first
        chosen = went_on[of_series]
        if chosen.any():
            closed = {"part": parts, "count": sums.count, "mean": sums.mean(), "squares": sums.squares()}
            columns = {name: column[chosen] for name, column in (closed | {"low": low, "high": high}).items()}
            ranged = np.broadcast_to(by_range, n)[begin][of_series[chosen]]
            size = (at.last - at.first + 1)[went_on]
            spread[chosen], count[chosen] = self._windows(slot[went_on], size, columns, ranged)

        for name, column in {"part": parts, "low": low, "high": high}.items():
            rows[f"open_{name}"][slot] = column[at.last]
        for name in _SUMS:
            rows[f"open_{name}"][slot] = getattr(sums, name)[at.last]
        rows["spread"][slot], rows["spread_count"][slot] = spread[at.last], count[at.last]
        return spread[at.of], count[at.of]

    def _one_each(self, ordered: Ordered, slot: I32, new: Mask, period: F64, by_range: Mask) -> tuple[F64, I64]:
        """The same where no series has two readings, as mostly: those that begin no part only add to theirs."""
        rows = self._state.rows
        usable = ~new & np.isfinite(ordered.value)
        at, value = slot[usable], ordered.value[usable]
        add_in_place(rows, "open_", at, value)
        rows["open_low"][at] = np.fmin(rows["open_low"][at], value)
        rows["open_high"][at] = np.fmax(rows["open_high"][at], value)
        spread, count = rows["spread"][slot], rows["spread_count"][slot].astype(np.int64)
        if new.any():
            spread[new], count[new] = self.update(ordered.rows(new), period[new], by_range[new])
        return spread, count

    def _windows(self, slot: I32, size: I64, parts: dict[str, NDArray[Any]], by_range: Mask) -> tuple[F64, I64]:
        """Spread and count of the window before each of `parts` (k,), `size` of them a series; keeps the last windows.

        In a line lie, of each series, the PARTS that were kept and then those that came: the last of them is open.
        """
        rows, k = self._state.rows, int(size.sum())
        place = np.arange(k) + PARTS * (np.repeat(np.arange(len(size)), size) + 1)
        begin = np.cumsum(size) - size
        kept = (place[begin] - PARTS)[:, None] + np.arange(PARTS)
        window = place[:, None] - np.arange(PARTS, 0, -1)
        before: dict[str, NDArray[Any]] = {}
        for name, column in parts.items():
            line = np.empty(k + kept.size, column.dtype)
            line[kept], line[place] = rows[name][slot], column
            before[name] = line[window]
            rows[name][slot] = before[name][begin + size - 1]
        return _spread(before, parts["part"], by_range)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state's columns."""
        return self._state.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`."""
        self._state.restore(state)


def _spread(window: dict[str, NDArray[Any]], parts: I64, by_range: Mask) -> tuple[F64, I64]:
    """Spread and count of windows (k, PARTS) that come before `parts` (k,); what is older than a window is left out."""
    inside = (window["part"] >= np.maximum(parts, NEVER + PARTS)[:, None] - PARTS) & (window["count"] > 0)
    count = np.where(inside, window["count"], 0)
    total = count.sum(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        share = count / np.where(total, total, 1)[:, None]
        mean = _summed(np.where(inside, share * window["mean"], 0.0))
        squares = np.where(inside, window["squares"] + count * (window["mean"] - mean[:, None]) ** 2, 0.0)
        deviation = np.sqrt(_summed(squares) / np.where(total, total, np.nan))
        high = np.fmax.reduce(np.where(inside, window["high"], np.nan), axis=1)
        low = np.fmin.reduce(np.where(inside, window["low"], np.nan), axis=1)
        return np.where(by_range, high - low, deviation), total


def _summed(column: F64) -> F64:
    """The sum over the parts, in their order: numpy's own depends on the shape."""
    total = column[:, 0]
    for part in range(1, PARTS):
        total = total + column[:, part]
    return total
