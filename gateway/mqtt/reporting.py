"""From a session's signals to what is told of a source: events, and why a connection ended and what to do about it."""

from typing import NamedTuple

from gateway.mqtt.events import SourceEvents
from gateway.mqtt.reason_codes import reason_of
from gateway.mqtt.signals import (
    CanaryRefused,
    CanaryReturned,
    CanarySilent,
    CanaryUnproven,
    Dropped,
    Failed,
    FilterGranted,
    FilterRefused,
    QosLowered,
    Refused,
    ServerLeft,
    SessionShortened,
    Signal,
    Silent,
    WatchRefused,
    WindowExceeded,
)

__all__ = ["Ending", "ending_of", "report"]


class Ending(NamedTuple):
    """Why a connection ends. remedy: somebody has to do this."""

    problem: str
    code: int | None = None
    remedy: str = ""


def ending_of(signal: Signal) -> Ending | None:
    """None: the connection goes on."""
    match signal:
        case Silent(what):
            return Ending(what)
        case CanarySilent(what):
            return Ending(what)
        case Failed(code, problem):
            return Ending(f"{problem} (0x{code:02X})")
        case Refused(code, reason, reference):
            return _sent_away("refused by the broker", code, reason, reference)
        case ServerLeft(code, reason, reference):
            return _sent_away("the broker disconnected us", code, reason, reference)
        case _:
            return None


def report(signal: Signal, events: SourceEvents, name: str, canary_topic: str) -> None:
    """Tell what is told as it is."""
    match signal:
        case SessionShortened(seconds):
            events.session_shortened(name, seconds)
        case FilterRefused(pattern, code):
            events.subscribe_refused(name, pattern, code)
        case FilterGranted(pattern):
            events.subscribe_granted(name, pattern)
        case QosLowered(pattern):
            events.qos_lowered(name, pattern)
        case WatchRefused():
            events.watch_refused(name)
        case WindowExceeded(in_flight, receive_maximum):
            events.window_exceeded(name, in_flight, receive_maximum)
        case Dropped(count):
            events.dropped_at_broker(name, count)
        case CanaryReturned():
            events.canary_returned(name)
        case CanaryRefused(doing, code):
            why = "it hangs up" if code is None else f"{reason_of(code).text} (0x{code:02X})"
            events.canary_unusable(name, f"the broker does not let us {doing} {canary_topic}: {why}")
        case CanaryUnproven():
            events.canary_unusable(name, f"what we publish on {canary_topic} never came back")


def _sent_away(how: str, code: int, reason: str, reference: str) -> Ending:
    meant = reason_of(code)
    instead = f"; it names {reference}" if reference else ""
    return Ending(f"{how}: {reason} (0x{code:02X}){instead}", code, meant.remedy)
