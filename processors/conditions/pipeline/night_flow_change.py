"""Has the night flow of an area changed? Two-sided CUSUM on one value a day, against a baseline that does not freeze.

    LEARNING --enough days--> WATCHING --sum over the limit--> ALARM (RISE or FALL)
                                 ^                               |
                                 +---- near the old level for some days (repaired), or
                                 +---- in alarm for so long that the new level becomes the baseline

    z = (x - median) / max(1.4826 MAD, floor), cut off at +-cap       median and MAD of the last days without alarm
    S+ = max(0, S+ + z - drift)     S- = max(0, S- - z - drift)       alarm when one exceeds the limit

Source: tabular CUSUM (Page 1954; Montgomery, Statistical Quality Control: from memory, not looked up), as Misiunas et
al. use on inlet flow (Water Sci. Technol. 53, 2006: modified CUSUM). The baseline that starts anew is ours: LeakDB's
night-flow rule keeps its own for ever, and was in alarm on 318 of 355 days of a network where leaks get repaired.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, fresh_rows, turns
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.robust import median_and_spread
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["Change", "NightFlowChange", "NightFlowChanges"]

Limit = float | F64
_SIGNS = np.array([1.0, -1.0])


class Change(IntEnum):
    """What is known of a day's flow."""

    UNKNOWN = UNKNOWN
    NONE = 0
    RISE = 1
    FALL = 2


class NightFlowChanges(NamedTuple):
    """A row a day: the verdict (`Change`), how far the flow is above the baseline (m3/h), the two sums, and the day
    (ns) on which the sum that raised the alarm left 0: an estimate of when the change began; 0 without an alarm."""

    change: I8
    excess: F64
    high: F64
    low: F64
    onset: I64


