"""Queues: neighbouring detectors of a road that all stand in slow, dense traffic, with the queue's length.

    occupancy, speed --> queued or not --> runs along the road --> traffic.queue at the segment of the head, in km

A window is judged at its end, all detectors of a zone at once; one that says nothing is bridged between two that are
queued. Where a segment has several queues, one a carriageway, the longest counts.
Source: see processors/conditions/traffic/queue.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.traffic import QueueCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.traffic.detectors import Detectors, Rows
from gateway.engine.conditions.traffic.roads import Roads
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I64, AggregateBatch
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.queue import UNKNOWN, queue_states, queues

__all__ = ["QueueRule"]


class QueueRule(Rule):
    """See Condition. Sources are detectors, alarms are segments'."""

    by_window = True

    def __init__(self, spec: QueueCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._detectors = Detectors(spec.profile, (spec.occupancy, spec.speed), spec.window_secs)
        self._worst = Worst()
        self._roads: Roads | None = None
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        known = len(self._detectors)
        bound, fresh = self._detectors.bind(series, context)
        self._detectors.feed(self._worst, fresh, self._spec, context)
        if self._roads is None or len(self._detectors) != known:
            self._roads = self._detectors.roads(context.assets, self._spec.most_apart_m / 1000)
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._worst.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._detectors.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._detectors.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        rows = self._detectors.rows(batch, watermarks)
        return Signals.concat([self._window(part) for part in rows.by_window()]) if len(rows) else NOTHING

    def _window(self, rows: Rows) -> Signals:
        """One window of some zones, whole: queues don't leave a zone."""
        assert self._roads is not None
        spec, n = self._spec, len(self._detectors)
        here = queue_states(rows.values[:, 0], rows.values[:, 1], spec.least_occupancy, spec.most_speed)
        state = np.full(n, UNKNOWN, np.int8)
        state[rows.detector] = here
        road = np.where(np.isnan(self._roads.road), 0.0, self._roads.road)
        found = queues(state, self._roads.downstream, road, bridge=True)
        enough = found.detectors >= spec.least_detectors
        length: F64 = np.full(n, np.nan)
        length[found.head[enough]] = found.length[enough]
        self._tell(int(rows.end[0]), found.head[enough], found.length[enough])
        known = rows.detector[here != UNKNOWN]
        level, held = step_levels(length[known], np.array(spec.high))
        ts = np.full(len(known), rows.end[0])
        value = np.where(np.isnan(length[known]), 0.0, length[known])
        return self._worst.take(self._detectors.source[known], ts, level, held, value) if len(known) else NOTHING

    def _tell(self, end: int, heads: I64, lengths: F64) -> None:
        longest: dict[str, tuple[float, str]] = {}
        for head, length in zip(heads.tolist(), lengths.tolist(), strict=True):
            segment = self._detectors.segments[head]
            longest[segment] = max(longest.get(segment, (0.0, "")), (length, self._detectors.zones[head]))
        for segment, (length, zone) in sorted(longest.items()):
            self._told.append(Figure(self.name, segment, zone, "queue_length", "km", end, length))

    def figures(self) -> Sequence[Figure]:
        """See Condition: `queue_length` of each window in which there is a queue, at the segment of its head."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self._worst.snapshot(), "detectors": self._detectors.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._worst.restore(state["worst"])
        self._detectors.restore(state["detectors"])
