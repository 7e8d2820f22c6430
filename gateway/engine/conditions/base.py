"""What a condition is to the engine: it names its alarms, and says in signals where they stand.

    new series --> bind: which alarm each feeds     readings, windows, ticks --> Signals --> Alarms

A condition sees readings of its own zone's devices only, and what it says of one asset never depends on another zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.config.content import AssetFacts
from gateway.engine.alarm_model import AlarmDefinition
from gateway.engine.alarms import Alarms
from gateway.engine.registry import Registry
from gateway.engine.results import SeriesName
from processors.columns import AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals

__all__ = ["Condition", "Context", "Places", "definition_of"]


@dataclass(slots=True)
class Context:
    """What conditions bind to."""

    registry: Registry
    alarms: Alarms
    assets: Mapping[str, AssetFacts]


class Condition(Protocol):
    """Never called concurrently. Everything that it learns is in its snapshot."""

    name: str

    def bind(self, series: Sequence[SeriesName], context: Context) -> None:
        """Meet new series, in order of their indices; each is told once."""
        ...

    def readings(self, batch: ReadingBatch) -> Signals:
        """Judge accepted readings that are not late."""
        ...

    def windows(self, batch: AggregateBatch) -> Signals:
        """Judge windows that have just closed."""
        ...

    def tick(self, now: int, live: bool, context: Context) -> Signals:
        """Judge what time alone changes."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """What it has learned."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave; the same series have been bound before."""
        ...


class Places:
    """For each series a number, -1 where there is none: which alarm it feeds, or which subject it belongs to."""

    def __init__(self) -> None:
        self._of = np.full(64, -1, np.int32)

    def put(self, series: int, number: int) -> None:
        """Give a series its number."""
        if series >= len(self._of):
            more = max(len(self._of), series + 1 - len(self._of))
            self._of = np.concatenate([self._of, np.full(more, -1, np.int32)])
        self._of[series] = number

    def of(self, series: NDArray[np.int32]) -> NDArray[np.int32]:
        """The numbers of series."""
        known = self._of
        if len(series) and int(series.max()) >= len(known):
            self.put(int(series.max()), -1)
            known = self._of
        found: NDArray[np.int32] = known[series]
        return found


def definition_of(spec: Any, asset: str, zone: str, lane: int) -> AlarmDefinition:
    """The alarm of a configured condition at an asset. spec: a model of gateway.config.conditions."""
    return AlarmDefinition(
        spec.name, asset, zone, spec.domain, tuple(spec.priorities), round(spec.on_delay_secs * 1e9),
        round(spec.off_delay_secs * 1e9), spec.latching, lane,
    )  # fmt: skip
