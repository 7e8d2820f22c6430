"""Climatology: is a value like what this hour of the week has been in this series?

    profile    168 hours of the local week:  mean | deviation | weeks seen
    visit      ---Mon 07---|---Mon 08---|--- ...       an hour's readings; folded into its hour when the next one begins

    readings --> judged by the profile --> |x - mean| > k * max(deviation, floor)
             +-> those that nothing objected to are learned

A visit counts as one week, however many readings it has: its mean moves the hour's mean by 1/weeks, and by 1/MEMORY
once there are that many, so old weeks fade. The deviation covers both the spread within the hour and that between weeks
(exponentially weighted; West 1979, from memory, not looked up). Once an hour is known, a visit moves it by at most
three deviations: a bad day teaches little, a lasting change is learned. What this check objects to is learned like the
rest, or the profile would freeze.

Source: QARTOD climatology test (IOOS Manual for Real-Time Quality Control, test 5), with learned instead of given
limits. The number of the test is from memory.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, U32
from processors.flags import Why
from processors.quality.moments import Moments, Stretches, add_in_place
from processors.quality.previous import Mask, Ordered, Rows
from processors.quality.state import AskedState
from processors.quality.verdict import Limit, above

__all__ = ["HOURS", "Climatology", "climatology"]

HOURS: Final = 168
"""Hours of a week."""
MEMORY: Final = 16
"""Weeks after which older ones begin to fade."""
CLIP: Final = 3.0
"""Deviations by which one visit may move a known hour."""
_KNOWN = 4
_MOST_WEEKS = 255
_ROUNDING = 2.0**-22
_NO_VISIT = -1
_LONGEST_VISIT = 12 * 3600.0
_SUMS = ("count", "origin", "total", "square")

I16 = NDArray[np.int16]


def climatology(
    value: F64, mean: F64, deviation: F64, weeks: I64 | F64, suspect: Limit, fail: Limit, floor: Limit, least: Limit
) -> tuple[U8, U32]:
    """Flag each value far from what its hour of the week has been.

    Parameters
    ----------
    value : (n,), canonical unit; NaN where the device sent none.
    mean, deviation, weeks : (n,), of the hour of the week that each value lies in, and in how many weeks it was seen.
    suspect, fail : how many deviations a value may be away; NaN where there is none. They broadcast.
    floor : the least deviation, in the unit of the value: what is no difference even where there never was one.
    least : weeks without which an hour is not judged.

    Returns
    -------
    flag, why : (n,). UNKNOWN where the hour has not been seen often enough.

    Examples
    --------
    >>> value, mean = np.array([12.0, 15.0, 30.0, 30.0]), np.full(4, 10.0)
    >>> weeks = np.array([8, 8, 8, 2])
    >>> climatology(value, mean, np.ones(4), weeks, suspect=3.0, fail=9.0, floor=0.5, least=4)[0].tolist()
    [1, 3, 4, 2]
    """
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.where(weeks >= least, np.abs(value - mean), np.nan)
        # the mean is kept in 32 bits: what those can't tell apart is no difference
        unit = np.maximum(np.maximum(deviation, floor), np.abs(mean) * _ROUNDING)
        return above(distance, suspect * unit, fail * unit, np.isnan(value), Why.CLIMATOLOGY)


class Climatology:
    """The weekly profile of each series that asked for one: 1,542 bytes, 4 for one that did not."""

    def __init__(self) -> None:
        self._state = AskedState(
            {
                "mean": ("float32", HOURS, np.nan),
                "deviation": ("float32", HOURS, np.nan),
                "weeks": ("uint8", HOURS, 0),
                "hour": ("int16", 0, _NO_VISIT),
                "count": ("uint32", 0, 0),
                **dict.fromkeys(("origin", "total", "square"), ("float64", 0, 0.0)),
            }
        )

    def grow(self, n: int) -> None:
        """Know `n` series."""
        self._state.grow(n)

    def ask(self, series: Rows) -> None:
        """Learn `series` (distinct) from now on."""
        self._state.ask(series)

    def usual(self, series: int, hour: I64) -> tuple[F64, F64, I64]:
        """What the profile of one series says at these hours of the week: mean, deviation, weeks; NaN, NaN, 0 where it
        has none.
        """
        slot = int(self._state.slot(np.array([series], np.int32))[0])
        if slot < 0:
            nothing = np.full(len(hour), np.nan)
            return nothing, nothing, np.zeros(len(hour), np.int64)
        rows = self._state.rows
        mean, deviation = (rows[name][slot][hour].astype(np.float64) for name in ("mean", "deviation"))
        return mean, deviation, rows["weeks"][slot][hour].astype(np.int64)

    def update(self, ordered: Ordered, hour: I16, late_hour: I16, good: Mask, floor: Limit) -> tuple[F64, F64, I64]:
        """Learn from the readings in order; what the profile says about each one, and about each late one.

        Parameters
        ----------
        ordered : readings of series that asked: n in order and m late.
        hour, late_hour : (n,) and (m,), hour of the local week, 0 to 167.
        good : (n,), readings to learn from; those without a finite value are left out anyway.
        floor : the least deviation to clip by, in the unit of the value; broadcasts to (n,).

        Returns
        -------
        mean, deviation, weeks : (n + m,), those in order first: the profile's hour as it was when the reading came.
        """
        state, n = self._state.rows, len(ordered)
        begin = ordered.begin
        slot = self._state.slot(ordered.series[begin])
        new = np.empty(n, np.bool_)
        new[1:] = hour[1:] != hour[:-1]
        new[begin] = hour[begin] != state["hour"][slot]
        # a series that speaks once a week is in the same hour each time
        new |= ordered.since > _LONGEST_VISIT
        if n and not new.all() and ordered.head.all() and not len(ordered.late_row):
            return self._one_each(ordered, slot, new, hour, good, np.broadcast_to(floor, n))
        at = Stretches.where(new, ordered.head)

        visit_slot = np.repeat(slot, at.last - at.first + 1).astype(np.int64)
        visit_hour = np.empty(at.count, np.int64)
        visit_hour[at.first] = state["hour"][slot]
        visit_hour[at.of[at.begun]] = hour[at.begun]
        sums = Moments.empty(at.count)
        for name in _SUMS:
            getattr(sums, name)[at.first] = state[name][slot]
        usable = good & np.isfinite(ordered.value)
        sums.add(at.of[usable], ordered.value[usable])

        # a reading is judged when those visits of its hour that lie before it are folded, and the others are not
        bins = visit_slot * HOURS + visit_hour
        late_bins = self._state.slot(ordered.late_series).astype(np.int64) * HOURS + late_hour
        asks = np.concatenate([bins[at.of], late_bins])
        order = np.arange(at.count)
        during = at.of[ordered.late_after] if n else ordered.late_after
        seen = np.concatenate([at.of, np.where(ordered.late_after < 0, 0, during)])
        folds = sums.count > 0
        folds[at.last] = False
        if _all_apart(ordered, new, visit_hour, at):
            turn, fold_turn = np.zeros(len(asks), np.int64), np.zeros(at.count, np.int64)
        else:
            turn, fold_turn = _before(asks, seen, bins), _before(bins, order, bins)

        mean, deviation = np.empty(len(asks)), np.empty(len(asks))
        weeks = np.empty(len(asks), np.int64)
        profile = {name: state[name].reshape(-1) for name in ("mean", "deviation", "weeks")}
        learned = sums.mean(), sums.squares() / np.maximum(sums.count, 1)
        least = np.repeat(np.broadcast_to(floor, n)[begin], at.last - at.first + 1)
        # as often as one hour of one series comes in the batch: once, but where weeks of readings come at once
        for step in range(int(max(turn.max(initial=0), fold_turn[folds].max(initial=0))) + 1):
            rows = turn == step
            where = asks[rows]
            for column, name in ((mean, "mean"), (deviation, "deviation"), (weeks, "weeks")):
                column[rows] = profile[name][where]
            visits = np.flatnonzero(folds & (fold_turn == step))
            if len(visits):
                _fold(profile, bins[visits], learned[0][visits], learned[1][visits], least[visits])

        state["hour"][slot] = visit_hour[at.last]
        for name in _SUMS:
            state[name][slot] = getattr(sums, name)[at.last]
        return mean, deviation, weeks

    def _one_each(
        self, ordered: Ordered, slot: I32, new: Mask, hour: I16, good: Mask, floor: F64
    ) -> tuple[F64, F64, I64]:
        """The same where no series has two readings, as mostly: those that begin no visit only add to theirs."""
        state = self._state.rows
        usable = ~new & good & np.isfinite(ordered.value)
        add_in_place(state, "", slot[usable], ordered.value[usable])
        bins = slot.astype(np.int64) * HOURS + hour
        mean, deviation = (state[name].reshape(-1)[bins].astype(np.float64) for name in ("mean", "deviation"))
        weeks = state["weeks"].reshape(-1)[bins].astype(np.int64)
        if new.any():
            part = self.update(ordered.rows(new), hour[new], hour[:0], good[new], floor[new])
            mean[new], deviation[new], weeks[new] = part
        return mean, deviation, weeks

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state's columns."""
        return self._state.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`."""
        self._state.restore(state)


def _all_apart(ordered: Ordered, new: Mask, visit_hour: I64, at: Stretches) -> bool:
    """Whether no bin comes twice: one reading a series, none late, no visit that follows one of its own hour."""
    if len(ordered.late_row) or not ordered.head.all():
        return False
    begins = at.first[new]
    return not bool((visit_hour[begins] == visit_hour[begins + 1]).any())


def _before(asks: I64, seen: I64, bins: I64) -> I64:
    """How many visits k of bin `asks` come before visit `seen`, row by row; `bins` (k,) are those of the visits."""
    k = len(bins) + 1
    codes = np.sort(bins * k + np.arange(len(bins)))
    return np.searchsorted(codes, asks * k + seen) - np.searchsorted(codes, asks * k)


def _fold(profile: dict[str, NDArray[Any]], at: I64, mean: F64, variance: F64, floor: F64) -> None:
    """Fold visits (distinct bins `at`) with their mean and variance into the flattened profile, in place."""
    weeks = profile["weeks"][at].astype(np.int64)
    known, old = weeks > 0, profile["mean"][at].astype(np.float64)
    spread = profile["deviation"][at].astype(np.float64)
    share = 1.0 / np.minimum(weeks + 1, MEMORY)
    with np.errstate(invalid="ignore", over="ignore"):
        step = mean - old
        reach = CLIP * np.maximum(spread, floor)
        clip = (weeks >= _KNOWN) & (reach > 0)  # where nothing ever moved, there is nothing to clip by
        step = np.where(clip, np.clip(step, -reach, reach), step)
        both = (1 - share) * (spread * spread + share * step * step) + share * variance
        profile["mean"][at] = np.where(known, old + share * step, mean)
        profile["deviation"][at] = np.sqrt(np.where(known, both, variance))
    profile["weeks"][at] = np.minimum(weeks + 1, _MOST_WEEKS)
