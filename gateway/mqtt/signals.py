"""What a session tells its connection. Facts only: what to do about them is decided there."""

from dataclasses import dataclass
from enum import Enum, auto

__all__ = [
    "Accepted", "CanaryRefused", "CanaryReturned", "CanarySilent", "CanaryUnproven", "Dropped", "Failed",
    "FilterGranted", "FilterRefused", "QosLowered", "Refused", "ServerLeft", "SessionLost", "SessionShortened",
    "SessionState", "Signal", "Silent", "Subscribed", "WatchRefused", "WindowExceeded",
]  # fmt: skip


class SessionState(Enum):
    """Of the connection under way."""

    CLOSED = auto()
    CONNECTING = auto()
    OPEN = auto()
    CLOSING = auto()
    """Nothing more is taken in; the last PUBACKs are being proven."""
    FAILED = auto()
    """Nothing that comes means anything any more."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """CONNACK said yes."""

    session_present: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """CONNACK said no: close and try again later. reference: the server that it names instead."""

    code: int
    reason: str
    reference: str = ""


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
    """SUBACK refused a filter, or CONNACK said that it would; told once, though it is asked for again."""

    filter: str
    code: int


@dataclass(frozen=True, slots=True)
class FilterGranted:
    """A filter that was refused is granted now."""

    filter: str


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
    """The broker sent DISCONNECT. reference: the server that it names instead."""

    code: int
    reason: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class CanarySilent:
    """What we publish does not come back to us, though pings are answered: drop the connection."""

    what: str


@dataclass(frozen=True, slots=True)
class CanaryReturned:
    """The first one on a connection came back."""


@dataclass(frozen=True, slots=True)
class CanaryUnproven:
    """It never came back: it can't tell anything. Told once."""


@dataclass(frozen=True, slots=True)
class CanaryRefused:
    """The broker forbids it: it can't tell anything. Told once."""

    doing: str
    """"subscribe" or "publish"."""
    code: int | None
    """None: it hangs up instead of saying so."""


Signal = (
    Accepted
    | Refused
    | SessionLost
    | SessionShortened
    | Subscribed
    | FilterRefused
    | FilterGranted
    | QosLowered
    | WatchRefused
    | WindowExceeded
    | Dropped
    | Silent
    | Failed
    | ServerLeft
    | CanarySilent
    | CanaryReturned
    | CanaryUnproven
    | CanaryRefused
)
