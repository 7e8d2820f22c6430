"""The general detector: for series that no rule is written for. Learns what is usual as it goes; never looks ahead.

    value -> Level ------ residual --> SeasonalProfile -- z --> Persistence
               |                             |                       |
               | far from all that was seen  | wrong for this hour   | a little wrong for long
               +-----------------------------+-----------------------+--> RecordThreshold --> score, raised

One set of settings for all series: everything is measured in the series' own robust sigmas. A reading costs the same
however long the series is. Nothing is known beforehand: no range, no file's minimum or maximum.

Source: our own composition; each part names what it rests on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.detectors.level import MEAN_ABSOLUTE, Level, floor_of
from processors.detectors.persistence import Persistence
from processors.detectors.profile import SeasonalProfile
from processors.detectors.record_threshold import RecordThreshold
from processors.detectors.rounds import rounds
from processors.detectors.state import SeriesState

__all__ = ["GeneralDetector", "GeneralSettings"]


_LARGEST = 1e30
"""Larger values count as this one: a float32 holds it, and all sums and differences of a few of them."""


@dataclass(frozen=True, slots=True)
class GeneralSettings:
    """Settings for all series: sigmas, days, visits of an hour.

    Chosen in the middle of a plateau: README.md says how results move when each is changed by a quarter.
    """

    threshold: float = 4.5
    """Robust sigmas below which nothing is raised."""
    share: float = 0.8
    """Of the record that a reading must exceed."""
    half_life: float = 10.0
    """Days in which the record halves."""
    quiet: float = 0.5
    """Days without another one after something was raised."""
    warm: float = 1.0
    """Days after the first reading in which nothing is raised."""
    memory: float = 7.0
    """Days over which level and spread are learned."""
    day_memory: float = 14.0
    """Visits of an hour of the day that are remembered."""
    week_memory: float = 8.0
    """Visits of an hour of the week."""
    span: float = 2.0 / 24
    """Days over which small differences are added up."""
    clip: float = 4.0
    """Robust sigmas from which on a reading teaches no more than this."""
    largest: float = 30.0
    """Robust sigmas from which on all are alike."""


class GeneralDetector:
    """State of many series. Never called concurrently."""

    def __init__(self, settings: GeneralSettings | None = None) -> None:
        s = settings if settings is not None else GeneralSettings()
        self._warm = s.warm
        self._level = Level(s.clip, s.memory)
        self._profile = SeasonalProfile(s.clip, s.day_memory, s.week_memory)
        self._persistence = Persistence(s.span, s.clip)
        self._threshold = RecordThreshold(s.threshold, s.share, s.half_life, s.quiet, s.largest)
        self._parts: dict[str, SeriesState] = {
            "level": self._level, "profile": self._profile, "persistence": self._persistence,
            "threshold": self._threshold,
        }  # fmt: skip

    def __len__(self) -> int:
        return len(self._level)

    def step(self, series: I32, ts: I64, value: F64, utc_offset: int | I64 = 0) -> tuple[F64, NDArray[np.bool_]]:
        """Judge readings in their order of arrival, and learn from them.

        Parameters
        ----------
        series : (n,) index of each reading's series, below `len(self)`.
        ts : (n,) UTC ns.
        value : (n,) any unit; NaN where there is none.
        utc_offset : ns that local time is ahead of UTC, one or (n,): what an hour of the day means.

        Returns
        -------
        score, raised : (n,) the strongest evidence in robust sigmas, and whether it is to be told. NaN and False where
            nothing was judged: no value, a time that isn't newer than the series' last, or a series that is too new.

        Examples
        --------
        >>> detector = GeneralDetector()
        >>> detector.grow(1)
        >>> ts = np.arange(1000) * 300 * 10**9
        >>> value = np.where(np.arange(1000) == 900, 40.0, 20.0 + np.arange(1000) % 5)
        >>> score, raised = detector.step(np.zeros(1000, np.int32), ts, value)
        >>> np.flatnonzero(raised).tolist()
        [900]
        """
        score = np.full(len(series), np.nan)
        raised = np.zeros(len(series), np.bool_)
        usable = np.flatnonzero(np.isfinite(value))
        value = np.clip(value, -_LARGEST, _LARGEST)
        offset = np.broadcast_to(np.asarray(utc_offset, np.int64), series.shape)
        for turn in rounds(series[usable]):
            at = usable[turn]
            at = at[self._level.fresh(series[at].astype(np.intp), ts[at])]
            if len(at):
                score[at], raised[at] = self._round(series[at], ts[at], value[at], offset[at])
        return score, raised

    def usual(self, series: int, ts: I64, utc_offset: int | I64 = 0) -> tuple[F64, F64] | None:
        """What a series has shown to be usual at `ts` (UTC ns), as of now: the middle, and a robust sigma around it.

        None where nothing would be judged yet: too few readings, or not for `warm` days. Nothing is learned.
        """
        level, age, young = self._level.of(series)
        if young or age <= self._warm:
            return None
        offset = np.broadcast_to(np.asarray(utc_offset, np.int64), ts.shape)
        middle, spread = self._profile.usual(series, ts + offset)
        return level + middle, MEAN_ABSOLUTE * (spread + floor_of(np.full(len(ts), level)))

    def _round(self, series: I32, ts: I64, value: F64, offset: I64) -> tuple[F64, NDArray[np.bool_]]:
        rows = series.astype(np.intp)
        met = self._level.meet(rows, ts, value)
        z = self._profile.meet(rows, ts + offset, met)
        lasting = self._persistence.meet(rows, z, met)
        ready = ~met.young & (met.age > self._warm)
        score, raised = self._threshold.meet(rows, ts, met.passed, np.stack((met.z, z, lasting)), ready)
        return np.where(ready, score, np.nan), raised

    def grow(self, n: int) -> None:
        """Have room for `n` series."""
        for part in self._parts.values():
            part.grow(n)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays, copied: `part.column`."""
        return {
            f"{name}.{key}": column for name, part in self._parts.items() for key, column in part.snapshot().items()
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `snapshot` gave, of a detector with the same settings.

        Raises:
            ValueError: it is the state of something else.
        """
        of: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in self._parts}
        for name, column in state.items():
            part, _, key = name.partition(".")
            if part not in of:
                raise ValueError(f"no part of this detector: {part}")
            of[part][key] = column
        for name, columns in of.items():
            self._parts[name].restore(columns)

    def bytes_per_series(self) -> int:
        """Bytes of state of one series."""
        return sum(part.bytes_per_series() for part in self._parts.values())
