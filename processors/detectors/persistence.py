"""Small differences that last: the smoothed difference from what is usual, against how large it usually is.

    smooth += share * (clip(z, +-2 clip) - smooth)      share = passed / (passed + span), a quarter at most
    z'      = smooth / usual size of smooth, in robust sigmas

The usual size is learned, so noise that hangs together (as levels and flows do) doesn't look like persistence.
Source: exponentially weighted moving average chart (Roberts 1959) with a learned instead of a computed limit.
"""

from typing import ClassVar

import numpy as np

from processors.columns import F64
from processors.detectors.level import MEAN_ABSOLUTE, Met
from processors.detectors.state import Rows, SeriesState

__all__ = ["Persistence"]

_LARGEST_SHARE = 0.25
"""Of one reading: what lasts takes a few."""
_SETTLED = 0.25
"""Days until the usual size is known."""


class Persistence(SeriesState):
    """State of many series. `span` in days, `clip` in robust sigmas."""

    SPEC: ClassVar = {"smooth": ("float64", 0), "size": ("float64", 0)}

    def __init__(self, span: float, clip: float) -> None:
        super().__init__()
        self._span = span
        self._clip = clip

    def meet(self, rows: Rows, z: F64, met: Met) -> F64:
        """Smooth `z` (m,), in robust sigmas, and say how unusual that is, in robust sigmas of its own."""
        columns = self._table.columns
        smooth, size = columns["smooth"][rows], columns["size"][rows]
        share = np.minimum(met.passed / (met.passed + self._span), _LARGEST_SHARE)
        smooth = smooth + share * (np.clip(z, -2.0 * self._clip, 2.0 * self._clip) - smooth)
        known = ~met.young & (met.age >= _SETTLED)
        unusual = np.where(known, smooth / (MEAN_ABSOLUTE * (size + 1e-3)), 0.0)
        limit = np.where(met.young, np.inf, self._clip * MEAN_ABSOLUTE * size + 0.1)
        columns["smooth"][rows] = smooth
        columns["size"][rows] = size + met.gain * (np.minimum(np.abs(smooth), limit) - size)
        return unusual
