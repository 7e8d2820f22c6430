"""A burst main: the flow into an area steps up, and its pressure falls, within a short time of each other.

    flow      ________|~~~~~~~~      step:  x - base >  max(times * spread, least)
    pressure  ~~~~~~~~~~|______      fall:  base - x >  max(times * spread, least)
                      <-> within     burst: both, each not longer ago than `within`

Base and spread are median and scaled MAD of the last few values, those in a step left out for a while, so the rule is
causal, needs no model, and a level that stays becomes the new base. A steady rise widens the spread, so it is no step
where `times` is 2 or more; with `trend` the base is a line through the older and the newer half (Tukey's resistant
line), and a burst shows on the morning's rise, too.

Source: bursts raise the inflow and lower the pressure at once (Misiunas et al., J. Water Resour. Plan. Manage. 131,
2005, and Water Sci. Technol. 53, 2006; from memory, not looked up). Both together, and a short robust base, are a
design choice: either alone is a large customer, or a valve.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, fresh_rows, turns
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.robust import MAD_TO_SIGMA, median
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["Burst", "Bursts"]

Limit = float | F64
_UP_AND_DOWN = np.array([1.0, -1.0])
"""Flow counts upwards, pressure downwards."""


class Bursts(NamedTuple):
    """A row a (DMA, time): `level` 1 burst, 0 none, -1 not judged; `flow_rise` (m3/h) and `pressure_fall` (kPa) against
    the base, NaN where there is none."""

    level: I8
    flow_rise: F64
    pressure_fall: F64


class Burst:
    """Bursts of many areas: 64 bytes each, and 16 for each of `size` (256 with 12)."""

    def __init__(self, size: int, within: int, hold: int, longest_gap: int, trend: bool) -> None:
        """Set what all areas share.

        Parameters
        ----------
        size : how many values make the base, at least 4; nothing is judged before there are so many.
        within : ns; see the drawing. At least the time between two values.
        hold : after so many values in a row in a step, they go into the base; `size / 2` more make it the new level.
        longest_gap : ns; after a longer time without a value the base is learnt anew.
        trend : whether the base follows a slope. Where windows are 15 min long it should, at 10 s it need not: it
            makes the base less certain.
        """
        if size < 4:
            raise ValueError(f"a base of {size} values has no spread: at least 4")
        self._size, self._within, self._hold, self._gap = size, within, hold, longest_gap
        self._trend = trend
        self._place = np.arange(size) - (size - 1) / 2
        self._table = Table({
            "last": ("int64", (), NEVER), "base": ("float64", (2, size), np.nan), "count": ("int16", (2,), 0),
            "held": ("int16", (2,), 0), "seen": ("int64", (2,), NEVER), "stepped": ("int64", (2,), NEVER),
            "judged": ("int64", (2,), NEVER),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` areas."""
        self._table.grow(n)

    def update(
        self, dma: I32, ts: I64, flow: F64, pressure: F64, times: Limit, least_flow: Limit, least_pressure: Limit
    ) -> Bursts:
        """Judge means in order of time.

        Parameters
        ----------
        dma, ts : (n,) area, and start or end of the window (10 s to 15 min, the same for all rows of an area).
        flow, pressure : (n,) mean net inflow (m3/h) and mean pressure (kPa) of the window; NaN where missing.
        times : how many spreads make a step; floats or (n,), as the next two.
        least_flow, least_pressure : a smaller change is no step, m3/h and kPa.

        Returns
        -------
        Level 1 while the newest step of flow and the newest fall of pressure are both within the time. Level 0 only
        where both were judged within that time; else -1: with the pressure missing, a rise of flow is no "no burst".
        Rows no newer than the area's last are not judged.
        """
        n = len(dma)
        out = Bursts(np.full(n, UNKNOWN, np.int8), np.full(n, np.nan), np.full(n, np.nan))
        value = np.stack([flow, pressure], axis=-1)
        least = np.stack([np.broadcast_to(least_flow, n), np.broadcast_to(least_pressure, n)], axis=-1)
        factor = np.broadcast_to(times, n)
        rows = fresh_rows(dma, ts, self._table["last"])
        for at in turns(dma[rows]):
            r = rows[at]
            self._step(out, r, dma[r], ts[r, None], value[r], factor[r, None], least[r])
        return out

    def _step(self, out: Bursts, r: Rows, dma: I32, ts: I64, value: F64, times: F64, least: F64) -> None:
        """One value of each of these areas; columns are flow and pressure."""
        t = self._table
        given = np.isfinite(value)
        base, count, held = t["base"][dma], t["count"][dma], t["held"][dma]
        afresh = given & (ts - t["seen"][dma] > self._gap)
        count[afresh] = held[afresh] = 0

        expected, spread = self._expected(base)
        full = count >= self._size
        change = np.where(full, (value - expected) * _UP_AND_DOWN, np.nan)
        step = change > np.fmax(times * spread, least)
        held = np.where(given, np.where(step, np.minimum(held + 1, self._hold + 1), 0), held)
        push = given & ((held == 0) | (held > self._hold))
        base[push] = np.concatenate([base[push][:, 1:], value[push][:, None]], axis=1)
        count[push] = np.minimum(count[push] + 1, self._size)
        stepped = np.where(step, ts, t["stepped"][dma])
        judged = np.where(given & full, ts, t["judged"][dma])
        t["base"][dma], t["count"][dma], t["held"][dma] = base, count, held
        t["seen"][dma] = np.where(given, ts, t["seen"][dma])
        t["stepped"][dma], t["judged"][dma] = stepped, judged

        burst = (ts - stepped <= self._within).all(axis=1)
        known = (ts - judged <= self._within).all(axis=1)
        out.level[r] = np.where(burst, 1, np.where(known, 0, UNKNOWN))
        out.flow_rise[r], out.pressure_fall[r] = change[:, 0], change[:, 1]

    def _expected(self, base: F64) -> tuple[F64, F64]:
        """What the next value should be, and how far values lie around it."""
        size = np.full(base.shape[:-1], self._size)
        slope = np.zeros(base.shape[:-1])
        if self._trend:
            half = self._size // 2
            part = np.full(base.shape[:-1], half)
            slope = (median(base[..., -half:], part) - median(base[..., :half], part)) / (self._size - half)
        level = base - slope[..., None] * self._place
        middle = median(level, size)
        spread = MAD_TO_SIGMA * median(np.abs(level - middle[..., None]), size)
        ahead = self._place[-1] + 1 if self._trend else 0.0
        return middle + slope * ahead, spread

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
