"""What operators look at while it runs: rates, latencies, newest rejects; fed after each commit. Bounded, in memory."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from math import log
from typing import Any

import numpy as np

from gateway.engine.alarm_model import AlarmState, Transition
from gateway.engine.results import Reject, StepResult
from gateway.runtime.troubles import Troubles

__all__ = ["Growth", "Latency", "LiveView", "Rate", "StandingAlarms"]

_BUCKETS = 512
_FLOOR_SECS = 1e-5
_GROWTH = 1.04


class Latency:
    """Percentiles of durations in log buckets 4 % apart, from 10 us to an hour and a half."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS, np.int64)
        self.worst = 0.0

    def observe(self, secs: float, times: int = 1) -> None:
        """Count a duration `times` times."""
        place = int(log(max(secs, _FLOOR_SECS) / _FLOOR_SECS) / log(_GROWTH))
        self._counts[min(place, _BUCKETS - 1)] += times
        self.worst = max(self.worst, secs)

    def percentile(self, share: float) -> float:
        """Seconds; NaN before the first duration."""
        total = int(self._counts.sum())
        if not total:
            return float("nan")
        place = int(np.searchsorted(np.cumsum(self._counts), share * total))
        return float(min(_FLOOR_SECS * _GROWTH ** (place + 0.5), self.worst))


class Rate:
    """Events a second over the last `span` seconds of the monotonic clock."""

    def __init__(self, span: float = 5.0) -> None:
        self._span = span
        self._events: deque[tuple[float, int]] = deque(maxlen=4096)

    def add(self, now: float, amount: int) -> None:
        """Count `amount` events."""
        self._events.append((now, amount))

    def per_second(self, now: float) -> float:
        """The rate now."""
        while self._events and self._events[0][0] < now - self._span:
            self._events.popleft()
        if not self._events:
            return 0.0
        return sum(amount for _, amount in self._events) / max(now - self._events[0][0], 1.0)


class Growth:
    """How fast a total has grown over the last minutes of the monotonic clock."""

    def __init__(self, span: float = 300.0, step: float = 2.0) -> None:
        self._span, self._step = span, step
        self._seen: deque[tuple[float, float]] = deque()

    def per_second(self, now: float, total: float) -> float | None:
        """The rate up to now, where `total` has been reached; None at the first look. Look every few seconds."""
        seen = self._seen
        while len(seen) > 1 and seen[1][0] <= now - self._span:
            seen.popleft()
        if not seen or now - seen[-1][0] >= self._step:
            seen.append((now, total))
        since, before = seen[0]
        return (total - before) / (now - since) if now > since else None


class StandingAlarms:
    """Alarms that are not normal, as their newest transitions left them; bounded by what there is to be wrong."""

    def __init__(self) -> None:
        self._open: dict[str, Transition] = {}

    def take(self, transitions: Iterable[Transition]) -> None:
        """Changes, in order."""
        for change in transitions:
            if change.state == AlarmState.NORMAL or change.historic:
                self._open.pop(change.alarm, None)
            else:
                self._open[change.alarm] = change

    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        return dict(Counter(change.state for change in self._open.values()))

    def most_urgent(self, most: int) -> list[Transition]:
        """Those that nobody has acknowledged first, then by priority, then the newest."""
        waits = AlarmState.UNACKNOWLEDGED
        order = sorted(self._open.values(), key=lambda c: (c.state != waits, c.priority, -c.since, c.alarm))
        return order[:most]


class LiveView:
    """One gateway's view of itself. Called from the event loop only."""

    def __init__(self) -> None:
        self.messages = Rate()
        self.readings = Rate()
        self.ack = Latency()
        self.stored = Latency()
        self.outbox = Growth()
        """Bytes appended to the outbox."""
        self.aggregates_written = 0
        self.aggregates_revised = 0
        self.alarms = StandingAlarms()
        self.troubles = Troubles()
        self._rejects: deque[Reject] = deque(maxlen=20)

    def committed(self, now: float, messages: int, result: StepResult) -> None:
        """A call's outputs are durable."""
        self.messages.add(now, messages)
        self.readings.add(now, len(result.readings))
        self.aggregates_written += len(result.aggregates)
        self._rejects.extend(result.rejects)
        self.alarms.take(result.transitions)
        self.troubles.take(result)

    def revised(self, windows: int) -> None:
        """The reviser wrote new revisions."""
        self.aggregates_revised += windows

    def newest_rejects(self) -> Sequence[Reject]:
        """Newest first."""
        return list(reversed(self._rejects))

    def latency_ms(self) -> dict[str, Any]:
        """Percentiles for `--json`; None where nothing was measured."""
        out: dict[str, float | None] = {}
        for name, latency in (("ack", self.ack), ("stored", self.stored)):
            for label, share in (("p50", 0.5), ("p99", 0.99)):
                secs = latency.percentile(share)
                out[f"{name}_{label}"] = None if np.isnan(secs) else round(secs * 1000, 3)
        return out
