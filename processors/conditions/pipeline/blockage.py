"""Is a drain blocked, or its sensor stuck? Two questions that rain answers.

    level  ______________/~~~~~~~~     backed up: high although it has not rained for a while, against what is usual in
    rain   ........................    dry weather at this hour of the day

    level  ________________________    no response: enough rain has fallen some time ago, the level has not moved:
    rain   ....|||||...............    the water does not get here, or the sensor does not see it

Usual level and its spread (mean absolute deviation) are learnt for each drain and hour, from dry weather only, with a
gain; wild values are cut off at the limit, so that a blockage is learnt slowly. What a drain does in its first days is
taken for usual.

Source: none with numbers was found; in separate and combined sewers alike, dry-weather flow repeats daily (design
choice, thresholds are a site's).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, fresh_rows, turns
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["Blockage", "BlockageLimits", "Blockages"]

Limit = float | F64
_HOURS = 24


class BlockageLimits(NamedTuple):
    """Thresholds; floats or (n,)."""

    wet: Limit
    """From so much rain (mm) in a row on it rains."""
    times: Limit
    """A level is high by more than so many spreads ..."""
    least_excess: Limit
    """... and by more than this (m)."""
    enough_rain: Limit
    """A rain of so much (mm) must show in the level ..."""
    least_response: Limit
    """... as a rise of at least this (m) over the level before it."""


class Blockages(NamedTuple):
    """A row a reading: `backed_up` and `no_response` 1, 0, or -1 where not judged; the `usual` level (m), NaN while it
    is learnt, and the `excess` over it, in dry weather and wet. `no_response` is the verdict on the last rain that
    could be judged."""

    backed_up: I8
    no_response: I8
    usual: F64
    excess: F64


class Blockage:
    """What is usual in each drain, and the rain under way: 307 bytes a drain."""

    def __init__(self, dry_for: int, response_time: int, longest_gap: int, gain: float, least_count: int) -> None:
        """Set what all drains share.

        Parameters
        ----------
        dry_for : ns without rain after which levels are those of dry weather.
        response_time : ns from enough rain to the verdict.
        longest_gap : ns; after a longer time without rows it may have rained, without levels a peak may have passed.
        gain : share of a new value in the usual level of its hour; with 15-min rows 0.01 forgets in 25 days.
        least_count : rows of an hour before it is judged; until then their plain mean is the usual level.
        """
        self._dry_for, self._response_time, self._gap = dry_for, response_time, longest_gap
        self._gain, self._least_count = gain, least_count
        self._table = Table({
            "last": ("int64", (), NEVER), "wet_at": ("int64", (), NEVER),
            "usual": ("float32", (_HOURS,), np.nan), "spread": ("float32", (_HOURS,), 0),
            "count": ("uint16", (_HOURS,), 0),
            "level": ("float64", (), np.nan), "level_at": ("int64", (), NEVER),
            "raining": ("bool", (), 0), "blind": ("bool", (), 0), "verdict": ("int8", (), UNKNOWN),
            "depth": ("float64", (), 0), "enough_at": ("int64", (), NEVER),
            "before": ("float64", (), np.nan), "peak": ("float64", (), np.nan),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` drains."""
        self._table.grow(n)

    def update(self, drain: I32, ts: I64, level: F64, rain: F64, hour: I32, limits: BlockageLimits) -> Blockages:
        """Judge and learn, in order of time.

        Parameters
        ----------
        drain, ts : (n,).
        level : m above the invert, or any fixed height; NaN where missing.
        rain : mm on the drain's catchment since the row before; NaN where not known, which is not dry.
        hour : local hour of day, 0-23.
        limits : thresholds.

        Returns
        -------
        Rows no newer than the drain's last are not judged, and teach nothing.
        """
        n = len(drain)
        out = Blockages(
            np.full(n, UNKNOWN, np.int8), np.full(n, UNKNOWN, np.int8), np.full(n, np.nan), np.full(n, np.nan)
        )
        spread_out = [np.broadcast_to(limit, n) for limit in limits]
        before = self._table["last"].copy()
        rows = fresh_rows(drain, ts, self._table["last"])
        for at in turns(drain[rows]):
            r = rows[at]
            mine = BlockageLimits(*(limit[r] for limit in spread_out))
            who, now = drain[r], ts[r]
            dry = self._rain(who, now, before[who], level[r], rain[r], mine)
            before[who] = now
            self._learn(out, r, who, hour[r], level[r], dry, mine)
            out.no_response[r] = self._table["verdict"][who]
        return out

    def _rain(
        self, who: I32, now: I64, previous: I64, level: F64, rain: F64, limits: BlockageLimits
    ) -> NDArray[np.bool_]:
        """Follow the rain and the response to it; whether it is dry weather. `previous` is the time of the last row."""
        t = self._table
        gap = now - previous > self._gap
        wet = rain >= limits.wet
        t["wet_at"][who] = np.where(wet | np.isnan(rain) | gap, now, t["wet_at"][who])
        dry: NDArray[np.bool_] = now - t["wet_at"][who] >= self._dry_for

        # a rain is under way until it is dry, and a row has come on which it could be judged
        waits = (t["enough_at"][who] != NEVER) & (previous - t["enough_at"][who] < self._response_time)
        raining = t["raining"][who] & (~dry | waits)
        begins = wet & ~raining
        raining |= begins
        known_before = now - t["level_at"][who] <= self._gap
        before = np.where(begins, np.where(known_before, t["level"][who], np.nan), t["before"][who])

        given = np.isfinite(level)
        t["level"][who] = np.where(given, level, t["level"][who])
        t["level_at"][who] = np.where(given, now, t["level_at"][who])

        depth = np.where(begins, 0.0, t["depth"][who]) + np.where(np.isfinite(rain), rain, 0.0)
        enough_at = np.where(begins, NEVER, t["enough_at"][who])
        enough_at = np.where((enough_at == NEVER) & raining & (depth >= limits.enough_rain), now, enough_at)
        peak = np.fmax(np.where(begins, np.nan, t["peak"][who]), np.where(given, level, np.nan))
        blind = (t["blind"][who] & ~begins) | (gap & ~begins) | (now - t["level_at"][who] > self._gap)

        enough = raining & (enough_at != NEVER)
        responds = peak - before >= limits.least_response  # false where either is not known
        told = enough & ~blind & ~np.isnan(peak - before) & (now - enough_at >= self._response_time)
        verdict = np.where(told, 1, t["verdict"][who])
        t["verdict"][who] = np.where(enough & responds, 0, verdict)
        t["raining"][who], t["before"][who], t["depth"][who] = raining, before, depth
        t["enough_at"][who], t["peak"][who], t["blind"][who] = enough_at, peak, blind
        return dry

    def _learn(
        self, out: Blockages, r: Rows, who: I32, hour: I32, level: F64, dry: NDArray[np.bool_], limits: BlockageLimits
    ) -> None:
        """Compare with what is usual at this hour, then learn from it if it is dry."""
        t = self._table
        usual, spread = t["usual"][who, hour].astype(np.float64), t["spread"][who, hour].astype(np.float64)
        count = t["count"][who, hour]
        learnt = count >= self._least_count
        excess = level - usual
        limit = np.fmax(limits.times * spread, limits.least_excess)
        given = np.isfinite(level)
        judged = given & dry & learnt
        out.backed_up[r] = np.where(judged, excess > limit, UNKNOWN)
        out.usual[r] = np.where(learnt, usual, np.nan)
        out.excess[r] = np.where(learnt & given, excess, np.nan)

        teaches = given & dry
        step = np.where(count == 0, 0.0, np.where(learnt, np.clip(excess, -limit, limit), excess))
        gain = np.where(learnt, self._gain, 1.0 / (count.astype(np.float64) + 1))
        new_usual = np.where(count == 0, level, usual + gain * step)
        new_spread = spread + gain * (np.abs(step) - spread)
        t["usual"][who, hour] = np.where(teaches, new_usual, usual)
        t["spread"][who, hour] = np.where(teaches, new_spread, spread)
        more = np.minimum(count.astype(np.int64) + 1, self._least_count)
        t["count"][who, hour] = np.where(teaches, more, count)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
