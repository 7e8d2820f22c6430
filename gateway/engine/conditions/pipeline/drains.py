"""Level sensors of a condition, of one profile or of several: whose alarm each feeds, and what its figures are of.

    sensor --> the drain that it stands on    alarm: the worst of its sensors of one profile; figures: of one sensor
           --> itself                         where it stands on none, or another profile's sensor speaks for its drain

Of a drain's sensors the one with the least id speaks for it, whichever is heard first, and in alarms all of its
profile: readings of one profile come in order of arrival, those of two have no order among each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.places import Thresholds
from gateway.engine.conditions.base import Context, Met, Places, definition_of, moved
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, ReadingBatch
from processors.flags import Flag

__all__ = ["Drains", "Learned", "carried"]


class Learned(Protocol):
    """State of a rule's arithmetic, a row a sensor."""

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        ...


class Drains:
    """Sensors are numbered in order of their series."""

    def __init__(self, spec: Any, signs: int = 1) -> None:
        """`spec` is a condition of gateway.config.conditions.drainage; `signs`: what is judged of each sensor."""
        self.number = Places()
        """The sensor of a series."""
        self.worst = Worst()
        """Source `signs * sensor + sign` is a sign of a sensor."""
        self.series: list[int] = []
        self._spec, self._signs = spec, signs
        self._thresholds = Thresholds(spec.where)
        self._told: list[tuple[str, str]] = []
        """Name and zone for figures of each sensor."""
        self._speaker: dict[str, tuple[str, str]] | None = None
        """Id and profile of the sensor that speaks for a drain."""

    def __len__(self) -> int:
        return len(self.series)

    def meet(self, series: Sequence[SeriesName], context: Context, lane: int | None = None) -> list[Met]:
        """Take in those of new series that are levels; `lane` in place of a sensor's own for its alarm."""
        spec = self._spec
        found = [met for name in spec.profiles for met in context.met(series, name, (spec.quantity,))]
        found.sort(key=lambda met: met.series)
        for met in found:
            record = met.record
            speaker, profile = self._speakers(context).get(record.asset, (record.id, ""))
            place = record.asset if profile == record.profile else record.id
            which = met.lane if lane is None else lane
            key = context.alarms.define(definition_of(spec, place, record.zone, which))
            self.number.put(met.series, len(self.series))
            device = context.registry.by_id(record.id)
            for sign in range(self._signs):
                self.worst.add(met.series * self._signs + sign, device, key)
            self._told.append((place if speaker == record.id else record.id, record.zone))
            self.series.append(met.series)
        return found

    def _speakers(self, context: Context) -> dict[str, tuple[str, str]]:
        """By drain. Only listed devices stand on assets, and they are known before the first of them is heard."""
        if self._speaker is None:
            self._speaker = {}
            for record in sorted(context.registry.records, key=lambda record: record.id):
                if record.asset and record.profile in self._spec.profiles and context.is_judged(record):
                    self._speaker.setdefault(record.asset, (record.id, record.profile))
        return self._speaker

    def threshold(self, met: Met, key: str) -> Any:
        """What the condition says for a sensor's place."""
        record = met.record
        return self._thresholds.at(record.zone, record.asset, record.id).get(key, getattr(self._spec, key))

    def levels(self, batch: ReadingBatch) -> tuple[I32, I64, F64]:
        """Sensor, time and level of the readings that are no failures, in their order."""
        number = self.number.of(batch.series)
        which = np.flatnonzero((number >= 0) & (batch.flag < Flag.FAIL))
        return number[which], batch.ts[which], batch.value[which]

    def figures(self, name: str, unit: str, sensor: I32, ts: I64, value: F64) -> list[Figure]:
        """One for each finite value."""
        told = np.flatnonzero(np.isfinite(value))
        out = []
        for number, at, figure in zip(sensor[told].tolist(), ts[told].tolist(), value[told].tolist(), strict=True):
            place, zone = self._told[number]
            out.append(Figure(self._spec.name, place, zone, name, unit, at, figure))
        return out


def carried(learned: Learned, state: Mapping[str, Any], before: Sequence[int], after: Sequence[int]) -> None:
    """Take back what a snapshot has of the series that are still judged."""
    old, new = moved(before, after)
    columns = learned.snapshot()
    for name, column in columns.items():
        column[new] = state[name][old]
    learned.restore(columns)
