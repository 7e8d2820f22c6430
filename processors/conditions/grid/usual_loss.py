"""The usual loss of each feeder by hour of day, and losses above it for so long that somebody may be stealing.

    loss %                  x  x  x            usual + k * spread
       - - - - - - - - - - - - - - - - - - -
       . : . . : . : . . :          . : .      usual = median of the last days at this hour
                            |--|--|
                            1  2  3 = windows in a row: suspect

The spread is the median distance from the median, scaled to a standard deviation; not below `floor`, for a few quiet
days must not make a hair's breadth remarkable. A window above the limit is not learned, or a thief would be usual after
some days; so a lasting change stays suspect until somebody has looked and tells us to `forget`. Theft that was there
from the first day is usual to this rule. A window without a figure neither adds to a row of windows nor breaks it.

Source: median and MAD as robust location and scale (1.4826: consistent for normal data); the rule itself is ours.
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["LossVerdict", "UsualLoss"]

Indices = NDArray[np.integer]

_TO_SIGMA = 1.4826
_LONGEST = np.iinfo(np.uint16).max


class LossVerdict(NamedTuple):
    """One value a feeder that was judged."""

    usual: F64
    """Median loss at this time of day, %; NaN before `least` days are known."""
    deviation: F64
    """Loss above usual in robust standard deviations; NaN where the loss or the usual one is not known."""
    windows: NDArray[np.uint16]
    """Windows in a row that were above."""
    suspect: NDArray[np.bool_]


class UsualLoss:
    """State of the feeders: 4 bytes a slot and day, 1 a slot, 2 a feeder (24 slots, 14 days: 1,370 bytes)."""

    def __init__(self, days: int, slots: int = 24) -> None:
        """`days`: how many days make the usual loss, 1 ... 255. `slots`: times of day that are told apart."""
        if not 1 <= days <= 255 or slots < 1:
            raise ValueError("days lies in 1 ... 255, slots is not below 1")
        self._history = np.empty((0, slots, days), np.float32)
        self._next = np.empty((0, slots), np.uint8)
        self._above = np.empty(0, np.uint16)

    def __len__(self) -> int:
        return len(self._above)

    def grow(self, n: int) -> None:
        """Have `n` feeders; new ones have nothing learned."""
        more = max(n - len(self), 0)
        self._history = np.pad(self._history, ((0, more), (0, 0), (0, 0)), constant_values=np.nan)
        self._next = np.pad(self._next, ((0, more), (0, 0)))
        self._above = np.pad(self._above, (0, more))

    def forget(self, feeder: Indices) -> None:
        """Learn these feeders (k,) anew: rewired, or looked at and found in order."""
        self._history[feeder] = np.nan
        self._next[feeder] = 0
        self._above[feeder] = 0

    def observe(
        self,
        feeder: Indices,
        slot: Indices,
        loss_percent: F64,
        *,
        k: float | F64,
        windows: int,
        floor: float | F64,
        least: int,
    ) -> LossVerdict:
        """Judge one window of some feeders, then learn it.

        Parameters
        ----------
        feeder : (n,) index below `len(self)`, each at most once a call, windows in the order of time.
        slot : (n,) time of day of the window, 0 ... slots - 1: the hour by the city's clock.
        loss_percent : (n,) from energy_balance.py; NaN = not known.
        k : robust standard deviations above usual that are remarkable; (n,) or one for all.
        windows : so many in a row make a feeder suspect, at least 1.
        floor : smallest spread, percentage points, above 0; (n,) or one for all.
        least : days that must be known at this time of day before anything is judged, at least 1.

        Returns
        -------
        `LossVerdict`, arrays (n,).

        Raises
        ------
        ValueError if a feeder comes twice, or `windows`, `floor` or `least` is out of range.

        Examples
        --------
        >>> usual = UsualLoss(days=5, slots=1)
        >>> usual.grow(1)
        >>> at = np.zeros(1, np.int32)
        >>> for loss in (4.0, 5.0, 4.5, 9.0, 9.5):
        ...     got = usual.observe(at, at, np.array([loss]), k=3.0, windows=2, floor=0.5, least=3)
        >>> float(got.usual[0]), int(got.windows[0]), bool(got.suspect[0])
        (4.5, 2, True)
        """
        if len(np.unique(feeder)) < len(feeder):
            raise ValueError("a feeder comes once a call: its next window builds on this one")
        if windows < 1 or least < 1 or not np.all(np.asarray(floor) > 0):
            raise ValueError("windows and least are not below 1, floor is above 0")
        past = self._history[feeder, slot].astype(np.float64)
        known_days = (~np.isnan(past)).sum(axis=1)
        usual = np.where(known_days >= least, _median(past), np.nan)
        spread = np.maximum(_median(np.abs(past - usual[:, None])) * _TO_SIGMA, floor)
        deviation = (loss_percent - usual) / spread
        above = deviation > k
        row = self._above[feeder]
        row = np.where(above, np.minimum(row, _LONGEST - 1) + 1, np.where(np.isnan(deviation), row, 0))
        self._above[feeder] = row

        learn = ~np.isnan(loss_percent) & ~above
        who, when = feeder[learn], slot[learn]
        at = self._next[who, when]
        self._history[who, when, at] = loss_percent[learn]
        self._next[who, when] = (at.astype(np.int64) + 1) % self._history.shape[2]
        return LossVerdict(usual, deviation, row.astype(np.uint16), row >= windows)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays."""
        return {"history": self._history.copy(), "next": self._next.copy(), "above": self._above.copy()}

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]]) -> Self:
        """The feeders that gave `state`."""
        _, slots, days = state["history"].shape
        made = cls(days, slots)
        made._history = state["history"].copy()
        made._next = state["next"].copy()
        made._above = state["above"].copy()
        return made


def _median(value: F64) -> F64:
    """Median of each row (n, d), NaN left out; NaN where a row has nothing else."""
    ordered = np.sort(value, axis=1)  # NaN last
    count = (~np.isnan(value)).sum(axis=1)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, value.shape[1] - 1)
    middle: F64 = (np.take_along_axis(ordered, low[:, None], 1) + np.take_along_axis(ordered, high[:, None], 1))[
        :, 0
    ] / 2
    return middle
