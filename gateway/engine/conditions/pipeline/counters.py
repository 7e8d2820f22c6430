"""Counters of customers' meters at the edges of days: what each counted in a day is the difference of two.

midnight |            midnight |             the newest reading before each midnight, not older than two hours;
    x   x|    x   x   x   x   x|             a counter that fell was changed: what it counted is not known
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.engine.conditions.base import Places
from processors.columns import F64, I64, AggregateBatch

__all__ = ["DayCounters"]

_STEP = 3600
_HOUR = 3_600_000_000_000
_OLDEST = 2 * _HOUR
_MOST = 8
"""Midnights that are kept of a meter: its area may lag behind it."""


class DayCounters:
    """Meters by series; their hours come in order of time."""

    def __init__(self) -> None:
        self.edges: I64 = np.empty(0, np.int64)
        self._mine = Places()
        self._device: dict[int, str] = {}
        self._at: dict[str, dict[int, float]] = {}
        """Readings of each device at its newest midnights, in order."""
        self._since: dict[str, int] = {}
        """End of each device's first hour."""

    def add(self, series: int, device: str) -> None:
        """Meet the counter of a device."""
        self._mine.put(series, 1)
        self._device[series] = device

    @property
    def steps(self) -> Sequence[int]:
        """Lengths of the windows whose last readings it keeps."""
        return (_STEP,)

    def take(self, batch: AggregateBatch) -> None:
        """Keep the last readings of hours that end shortly before a midnight."""
        mine = np.flatnonzero((batch.step == _STEP) & (batch.count > 0) & (self._mine.of(batch.series) > 0))
        end = batch.start[mine] + _HOUR
        number = np.searchsorted(self.edges, end)  # of the first midnight at or after it
        number = np.minimum(number, len(self.edges) - 1)
        edge = self.edges[number] if len(mine) else end
        near = np.flatnonzero((edge >= end) & (edge - end < _OLDEST))
        for k in near.tolist():
            mine_at = self._at.setdefault(self._device[int(batch.series[mine[k]])], {})
            mine_at[int(edge[k])] = float(batch.last[mine[k]])
        for series, at in zip(batch.series[mine].tolist(), end.tolist(), strict=True):
            self._since.setdefault(self._device[series], at)

    def heard_by(self, devices: Iterable[str], end: int) -> list[str]:
        """Those whose first hour lies before a midnight."""
        return sorted(name for name in devices if self._since.get(name, end + 1) <= end)

    def trim(self) -> None:
        """Forget old midnights, once the areas have been judged as far as they have come."""
        for mine_at in self._at.values():
            while len(mine_at) > _MOST:
                del mine_at[next(iter(mine_at))]

    def counted(self, devices: list[str], begin: int, end: int) -> F64:
        """m3 that each of these counted between two midnights; NaN where that is not known."""
        at = [self._at.get(name, {}) for name in devices]
        used = np.array([each.get(end, np.nan) - each.get(begin, np.nan) for each in at], np.float64)
        return np.where(used >= 0, used, np.nan)

    def snapshot(self) -> dict[str, Any]:
        """The readings that are kept."""
        at = [[name, edge, value] for name, at in sorted(self._at.items()) for edge, value in at.items()]
        return {"at": at, "since": dict(sorted(self._since.items()))}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave."""
        for name, edge, value in state["at"]:
            self._at.setdefault(str(name), {})[int(edge)] = float(value)
        self._since = {str(name): int(at) for name, at in state["since"].items()}
