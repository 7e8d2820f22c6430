"""What congestion tells beside its alarm: figures of each segment, and events with their length and spread.

    delay time proportion --> dtp, tpi, level of every judgement
                          --> events: begin at a level, end at a better one
                              at the end: congestion_secs, congestion_worst (level), and how far it reached at most:
                              congestion_segments, congestion_km of neighbouring segments with an event at that time

Events spread over neighbours within a zone, as they begin in order of arrival. Their start is their end less their
length. Source: see processors/conditions/traffic, delay.py and congestion_events.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.content import AssetFacts
from gateway.engine.conditions.base import moved
from gateway.engine.figures import Figure
from processors.columns import F64, I32, I64
from processors.conditions.traffic.congestion_events import CongestionEvents, EventKind
from processors.conditions.traffic.delay import DTP_EDGES, level_from_edges, performance_index

__all__ = ["Told"]

_PATIENCE = 3
"""Intervals without a judgement after which an event has ended."""


class Told:
    """Sources are those of the condition; `interval` ns is the time that a judgement covers, up to its own time."""

    def __init__(self, condition: str, start_level: int, end_level: int, interval: int) -> None:
        self._condition = condition
        self._interval = interval
        self._events = CongestionEvents(
            start_level=start_level, end_level=end_level, least=0, patience=_PATIENCE * interval
        )
        self._series: list[int] = []
        self._places: list[tuple[str, str]] = []
        """Segment and zone of each source."""
        self._facts: dict[str, AssetFacts] = {}
        self._open: dict[int, tuple[int, float]] = {}
        """Sources with an event, and how many segments and km it reached at most."""
        self._told: list[Figure] = []

    def add(self, series: int, segment: str, zone: str, facts: AssetFacts | None) -> None:
        """The next source: a lasting number of it, and where it is."""
        self._series.append(series)
        self._places.append((segment, zone))
        if facts is not None:
            self._facts[segment] = facts
        self._events.grow(len(self._places))

    def take(self, source: I32, ts: I64, dtp: F64) -> None:
        """Judgements in order of arrival, NaN where there is none."""
        tpi, level = performance_index(dtp), level_from_edges(dtp, DTP_EDGES)
        for one, at, *values in zip(
            source.tolist(), ts.tolist(), dtp.tolist(), tpi.tolist(), level.tolist(), strict=True
        ):
            if values[-1]:
                for name, value in zip(("dtp", "tpi", "level"), values, strict=True):
                    self._tell(one, name, "1", at, float(value))
        told = self._events.step(source, ts - self._interval, ts, level)
        for one, kind, start, end, worst in zip(*(column.tolist() for column in told.arrays().values()), strict=True):
            if kind == EventKind.STARTED:
                self._open[one] = (0, 0.0)
                self._spread(one)
            elif kind == EventKind.ENDED:
                segments, km = self._open.pop(one)
                self._tell(one, "congestion_secs", "s", end, (end - start) / 1e9)
                self._tell(one, "congestion_worst", "1", end, float(worst))
                self._tell(one, "congestion_segments", "1", end, float(segments))
                if np.isfinite(km):
                    self._tell(one, "congestion_km", "km", end, km)

    def _spread(self, source: int) -> None:
        """An event has begun: it, and those that it touches, reach as far as all of them together."""
        there: dict[str, list[int]] = {}
        zone = self._places[source][1]
        for other in self._open:
            if self._places[other][1] == zone:
                there.setdefault(self._places[other][0], []).append(other)
        reached, ahead = {self._places[source][0]}, [self._places[source][0]]
        while ahead:
            facts = self._facts.get(ahead.pop())
            for name in facts.next if facts is not None else ():
                if name in there and name not in reached:
                    reached.add(name)
                    ahead.append(name)
        km = sum(self._length(name) for name in sorted(reached))
        for name in reached:
            for other in there[name]:
                segments, before = self._open[other]
                self._open[other] = max(segments, len(reached)), np.nan if np.isnan(km) else max(before, km)

    def _length(self, segment: str) -> float:
        facts = self._facts.get(segment)
        return np.nan if facts is None else facts.figures.get("length_m", np.nan) / 1000

    def _tell(self, source: int, name: str, unit: str, ts: int, value: float) -> None:
        segment, zone = self._places[source]
        self._told.append(Figure(self._condition, segment, zone, name, unit, ts, value))

    def figures(self) -> Sequence[Figure]:
        """What was told since this was last asked."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """The open events."""
        spread = [[source, segments, km] for source, (segments, km) in sorted(self._open.items())]
        return {"series": list(self._series), "events": self._events.snapshot(), "open": spread}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the series that are still here."""
        old, new = moved(state["series"], self._series)
        held = self._events.snapshot()
        for name, column in held.items():
            column[new] = state["events"][name][old]
        self._events.restore(held)
        place = dict(zip(old.tolist(), new.tolist(), strict=True))
        self._open = {
            place[int(source)]: (int(segments), float(km))
            for source, segments, km in state["open"]
            if int(source) in place
        }
