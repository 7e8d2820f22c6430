"""What a store lost, for want of room in the outbox or with damaged files, as status and commands tell it."""

from typing import Any

from gateway.journal.outbox import Outbox

__all__ = ["losses"]

_SPANS = 5
_CLOSE_HOURS = 1


def losses(outbox: Outbox, store: str) -> dict[str, Any]:
    """How many readings, and from when to when by their own time (UTC ns): the newest spans, the latest first."""
    hours = outbox.lost_hours(store)
    spans: list[dict[str, Any]] = []
    newest = 0
    for hour, lost in reversed(hours.items()):
        if spans and newest - hour <= _CLOSE_HOURS:
            spans[-1]["from"] = lost.first
            spans[-1]["readings"] += lost.readings
        else:
            spans.append({"from": lost.first, "to": lost.last, "readings": lost.readings})
        newest = hour
    return {"readings": sum(lost.readings for lost in hours.values()), "spans": spans[:_SPANS]}
