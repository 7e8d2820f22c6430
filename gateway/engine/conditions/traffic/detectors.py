"""Detectors of one profile: their windows as rows with a column a quantity, and their order along the road.

    windows of speed, flow, occupancy --> (end, detector, [speed, flow, occupancy])      NaN: not there

Every listed detector with a place has its number from the start, so neighbours stay the same as detectors are heard of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.config.content import AssetFacts
from gateway.engine.conditions.base import Context, Met, Places, definition_of
from gateway.engine.conditions.due import runs
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.conditions.traffic.roads import Roads, Spot, arranged
from gateway.engine.conditions.worst import Worst
from gateway.engine.results import DeviceRecord, SeriesName
from processors.columns import F64, I32, I64, AggregateBatch

__all__ = ["Detectors", "Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """One row a window and detector, in this order."""

    end: I64
    detector: I64
    values: F64
    """(rows, quantities)"""

    def __len__(self) -> int:
        return len(self.end)

    def by_window(self) -> Iterator["Rows"]:
        """The rows of each end."""
        for part in runs(self.end):
            yield Rows(self.end[part], self.detector[part], self.values[part])


class Detectors:
    """`names[k]` is the device with the number k."""

    def __init__(self, profile: str, quantities: Sequence[str], window_secs: int) -> None:
        self._profile, self._quantities = profile, tuple(quantities)
        self._means = WindowMeans(window_secs)
        self._number: dict[str, int] = {}
        self._detector, self._column = Places(), Places()
        self._spots: list[Spot | None] = []
        self._roads: Roads | None = None
        self.names: list[str] = []
        self.segments: list[str] = []
        """Asset of each, or the device itself where it has none: where its alarms are."""
        self.zones: list[str] = []
        self.heard: list[bool] = []
        self.source: I32 = np.empty(0, np.int32)
        """Of each, where its alarm is fed by `feed`; -1: not heard."""

    def __len__(self) -> int:
        return len(self.names)

    def bind(self, series: Sequence[SeriesName], context: Context) -> tuple[list[int], list[Met]]:
        """Meet series; gives those that are windowed here, and the first one of each detector that was not known."""
        if not self.names:
            for record in context.registry.records:
                if record.profile == self._profile and record.id in context.figures and context.is_judged(record):
                    self._meet(record, context)
        bound, fresh = [], []
        for met in context.met(series, self._profile, self._quantities):
            number = self._meet(met.record, context)
            if not self.heard[number]:
                self.heard[number] = True
                fresh.append(met)
            self._detector.put(met.series, number)
            self._column.put(met.series, self._quantities.index(met.quantity))
            self._means.add(met.series, met.lane)
            bound.append(met.series)
        return bound, fresh

    def _meet(self, record: DeviceRecord, context: Context) -> int:
        number = self._number.get(record.id)
        if number is None:
            number = self._number[record.id] = len(self.names)
            self.names.append(record.id)
            self.segments.append(record.asset or record.id)
            self.zones.append(record.zone)
            self.heard.append(False)
            self._spots.append(_spot(record, context.figures.get(record.id, {})))
            if self._spots[-1] is not None:
                self._roads = None
        return number

    def feed(self, worst: Worst, fresh: Sequence[Met], spec: Any, context: Context) -> None:
        """Give the alarm at the segment of each newly heard detector its source of `worst`: see `source`."""
        more = len(self) - len(self.source)
        self.source = np.concatenate([self.source, np.full(more, -1, np.int32)])
        for met in fresh:
            number = self._number[met.record.id]
            key = context.alarms.define(definition_of(spec, self.segments[number], met.record.zone, met.lane))
            self.source[number] = worst.add(met.series, context.registry.by_id(met.record.id), key)

    def number(self, name: str) -> int:
        """Number of a device that is known."""
        return self._number[name]

    def roads(self, assets: Mapping[str, AssetFacts], most_apart: float) -> Roads:
        """Neighbours, at most so many km apart. Asked with the same assets and distance each time."""
        if self._roads is None:
            self._roads = arranged(self._spots, assets, most_apart)
        elif len(self._roads.downstream) < len(self):
            # whoever came since stands nowhere that is known, and changes nobody's neighbours
            self._roads = self._roads.grown(len(self))
        return self._roads

    @property
    def steps(self) -> Sequence[int]:
        """Lengths of the windows that rows are made of."""
        return self._means.steps

    @property
    def lanes(self) -> Sequence[int]:
        """Those whose watermark alone can bring rows."""
        return self._means.lanes

    def rows(self, batch: AggregateBatch, watermarks: I64) -> Rows:
        """What closed windows say."""
        mine = self._detector.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        if not len(series):
            return Rows(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(self._quantities))))
        detector, column = self._detector.of(series), self._column.of(series)
        onward = (end[1:] > end[:-1]) | ((end[1:] == end[:-1]) & (detector[1:] >= detector[:-1]))
        if not onward.all():
            order = np.lexsort((detector, end))
            detector, column, end, mean = detector[order], column[order], end[order], mean[order]
        first = np.ones(len(end), np.bool_)
        first[1:] = (detector[1:] != detector[:-1]) | (end[1:] != end[:-1])
        values = np.full((int(first.sum()), len(self._quantities)), np.nan)
        values[np.cumsum(first) - 1, column] = mean
        return Rows(end[first], detector[first].astype(np.int64), values)

    def snapshot(self) -> dict[str, Any]:
        """What is gathered of windows that are not over, and whose numbers are which."""
        return {"names": list(self.names), "means": self._means.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave."""
        self._means.restore(state["means"])


def _spot(record: DeviceRecord, figures: Mapping[str, float]) -> Spot | None:
    """Where a detector stands, if that is known."""
    if not record.asset or "position_m" not in figures or figures.get("carriageway") not in (1, 2):
        return None
    return Spot(record.id, record.asset, int(figures["carriageway"]), figures["position_m"])
