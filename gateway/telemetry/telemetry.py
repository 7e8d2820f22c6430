"""One place where an event becomes a log line and moves a counter. No globals: registry and logger are given."""

import threading
from collections.abc import Callable
from dataclasses import fields
from re import sub
from time import monotonic as system_monotonic
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from gateway.telemetry.event import Event
from gateway.telemetry.events import EVENTS
from gateway.telemetry.logs import Logger

__all__ = ["OTHER", "Telemetry"]

OTHER = "other"
"""Stands for a label value that is in no closed list, so that nothing can make metrics grow without bound."""


class Telemetry:
    """Thread-safe. `monotonic` drives the rate limit only."""

    def __init__(
        self, registry: CollectorRegistry, logger: Logger, monotonic: Callable[[], float] = system_monotonic
    ) -> None:
        self.registry = registry
        self.logger = logger
        self._monotonic = monotonic
        self._kinds = {kind: _Kind(kind, registry) for kind in EVENTS}
        self._lock = threading.Lock()
        self._spoken: dict[tuple[type[Event], tuple[str, ...]], list[float]] = {}

    def use(self, logger: Logger) -> None:
        """Log by another from now on."""
        self.logger = logger

    def emit(self, event: Event) -> None:
        """Count it, and log it unless the same kind of event was logged just now; then the next line says how many."""
        kind = self._kinds[type(event)]
        labels = kind.count(event)
        silent = 0
        if kind.every_secs > 0:
            now = self._monotonic()
            with self._lock:
                # [when it may be logged again, how many were not]
                last = self._spoken.get((type(event), labels))
                if last is not None and now < last[0]:
                    last[1] += 1
                    return
                silent = int(last[1]) if last is not None else 0
                self._spoken[type(event), labels] = [now + kind.every_secs, 0]
        facts: dict[str, Any] = {name: getattr(event, name) for name in kind.fields}
        if silent:
            facts["not_logged"] = silent
        getattr(self.logger, kind.level)(kind.text, **facts)


class _Kind:
    """What is the same for all events of a class, worked out once."""

    def __init__(self, kind: type[Event], registry: CollectorRegistry) -> None:
        self.level = kind.LEVEL.value
        self.every_secs = kind.EVERY_SECS
        self.fields = tuple(field.name for field in fields(kind))
        self.text = sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__.removesuffix("Error")).lower()
        self._amount = kind.AMOUNT
        self._allowed = tuple(kind.LABELS.items())
        summary = (kind.__doc__ or kind.__name__).split("\n", 1)[0]
        self._counter = Counter(f"cityloom_{kind.COUNTER}", summary, tuple(kind.LABELS), registry=registry)
        self._children: dict[tuple[str, ...], Counter] = {}

    def count(self, event: Event) -> tuple[str, ...]:
        """Move the counter; give the values of its labels."""
        amount = getattr(event, self._amount) if self._amount else 1
        given = tuple(str(getattr(event, name)) for name, _ in self._allowed)
        labels = tuple(
            value if value in allowed else OTHER for value, (_, allowed) in zip(given, self._allowed, strict=True)
        )
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels) if labels else self._counter
        child.inc(amount)
        return labels
