"""What a session tells its connection. Facts only: what to do about them is decided there."""

from dataclasses import dataclass

__all__ = [
    "Accepted", "Dropped", "Failed", "FilterRefused", "QosLowered", "Refused", "ServerLeft", "SessionLost",
    "SessionShortened", "Signal", "Silent", "Subscribed", "WatchRefused", "WindowExceeded",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Accepted:
    """CONNACK said yes."""

    session_present: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """CONNACK said no: close and try again later."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class SessionLost:
    """We had a session and the broker doesn't: what it queued and was not handed over is gone."""


@dataclass(frozen=True, slots=True)
class SessionShortened:
    """The broker keeps the session for less time than asked for."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Every wanted filter has its answer."""

    filters: int


@dataclass(frozen=True, slots=True)
class FilterRefused:
    """SUBACK refused a filter; it stays refused until the next process."""

    filter: str
    code: int


@dataclass(frozen=True, slots=True)
class QosLowered:
    """SUBACK granted QoS 0 where 1 was asked: what comes by this filter is not acknowledged."""

    filter: str


@dataclass(frozen=True, slots=True)
class WatchRefused:
    """The broker doesn't give its `$SYS` counters."""


@dataclass(frozen=True, slots=True)
class WindowExceeded:
    """The broker has more in flight than we asked for; said once a connection."""

    in_flight: int
    receive_maximum: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The broker says that it dropped `count` more messages (of any of its clients)."""

    count: int


@dataclass(frozen=True, slots=True)
class Silent:
    """No sign of life in time: drop the connection."""

    what: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The broker broke the protocol; a DISCONNECT with `code` is in the bytes to send. Close."""

    code: int
    problem: str


@dataclass(frozen=True, slots=True)
class ServerLeft:
    """The broker sent DISCONNECT."""

    code: int
    reason: str


Signal = (
    Accepted
    | Refused
    | SessionLost
    | SessionShortened
    | Subscribed
    | FilterRefused
    | QosLowered
    | WatchRefused
    | WindowExceeded
    | Dropped
    | Silent
    | Failed
    | ServerLeft
)
