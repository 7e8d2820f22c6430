"""Compliance: in which share of a period was each meter within its limits, and is that enough?

    10-min values ---> within? ---> counts of this week: known, within ---> share, coverage, verdict
                                          |                                      95 % of the week
                                    `reset` at the week's end

State is two counts a meter and measure, so weeks and years cost the same. A missing value is in no count: the share is
of the known ones, the coverage says how many of the expected ones these are, and below `least` of them there is no
verdict.

Source of the usual limits: EN 50160. Frequency: 10-s means within 49.5 ... 50.5 Hz in 99.5 % of a year (NI
documentation). Voltage within +-10 % (10-min means), unbalance up to 2 %, THD up to 8 %, each in 95 % of a week: from
memory, not looked up. GB/T 12325, 15543 and 14549 have other limits for the same measures: limits.py, unbalance.py; for
frequency GB/T 15945-2008 (as quoted on a vendor's page) has 0.2 Hz, 0.5 Hz where the system is small.
EN 50160 leaves values during interruptions out: give them as NaN.
"""

from enum import IntEnum
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, U8

__all__ = ["EN_HIGH", "EN_LOW", "EN_REQUIRED", "Compliance", "Figures", "Measure", "Verdict"]

U32 = NDArray[np.uint32]


class Measure(IntEnum):
    """What is counted; index of the limits below."""

    VOLTAGE = 0
    UNBALANCE = 1
    THD = 2
    FREQUENCY = 3


class Verdict(IntEnum):
    """Whether a period complies."""

    UNKNOWN = 0
    COMPLIES = 1
    FAILS = 2


EN_LOW: F64 = np.array([-10.0, -np.inf, -np.inf, 49.5])
"""Lowest value by measure: % deviation, %, %, Hz."""
EN_HIGH: F64 = np.array([10.0, 2.0, 8.0, 50.5])
"""Highest value by measure, in the same units."""
EN_REQUIRED: F64 = np.array([0.95, 0.95, 0.95, 0.995])
"""Share of the period that must be within."""


class Figures(NamedTuple):
    """A row a meter, a column a measure."""

    share: F64
    """Known values that were within, ratio; NaN where none is known."""
    coverage: F64
    """Known values over expected ones, ratio; may pass 1 if more came than expected."""
    verdict: U8
    """`Verdict` of each."""


class Compliance:
    """Counts of meters: 8 bytes a meter and measure."""

    def __init__(self) -> None:
        self._known = np.empty((0, len(Measure)), np.uint32)
        self._within = np.empty((0, len(Measure)), np.uint32)

    def __len__(self) -> int:
        return len(self._known)

    def grow(self, n: int) -> None:
        """Have `n` meters; new ones have counted nothing."""
        more = max(n - len(self), 0)
        self._known = np.pad(self._known, ((0, more), (0, 0)))
        self._within = np.pad(self._within, ((0, more), (0, 0)))

    def add(self, meter: I32, measure: U8, value: F64, low: float | F64, high: float | F64) -> None:
        """Count values.

        Parameters
        ----------
        meter : (n,) index below `len(self)`; any number of values of each.
        measure : (n,) `Measure`.
        value : (n,) 10-min values (frequency: 10-s means), in the unit of the limits; NaN = missing, not counted.
        low, high : limits, ends included, (n,) or one for all; -inf and +inf for none. ``EN_LOW[measure]`` gives those
            of EN 50160. Where a limit is NaN nothing is known, and nothing counted.
        """
        known = ~(np.isnan(value) | np.isnan(low) | np.isnan(high))
        within = known & (value >= low) & (value <= high)
        cell = meter.astype(np.int64) * len(Measure) + measure
        self._known += self._counted(cell[known])
        self._within += self._counted(cell[within])

    def figures(self, expected: int | NDArray[np.integer], least: float | F64, required: F64 = EN_REQUIRED) -> Figures:
        """What the period says so far.

        Parameters
        ----------
        expected : values that the period has, above 0; one for all or by measure (4,) or (meters, 4). A week has 1008
            of 10 min.
        least : coverage below which there is no verdict, ratio; broadcasts in the same way.
        required : share that must be within; broadcasts in the same way.

        Returns
        -------
        `Figures`, arrays (meters, 4).

        Examples
        --------
        >>> week = Compliance()
        >>> week.grow(1)
        >>> week.add(np.zeros(20, np.int32), np.zeros(20, np.uint8), np.r_[np.zeros(19), 12.0], -10.0, 10.0)
        >>> got = week.figures(expected=20, least=0.9)
        >>> got.share[0].tolist(), got.coverage[0].tolist(), got.verdict[0].tolist()
        ([0.95, nan, nan, nan], [1.0, 0.0, 0.0, 0.0], [1, 0, 0, 0])
        """
        known = self._known.astype(np.float64)
        share = self._within / np.where(known > 0, known, np.nan)
        coverage = known / np.asarray(expected)
        verdict = np.where(share >= required, Verdict.COMPLIES, Verdict.FAILS)
        verdict = np.where((known > 0) & (coverage >= least), verdict, Verdict.UNKNOWN)
        return Figures(share, coverage, verdict.astype(np.uint8))

    def _counted(self, cell: NDArray[np.int64]) -> U32:
        return np.bincount(cell, minlength=self._known.size).astype(np.uint32).reshape(self._known.shape)

    def reset(self, meter: I32 | None = None) -> None:
        """Begin a new period, for some meters or for all."""
        which = slice(None) if meter is None else meter
        self._known[which] = 0
        self._within[which] = 0

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays."""
        return {"known": self._known.copy(), "within": self._within.copy()}

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]]) -> Self:
        """The counts that gave `state`."""
        made = cls()
        made._known = state["known"].copy()
        made._within = state["within"].copy()
        return made
