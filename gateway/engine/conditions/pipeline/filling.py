"""Filling: how full a drain's pipe is, and how near the water to the street. Every reading is judged.

    level / diameter of the asset --> 1 high, 2 surcharge     ground less invert, or the height at which it
                                      3 risk of overflow <--- spills, whichever is lower, less the margin

A well without a pipe is judged by the height at which it spills, and its filling is its share of that. The greatest
filling of each quarter of an hour is told as a figure. Source: see processors/conditions/pipeline/drain_level.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.drainage import FillingCondition
from gateway.config.content import AssetFacts
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.pipeline.drains import Drains, carried
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, ReadingBatch
from processors.conditions.pipeline.drain_level import drain_level, filling_degree
from processors.conditions.pipeline.peaks import Peaks
from processors.conditions.signals import Signals

__all__ = ["FillingRule"]

_QUARTER = 900_000_000_000


class FillingRule(Rule):
    """See Condition. Alarms are drains', or devices' that stand on none."""

    by_window = False

    def __init__(self, spec: FillingCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._drains = Drains(spec)
        self._peaks = Peaks(_QUARTER)
        self._limits: list[tuple[float, float, float, float]] = []
        """Diameter, height at which it spills, margin and high degree of each sensor."""
        self._columns: F64 | None = None
        self._figures: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        met = self._drains.meet(series, context)
        for each in met:
            diameter, spills = _shape(context.assets.get(each.record.asset))
            margin, high = (self._drains.threshold(each, key) for key in ("margin_m", "filling"))
            self._limits.append((diameter, spills, margin, high))
        if met:
            self._peaks.grow(len(self._drains))
            self._columns = None
        return [each.series for each in met]

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._drains.worst.keys()

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        sensor, ts, level = self._drains.levels(batch)
        if not len(sensor):
            return NOTHING
        if self._columns is None:
            self._columns = np.array(self._limits).T
        diameter, spills, margin, high = self._columns[:, sensor]
        now = drain_level(level, diameter, spills, margin, high)
        held = drain_level(level + self._spec.deadband_m, diameter, spills, margin, high)
        filling = np.where(np.isnan(diameter), level / spills, filling_degree(level, diameter))
        peak = self._peaks.update(sensor, ts, filling)
        self._figures += self._drains.figures("filling", "1", *peak)
        known = np.flatnonzero(now >= 0)
        return self._drains.worst.take(
            sensor[known], ts[known], now[known].astype(np.uint8), held[known].astype(np.uint8), filling[known]
        )

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._figures = self._figures, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self._drains.worst.snapshot(), "peaks": self._peaks.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        carried(self._peaks, state["peaks"], state["worst"]["series"], self._drains.series)
        self._drains.worst.restore(state["worst"])


def _shape(facts: AssetFacts | None) -> tuple[float, float]:
    """Diameter of the pipe and height above its invert at which it spills; NaN where not known."""
    if facts is None:
        return np.nan, np.nan
    figures = facts.figures
    ground = figures.get("ground_m", np.nan) - figures.get("invert_m", np.nan)
    return figures.get("diameter_m", np.nan), float(np.fmin(figures.get("crest_m", np.nan), ground))
