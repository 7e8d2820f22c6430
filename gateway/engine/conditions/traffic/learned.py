"""Free-flow speed of segments as conditions keep it: learned by source, with the speed limit until enough is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gateway.config.content import AssetFacts
from gateway.engine.conditions.base import moved
from processors.columns import F64, I64
from processors.conditions.traffic.free_flow import FreeFlow

__all__ = ["LearnedFreeFlow"]

_DAY = 86_400_000_000_000


class LearnedFreeFlow:
    """Sources are numbered in order of `add`; `series` is a lasting number of each."""

    def __init__(self, half_life_days: float, least: int) -> None:
        self.series: list[int] = []
        self._prior: list[float] = []
        self._free = FreeFlow(half_life=round(half_life_days * _DAY), least=least)

    def add(self, series: int, facts: AssetFacts | None) -> int:
        """A source on a segment of which `facts` may tell the limit."""
        self.series.append(series)
        self._prior.append(facts.figures.get("free_flow_kmh", np.nan) if facts is not None else np.nan)
        self._free.grow(len(self._prior))
        return len(self._prior) - 1

    def learn(self, source: Any, ts: I64, speed: F64) -> F64:
        """Take in speeds; the free flow after each. Rows of one source in time order."""
        return self._free.learn(source, ts, speed, np.array(self._prior)[source])

    def now(self, source: I64) -> F64:
        """Free flow of sources as it stands."""
        return self._free.estimate(source, np.array(self._prior)[source])

    def snapshot(self) -> dict[str, Any]:
        """What was learned."""
        return {"series": list(self.series), **self._free.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the series that are still here."""
        old, new = moved(state["series"], self.series)
        learned = self._free.snapshot()
        for name, column in learned.items():
            column[new] = state[name][old]
        self._free.restore(learned)