class NightFlowChange:
    """CUSUM of many areas, 61 bytes each and 16 for each day of `days`."""

    def __init__(
        self, days: int = 10, least_days: int = 5, calm_days: int = 2, rebase_days: int = 10, forget: int = 1 << 62
    ) -> None:
        """Set the baseline's length, in days with a value.

        Parameters
        ----------
        days, least_days : how many the baseline holds, and how many it needs before anything is judged.
        calm_days : an alarm ends when so many days in a row are near the old level ...
        rebase_days : ... or after so many days (at least 1), whose last `days` become the baseline.
        forget : after so long a time (ns) without a value the area is learnt anew.
        """
        if not 1 <= least_days <= days or rebase_days < 1 or calm_days < 1:
            raise ValueError("least_days must be within 1 and days, rebase_days and calm_days at least 1")
        self._days, self._least = days, least_days
        self._calm_days, self._rebase_days, self._forget = calm_days, rebase_days, forget
        self._table = Table({
            "last": ("int64", (), NEVER), "seen": ("int64", (), NEVER), "change": ("int8", (), 0),
            "base": ("float64", (days,), np.nan), "count": ("int32", (), 0),
            "next_base": ("float64", (days,), np.nan), "in_alarm": ("int32", (), 0), "calm": ("int32", (), 0),
            "sum": ("float64", (2,), 0), "since": ("int64", (2,), 0),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` areas."""
        self._table.grow(n)

    def update(
        self, dma: I32, day: I64, flow: F64, drift: Limit, limit: Limit, floor: Limit, cap: Limit, near: Limit
    ) -> NightFlowChanges:
        """Judge days in order of time.

        Parameters
        ----------
        dma, day, flow : (n,) area, start of the night (ns), minimum night flow (m3/h; NaN where unknown).
        drift, limit : k and h of the CUSUM, in scales (0.5 and 4 are usual); floats or (n,).
        floor : the scale is at least this, m3/h. The meter's resolution, and what one customer may take.
        cap : |z| counts no further than this: below `limit + drift`, one wild night raises no alarm.
        near : |z| up to which a day counts as the old level.

        Returns
        -------
        `UNKNOWN` for NaN, days not after the area's last, and while its baseline is learnt; NaN, too, in `excess`.
        """
        n = len(dma)
        out = NightFlowChanges(
            np.full(n, UNKNOWN, np.int8), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan),
            np.zeros(n, np.int64),
        )  # fmt: skip
        given = np.flatnonzero(np.isfinite(flow))
        rows = given[fresh_rows(dma[given], day[given], self._table["last"])]
        limits = [np.broadcast_to(value, n) for value in (drift, limit, floor, cap, near)]
        for at in turns(dma[rows]):
            r = rows[at]
            self._step(out, r, dma[r], day[r], flow[r], [value[r] for value in limits])
        return out

    def _step(self, out: NightFlowChanges, r: Rows, dma: I32, day: I64, flow: F64, limits: list[F64]) -> None:
        """One day of each of these areas."""
        t = self._table
        drift, limit, floor, cap, near = limits
        stale = dma[day - t["seen"][dma] > self._forget]
        for name in ("count", "change", "in_alarm", "calm", "sum"):
            t[name][stale] = 0
        t["base"][stale] = t["next_base"][stale] = np.nan
        t["seen"][dma] = day

        middle, spread = median_and_spread(t["base"][dma], t["count"][dma])
        learnt = t["count"][dma] >= self._least
        z = np.where(learnt, (flow - middle) / np.maximum(spread, floor), 0.0)
        z_cut = np.clip(z, -cap, cap)
        was = t["change"][dma]
        watching = learnt & (was == Change.NONE)

        before = t["sum"][dma]
        after = np.maximum(before + z_cut[:, None] * _SIGNS - drift[:, None], 0.0)
        after = np.where(watching[:, None], after, before)
        t["since"][dma] = np.where(watching[:, None] & (before == 0) & (after > 0), day[:, None], t["since"][dma])
        over = watching[:, None] & (after > limit[:, None])
        now = np.where(over[:, 0], Change.RISE, np.where(over[:, 1], Change.FALL, was))

        alarm = now != Change.NONE
        in_alarm = np.where(alarm, t["in_alarm"][dma] + 1, 0)
        calm = np.where(alarm & (np.abs(z) <= near), t["calm"][dma] + 1, 0)
        self._push("base", dma[~alarm], flow[~alarm])
        t["count"][dma] = np.where(alarm, t["count"][dma], np.minimum(t["count"][dma] + 1, self._days))
        self._push("next_base", dma[alarm], flow[alarm])

        repaired = alarm & (calm >= self._calm_days)
        rebased = alarm & ~repaired & (in_alarm >= self._rebase_days)
        t["base"][dma[rebased]] = t["next_base"][dma[rebased]]
        t["count"][dma[rebased]] = np.minimum(in_alarm[rebased], self._days)
        over_now = repaired | rebased
        t["next_base"][dma[over_now]] = np.nan
        now[over_now] = Change.NONE
        t["sum"][dma] = np.where(over_now[:, None], 0.0, after)
        t["in_alarm"][dma] = np.where(over_now, 0, in_alarm)
        t["calm"][dma] = np.where(over_now, 0, calm)
        t["change"][dma] = now

        out.change[r] = np.where(learnt, now, UNKNOWN)
        out.excess[r] = np.where(learnt, flow - middle, np.nan)
        out.high[r] = np.where(learnt, t["sum"][dma][:, 0], np.nan)
        out.low[r] = np.where(learnt, t["sum"][dma][:, 1], np.nan)
        which = np.where(now == Change.FALL, 1, 0)
        out.onset[r] = np.where(now > 0, t["since"][dma, which], 0)

    def _push(self, name: str, dma: I32, flow: F64) -> None:
        """Drop the oldest value of each row and append the newest."""
        ring = self._table[name]
        ring[dma] = np.concatenate([ring[dma, 1:], flow[:, None]], axis=1)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
