"""The catalogue of internal events: what the files named here define. event.py says what an event is."""

from gateway.telemetry import (
    access_events,
    broker_events,
    edge_events,
    live_events,
    process_events,
    reading_events,
    store_events,
)
from gateway.telemetry.event import Event

__all__ = ["EVENTS"]

_PARTS = (broker_events, process_events, reading_events, store_events, live_events, edge_events, access_events)

EVENTS: tuple[type[Event], ...] = tuple(
    kind
    for part in _PARTS
    for kind in vars(part).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
)
"""Every event there is."""
