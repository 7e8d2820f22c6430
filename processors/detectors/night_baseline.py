"""Night baseline: the night minimum that is usual in each area, learned night by night, robustly.

    expected = level + growth * nights since the last + offset of the weekday           residual = night - expected

    night  |                 . ' .       ___ level after a step: moved there by `rebase`, at once
           |  .   . .  '  '      ________|
           |-'-.-'----- level            |<-- watched: growth is learned, for a leak that has shown may go on growing
           +--------------------------------------------------------------> nights

- The level follows a share of each residual; falls faster than it rises, for a leak only ever adds.
- A growth is learned only after an alarm, for a while: at other times a slow rise of the residual is the evidence.
- Offsets start as what the first such weekday brought, then mean of the first few, then forget.
- Residuals are clipped at `clip` scales, so that one strange night teaches little.
- An offset known from few nights is uncertain itself: the scale is widened by that, and learned without it.
- The scale is the smaller of two estimates, at least `floor`: mean moving range / 1.128 (control charts of individual
  values, Montgomery, Introduction to Statistical Quality Control: from memory, not looked up), which a drift does not
  inflate, and mean absolute residual * 1.2533 (sqrt(pi / 2), of a normal variable), which alternation does not.

The structure, weekday offsets with a level that drifts, and the gains are ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64

__all__ = ["BaselineRates", "Expectation", "NightBaseline"]

WEEK = 7
MOVING_RANGE = 1.128
"""Expected range of two normal values, in their standard deviation."""
MEAN_ABSOLUTE = 1.2533
"""Standard deviation of a normal variable, in its mean absolute deviation."""
NEVER = int(np.iinfo(np.int64).min)

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BaselineRates:
    """How fast a baseline learns and forgets; rates are shares a night (offsets: a week).

    floor : m3/h; the least scale. learn : nights before a balance is judged. forget : a gap of more nights starts anew.
    level_rate, fall_rate : share of a residual above and below that moves the level. offset_rate : of a residual that
    moves its weekday's offset, `scale_rate` the scale. growth_rate : of a residual that moves the growth just after a
    step; growth_fade : the share of both growth and its rate that is lost each night. clip : in scales.
    """

    floor: float = 1.0
    learn: int = 14
    forget: int = 28
    level_rate: float = 0.125
    fall_rate: float = 0.25
    offset_rate: float = 0.3
    scale_rate: float = 0.05
    growth_rate: float = 0.125
    growth_fade: float = 0.07
    clip: float = 2.5


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was expected of nights (m,), in m3/h, and how they came."""

    level: F64
    """Without the weekday's offset."""
    settled: F64
    """The same before the growth since the last night."""
    residual: F64
    scale: F64
    """Of the residual: `spread` times that of nights whose weekday's offset is known well."""
    spread: F64
    judged: Mask
    """The night is evidence."""
    first: Mask
    """The weekday was never seen: the night defines its offset."""
    anew: Mask
    """The balance starts from nothing."""

    def take(self, which: Mask) -> "Expectation":
        """The nights that `which` chooses."""
        return Expectation(
            self.level[which], self.settled[which], self.residual[which], self.scale[which], self.spread[which],
            self.judged[which], self.first[which], self.anew[which],
        )  # fmt: skip


