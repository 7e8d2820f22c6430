"""Data reception: which series have fallen silent?

    x  x  x  x  x                                        now
                |<-------- longer than allowed --------->|       silent, until a newer reading comes
    allowed = factor * usual interval, or `within` seconds if that is given (SenML's ut)

The usual interval is learned much as a remedian (Rousseeuw & Bassett 1990, from memory): the median of the last five
medians of five intervals each, so a gap, a short burst, or the odd reading out of turn does not show.

Source: QARTOD timing/gap test (IOOS Manual for Real-Time Quality Control, test 1; number from memory); ioos_qc
`data_reception_test` (commit 9c1853a) marks data older than a fixed time (6 h by default). SenML `ut`: RFC 8428, the
longest time until the next reading.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64
from processors.quality.previous import NEVER, Mask, Ordered, Rows
from processors.quality.state import State
from processors.quality.verdict import Limit
from processors.windows.order import sizes

__all__ = ["Reception", "silent"]

_FIVE: Final = 5
_SECOND = 1e9


def silent(now: int, newest: I64, usual: F64, factor: Limit, within: Limit, live_since: int = NEVER) -> Mask:
    """Which series have been silent for longer than they may be.

    Parameters
    ----------
    now : UTC ns.
    newest : (series,), time of the newest reading in UTC ns; NEVER where nothing was heard: that is not silence.
    usual : (series,), usual interval in seconds; NaN where it is not known.
    factor : how many usual intervals may pass; NaN where this is not asked.
    within : how many seconds may pass; goes before `factor`; NaN where this is not asked.
    live_since : silence counts from here on, for what was not listened to was not silent.

    Returns
    -------
    (series,). False where nothing is asked or known: unknown is not silent.

    Examples
    --------
    >>> s = 1_000_000_000
    >>> newest = np.array([990 * s, 100 * s, 100 * s, NEVER])
    >>> silent(1000 * s, newest, np.array([10.0, 10.0, np.nan, 10.0]), 3.0, np.nan).tolist()
    [False, True, False, False]
    """
    allowed = np.where(np.isnan(within), factor * usual, within)
    since = np.maximum(newest, live_since)
    known = newest != NEVER
    is_silent: Mask = known & ((now - np.where(known, since, now)) / _SECOND > allowed)
    return is_silent


class Reception:
    """Usual interval of each series, and whether it is silent: 43 bytes."""

    def __init__(self) -> None:
        self._state = State(
            {
                "interval": ("float32", _FIVE, np.nan),
                "median": ("float32", _FIVE, np.nan),
                "intervals": ("uint8", 0, 0),
                "medians": ("uint8", 0, 0),
                "silent": ("uint8", 0, 0),
            }
        )
        # as of when it was last asked for, and whose medians have changed since
        self._usual: F64 = np.empty(0)
        self._stale: Mask = np.empty(0, np.bool_)

    def grow(self, n: int) -> None:
        """Have `n` series."""
        self._state.grow(n)

    def update(self, ordered: Ordered) -> None:
        """Learn from the intervals between readings in order."""
        known = ~np.isnan(ordered.since)
        self.learn(ordered.series[known], ordered.since[known])

    def learn(self, series: NDArray[np.integer[Any]], interval: F64) -> None:
        """Learn from intervals (n,) in seconds, series after series, each in order of time."""
        if not len(series):
            return
        state = self._state
        begin = np.flatnonzero(np.diff(series, prepend=-1))
        first = series[begin]
        size = sizes(begin, len(series))
        held = state["intervals"][first].astype(np.int64)
        full = (held + size) // _FIVE
        if full.any():
            # the fives that are full now: first what was held, then what came
            group = np.repeat(np.arange(len(first)), full)
            number = np.arange(len(group)) - np.repeat(np.cumsum(full) - full, full)
            nth = number[:, None] * _FIVE + np.arange(_FIVE)
            came = nth - held[group][:, None]
            fives = np.where(
                came < 0,
                state["interval"][first[group]],
                interval[np.maximum(begin[group][:, None] + came, 0)].astype(np.float32),
            )
            fives.sort(axis=1)
            at = (state["medians"][first][group] + number) % _FIVE
            state["median"][first[group], at] = fives[
                :, _FIVE // 2
            ]  # where there are more than five, the last ones stay
            state["medians"][first] = (state["medians"][first] + full) % _FIVE
            changed = first[full > 0]
            self._stale[changed[changed < len(self._stale)]] = True
        nth = held.repeat(size) + np.arange(len(series)) - np.repeat(begin, size)
        state["interval"][series, nth % _FIVE] = interval
        state["intervals"][first] = (held + size) % _FIVE

    def usual(self) -> F64:
        """Usual interval of each series in seconds; NaN before five intervals were seen. Not to be written to."""
        had, n = len(self._usual), len(self._state["median"])
        if had < n:
            self._usual = np.concatenate([self._usual, _middle(self._state["median"][had:])])
            self._stale = np.concatenate([self._stale, np.zeros(n - had, np.bool_)])
        some = np.flatnonzero(self._stale)
        if len(some):
            self._usual[some] = _middle(self._state["median"][some])
            self._stale[some] = False
        return self._usual

    def changed(self, now_silent: Mask) -> tuple[Rows, Rows]:
        """The series that fell silent and those that came back; takes note of it."""
        was = self._state["silent"].astype(np.bool_)
        self._state["silent"][:] = now_silent
        return np.flatnonzero(now_silent & ~was), np.flatnonzero(was & ~now_silent)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state's columns."""
        return self._state.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`."""
        self._state.restore(state)
        self._usual, self._stale = np.empty(0), np.empty(0, np.bool_)


def _middle(median: NDArray[np.float32]) -> F64:
    """Median of the medians that are known."""
    ordered = np.sort(median, axis=1)  # NaN last
    count = _FIVE - np.isnan(ordered).sum(axis=1)
    middle = np.maximum(count - 1, 0) // 2
    usual: F64 = ordered[np.arange(len(ordered)), middle].astype(np.float64)
    return usual
