"""What each series is checked for: one array a setting, a row a series.

A threshold or a time of NaN or 0 is no threshold: the check is not asked for. A tolerance, floor or count of 0 is one.
"""

from dataclasses import dataclass, fields
from enum import IntFlag
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8
from processors.quality.verdict import is_set

__all__ = ["Check", "QualityLimits"]

Mask = NDArray[np.bool_]


class Check(IntFlag):
    """Checks that may be asked for a series; a uint8 in memory, never stored."""

    RATE_OF_CHANGE = 1
    SPIKE = 2
    FLAT_LINE = 4
    TIME_GAP = 8
    ATTENUATED_SIGNAL = 16
    CLIMATOLOGY = 32
    DATA_RECEPTION = 64


_FREE = ("flat_tolerance", "flat_count", "attenuated_count", "climatology_floor", "climatology_weeks")
"""Where 0 is a value."""


@dataclass(slots=True)
class QualityLimits:
    """Settings of n series, each (n,). `none(n)` gives the defaults, with nothing asked for."""

    rate_suspect: F64
    """Units per second."""
    rate_fail: F64
    spike_suspect: F64
    """Units."""
    spike_fail: F64
    spike_differential: Mask
    """The differential method instead of the average method."""
    flat_suspect: F64
    """Seconds."""
    flat_fail: F64
    flat_tolerance: F64
    """Units; 0: equal values only."""
    flat_count: F64
    """Values that make a flat line."""
    gap_suspect: F64
    """Seconds. The smaller of the two also ends a flat line."""
    gap_fail: F64
    attenuated_suspect: F64
    """Units."""
    attenuated_fail: F64
    attenuated_period: F64
    """Seconds; without it the check is not asked for."""
    attenuated_count: F64
    """Values without which a window says nothing."""
    attenuated_range: Mask
    """max - min instead of the standard deviation."""
    climatology_suspect: F64
    """Deviations."""
    climatology_fail: F64
    climatology_floor: F64
    """Units: the least deviation."""
    climatology_weeks: F64
    """Weeks without which an hour is not judged."""
    silent_factor: F64
    """Usual intervals that may pass."""
    silent_within: F64
    """Seconds that may pass (SenML ut); goes before the factor."""

    def __len__(self) -> int:
        return len(self.rate_suspect)

    @classmethod
    def none(cls, n: int) -> Self:
        """Of n series for which nothing is asked."""
        made: dict[str, NDArray[Any]] = {}
        for field in fields(cls):
            switch = field.name in ("spike_differential", "attenuated_range")
            made[field.name] = np.zeros(n, np.bool_) if switch else np.full(n, _DEFAULTS.get(field.name, np.nan))
        return cls(**made)

    @classmethod
    def of(cls, n: int, **settings: Any) -> Self:
        """Of n series: each setting a value for all of them, or one for each; the others as `none` has them.

        Raises ValueError where a setting is below 0 or there is no such setting.
        """
        made = cls.none(n)
        for name, setting in settings.items():
            if name not in cls.__dataclass_fields__:
                raise ValueError(f"no such limit: {name}")
            column = getattr(made, name)
            column[:] = setting
            if column.dtype != np.bool_:
                if (column < 0).any():
                    raise ValueError(f"{name} is not below 0")
                if name not in _FREE:
                    column[column == 0] = np.nan
        return made

    def grow(self, n: int) -> None:
        """Have `n` rows; nothing is asked for the new ones."""
        more = QualityLimits.none(max(n - len(self), 0))
        for field in fields(self):
            setattr(self, field.name, np.concatenate([getattr(self, field.name), getattr(more, field.name)]))

    def put(self, series: NDArray[np.intp], rows: "QualityLimits") -> None:
        """Have `rows` for `series`."""
        for field in fields(self):
            getattr(self, field.name)[series] = getattr(rows, field.name)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Some of the rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def asked(self) -> U8:
        """The checks (bits of `Check`) asked for each series."""
        asks = {
            Check.RATE_OF_CHANGE: is_set(self.rate_suspect, self.rate_fail),
            Check.SPIKE: is_set(self.spike_suspect, self.spike_fail),
            Check.FLAT_LINE: is_set(self.flat_suspect, self.flat_fail),
            Check.TIME_GAP: is_set(self.gap_suspect, self.gap_fail),
            Check.ATTENUATED_SIGNAL: is_set(self.attenuated_suspect, self.attenuated_fail)
            & is_set(self.attenuated_period),
            Check.CLIMATOLOGY: is_set(self.climatology_suspect, self.climatology_fail),
            Check.DATA_RECEPTION: is_set(self.silent_factor, self.silent_within),
        }
        bits = np.zeros(len(self), np.uint8)
        for check, asked in asks.items():
            bits[asked] |= np.uint8(check)
        return bits


_DEFAULTS = {
    "flat_tolerance": 0.0,
    "flat_count": 3.0,
    "attenuated_count": 3.0,
    "climatology_floor": 0.0,
    "climatology_weeks": 4.0,
}
