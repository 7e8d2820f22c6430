r"""Two-sided CUSUM of many series: evidence that a mean has moved up or down, and since when and how far.

    up   = max(0, up   + z - allowance)               crosses `limit`: the mean has moved up
    down = max(0, down - z - allowance)               the same below

    up |                    x > limit
       |                  /
       |   /\            /        run: the values since evidence last rose from nothing, or since one value
       |__/  \__________/         brought more than all before it; their mean says how far
       +---------------------->   since

Source: Page, Continuous inspection schemes, Biometrika 41 (1954) 100; the tabular form with allowance (reference value)
k and decision interval h, in standard deviations, is that of Montgomery's book. Both from memory, not looked up. That a
run starts anew at a value that outweighs it is ours: it keeps the quiet before a step out of its mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64

__all__ = ["Crossings", "TwoSidedCusum"]

Rows = NDArray[np.intp]
UP, DOWN = 0, 1


@dataclass(frozen=True, slots=True)
class Crossings:
    """What each value (m,) led to: `side` 1 or -1 where that limit was crossed, else 0, and of the run that crossed it
    the mean of its residuals, the time that it began at, and the base that held when evidence rose from nothing (0
    elsewhere)."""

    side: NDArray[np.int8]
    mean: F64
    since: I64
    base: F64


class TwoSidedCusum:
    """State of many series, one array (series, 2) a column: up and down."""

    def __init__(self, allowance: float, limit: float, most_down: float = np.inf) -> None:
        self._allowance = allowance
        self._limit = limit
        self._most_down = most_down
        self._sum = np.empty((0, 2))
        self._length = np.empty((0, 2), np.int32)
        self._total = np.empty((0, 2))
        self._since = np.empty((0, 2), np.int64)
        self._base = np.empty((0, 2))

    def __len__(self) -> int:
        return len(self._sum)

    def grow(self, n: int) -> None:
        """Have room for `n` series; new ones have no evidence."""
        more = n - len(self)
        if more > 0:
            self._sum = np.concatenate([self._sum, np.zeros((more, 2))])
            self._length = np.concatenate([self._length, np.zeros((more, 2), np.int32)])
            self._total = np.concatenate([self._total, np.zeros((more, 2))])
            self._since = np.concatenate([self._since, np.zeros((more, 2), np.int64)])
            self._base = np.concatenate([self._base, np.zeros((more, 2))])

    def add(self, row: Rows, residual: F64, scale: F64, at: I64, base: F64) -> Crossings:
        """Add one value to each of the series `row` (m,), no series twice.

        Parameters
        ----------
        residual, scale : (m,), what is judged is residual / scale.
        at : (m,), the time of each value; given back as `since`.
        base : (m, 2), from what a move up and a move down are to be measured; given back as it was when evidence last
            rose from nothing.

        Returns
        -------
        Crossings. Evidence is not reset: `reset` does that.
        """
        z = residual / scale
        bring = np.stack([z, -z], axis=1) - self._allowance
        bring[:, DOWN] = np.minimum(bring[:, DOWN], self._most_down)
        before = self._sum[row]
        now = np.maximum(before + bring, 0.0)
        runs = now > 0
        begins = runs & (bring > before)
        goes_on = runs & ~begins
        self._sum[row] = now
        self._length[row] = np.where(goes_on, self._length[row] + 1, runs)
        self._total[row] = np.where(goes_on, self._total[row], 0.0) + np.where(runs, residual[:, None], 0.0)
        self._since[row] = np.where(begins, at[:, None], np.where(runs, self._since[row], 0))
        self._base[row] = np.where(runs & (before <= 0), base, np.where(runs, self._base[row], 0.0))
        crossed = now > self._limit
        side = np.where(crossed[:, UP], 1, np.where(crossed[:, DOWN], -1, 0)).astype(np.int8)
        chosen, which = side != 0, np.where(side < 0, DOWN, UP)
        mean = self._total[row, which] / np.maximum(self._length[row, which], 1)
        return Crossings(
            side,
            np.where(chosen, mean, 0.0),
            np.where(chosen, self._since[row, which], 0),
            np.where(chosen, self._base[row, which], 0.0),
        )

    def reset(self, row: Rows) -> None:
        """Forget the evidence of both sides."""
        for column in (self._sum, self._length, self._total, self._since, self._base):
            column[row] = 0

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Copies of the columns."""
        return {name[1:]: getattr(self, name).copy() for name in _COLUMNS}

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Become what gave `state`."""
        for name in _COLUMNS:
            setattr(self, name, state[name[1:]].copy())


_COLUMNS = ("_sum", "_length", "_total", "_since", "_base")