class NightBaseline:
    """State of many balances, one array a column; a night is a day number whose remainder by 7 is the weekday."""

    def __init__(self, rates: BaselineRates) -> None:
        self.rates = rates
        fade = np.full(rates.forget + 1, 1.0 - rates.growth_fade)
        fade[0] = 1.0
        self._fade: F64 = np.cumprod(fade)  # a table: powers may differ in the last bit between vector and scalar code
        # variance of an offset that forgets, in that of a night
        self._settled_doubt = rates.offset_rate / (2.0 - rates.offset_rate)
        self._level = np.empty(0)
        self._growth = np.empty(0)
        self._watch = np.empty(0)
        self._offset = np.empty((0, WEEK))
        self._seen = np.empty((0, WEEK), np.int32)
        self._nights = np.empty(0, np.int32)
        self._range = np.empty(0)
        self._size = np.empty(0)
        self._before = np.empty(0)
        self._last = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._level)

    def grow(self, n: int) -> None:
        """Have room for `n` balances; new ones know nothing."""
        more = n - len(self)
        if more <= 0:
            return
        self._level = np.append(self._level, np.zeros(more))
        self._growth = np.append(self._growth, np.zeros(more))
        self._watch = np.append(self._watch, np.zeros(more))
        self._offset = np.concatenate([self._offset, np.zeros((more, WEEK))])
        self._seen = np.concatenate([self._seen, np.zeros((more, WEEK), np.int32)])
        self._nights = np.append(self._nights, np.zeros(more, np.int32))
        self._range = np.append(self._range, np.zeros(more))
        self._size = np.append(self._size, np.zeros(more))
        self._before = np.append(self._before, np.full(more, np.nan))
        self._last = np.append(self._last, np.full(more, NEVER, np.int64))

    def is_new(self, row: Rows | I32, night: I64) -> Mask:
        """Whether each night comes after all that its balance has seen."""
        return np.asarray(night > self._last[row])

    def expect(self, row: Rows, night: I64, flow: F64, floor: F64 | None = None) -> Expectation:
        """Compare nights (m,), each of another balance and new to it, with what is usual; m3/h.

        `floor` (m,) takes the place of the rates' own.
        """
        rates = self.rates
        floor = np.full(len(row), rates.floor) if floor is None else floor
        known = self._last[row] != NEVER
        gap = night - np.where(known, self._last[row], night)
        anew = ~known | (gap > rates.forget)
        gap[anew] = 0
        self._start_anew(row[anew], flow[anew], floor[anew])
        weekday = night % WEEK
        first = self._seen[row, weekday] == 0
        settled = self._level[row]
        level = settled + self._growth[row] * gap
        self._growth[row] *= self._fade[gap]
        self._watch[row] *= self._fade[gap]
        residual = np.where(first, 0.0, flow - level - self._offset[row, weekday])
        self._offset[row, weekday] = np.where(first, flow - level, self._offset[row, weekday])
        known_by = np.maximum(self._seen[row, weekday], 1)
        spread = np.sqrt((1.0 + np.maximum(1.0 / known_by, self._settled_doubt)) / (1.0 + self._settled_doubt))
        scale = spread * np.maximum(np.minimum(self._range[row], self._size[row]), floor)
        return Expectation(
            level, settled, residual, scale, spread, (self._nights[row] >= rates.learn) & ~first, first, anew
        )

    def _start_anew(self, row: Rows, flow: F64, floor: F64) -> None:
        self._level[row] = flow
        self._growth[row] = self._watch[row] = 0.0
        self._offset[row] = 0.0
        self._seen[row] = 0
        self._nights[row] = 0
        self._range[row] = self._size[row] = 2 * floor  # counts as one night of that size
        self._before[row] = np.nan

    def learn(self, row: Rows, night: I64, seen: Expectation) -> None:
        """Let the nights that `expect` was asked about move the baseline."""
        rates, weekday = self.rates, night % WEEK
        limit = rates.clip * seen.scale
        moved = np.clip(seen.residual, -limit, limit)
        self._level[row] = seen.level + np.where(moved > 0, rates.level_rate, rates.fall_rate) * moved
        self._growth[row] += rates.growth_rate * self._watch[row] * moved
        share = np.maximum(rates.offset_rate, 1.0 / (self._seen[row, weekday] + 1))
        self._offset[row, weekday] += share * moved
        counted = np.maximum(self._nights[row] - (WEEK - 2), 1)
        share = np.where(seen.first, 0.0, np.maximum(rates.scale_rate, 1.0 / counted))
        self._size[row] += share * (MEAN_ABSOLUTE * np.abs(moved) / seen.spread - self._size[row])
        standard = seen.residual / seen.spread
        step = np.abs(standard - self._before[row])
        alone = np.isnan(step)
        step = np.minimum(np.where(alone, 0.0, step), np.sqrt(2.0) * limit / seen.spread)
        self._range[row] += np.where(alone, 0.0, share) * (step / MOVING_RANGE - self._range[row])
        self._before[row] = np.where(seen.first, np.nan, standard)
        self._count(row, night)

    def rebase(self, row: Rows, night: I64, level: F64, watch: Mask) -> None:
        """Move levels (m,) to `level`, m3/h, and forget growth; where `watch`, learn a new one from here on."""
        self._level[row] = level
        self._growth[row] = np.where(watch, self._growth[row], 0.0)
        self._watch[row] = np.where(watch, 1.0, 0.0)
        self._before[row] = np.nan
        self._count(row, night)

    def _count(self, row: Rows, night: I64) -> None:
        self._seen[row, night % WEEK] += 1
        self._nights[row] += 1
        self._last[row] = night

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Copies of the columns."""
        return {name[1:]: getattr(self, name).copy() for name in _COLUMNS}

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Become what gave `state`."""
        for name in _COLUMNS:
            setattr(self, name, state[name[1:]].copy())


_COLUMNS = ("_level", "_growth", "_watch", "_offset", "_seen", "_nights", "_range", "_size", "_before", "_last")
