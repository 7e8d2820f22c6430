"""What a source reports to whoever runs it. The application turns these into log lines and counters."""

from typing import Protocol

import structlog

__all__ = ["LoggedEvents", "SourceEvents"]


class SourceEvents(Protocol):
    """One method an event; `source` is the source's name. Called from the event loop; they must not block."""

    def connected(self, source: str, address: str, *, session_present: bool, after_secs: float) -> None:
        """Connected, and every filter has its answer. after_secs: since the source began to try."""
        ...

    def unreachable(self, source: str, address: str, problem: str, retry_in: float) -> None:
        """No connection came about (also where the broker refused us); tried again in `retry_in` seconds."""
        ...

    def connection_lost(self, source: str, problem: str, retry_in: float) -> None:
        """The connection ended without our doing."""
        ...

    def sent_away(self, source: str, code: int | None, problem: str, remedy: str) -> None:
        """The broker wants us gone, and it won't pass by itself; told each time. code None: unsaid."""
        ...

    def canary_silent(self, source: str, problem: str) -> None:
        """The broker answers and yet passes nothing on: what came meanwhile may be lost. It is connected to anew."""
        ...

    def canary_returned(self, source: str) -> None:
        """What we publish comes back, for the first time on this connection."""
        ...

    def canary_unusable(self, source: str, problem: str) -> None:
        """The broker's rules forbid the canary, or it never came back: nothing is made of its silence."""
        ...

    def subscribe_refused(self, source: str, pattern: str, code: int) -> None:
        """What is published by this filter does not come. It is asked for again, and told once."""
        ...

    def subscribe_granted(self, source: str, pattern: str) -> None:
        """A filter that was refused is granted now."""
        ...

    def qos_lowered(self, source: str, pattern: str) -> None:
        """QoS 0 was granted where 1 was asked: what comes by this filter can be lost."""
        ...

    def session_lost(self, source: str, seconds: float | None) -> None:
        """The broker forgot our session: what it queued is lost. seconds: since we last heard it; None: unknown."""
        ...

    def session_shortened(self, source: str, seconds: int) -> None:
        """The broker keeps our session for this long only, less than asked."""
        ...

    def window_exceeded(self, source: str, in_flight: int, receive_maximum: int) -> None:
        """The broker sends more than we asked for without acknowledgement; it is held back by not reading."""
        ...

    def dropped_at_broker(self, source: str, count: int) -> None:
        """The broker's counter says that it dropped this many more messages, of any of its clients."""
        ...

    def watch_refused(self, source: str) -> None:
        """The broker doesn't tell how many messages it dropped."""
        ...


class LoggedEvents:
    """Log lines only."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("gateway.mqtt")

    def connected(self, source: str, address: str, *, session_present: bool, after_secs: float) -> None:
        """See SourceEvents."""
        self._log.info(
            "broker connected", source=source, address=address, session_present=session_present, after_secs=after_secs
        )

    def unreachable(self, source: str, address: str, problem: str, retry_in: float) -> None:
        """See SourceEvents."""
        self._log.warning("broker unreachable", source=source, address=address, problem=problem, retry_in=retry_in)

    def connection_lost(self, source: str, problem: str, retry_in: float) -> None:
        """See SourceEvents."""
        self._log.warning("broker connection lost", source=source, problem=problem, retry_in=retry_in)

    def sent_away(self, source: str, code: int | None, problem: str, remedy: str) -> None:
        """See SourceEvents."""
        self._log.error("broker sent us away", source=source, code=code, problem=problem, remedy=remedy)

    def canary_silent(self, source: str, problem: str) -> None:
        """See SourceEvents."""
        self._log.error("broker is silent", source=source, problem=problem)

    def canary_returned(self, source: str) -> None:
        """See SourceEvents."""
        self._log.debug("canary returned", source=source)

    def canary_unusable(self, source: str, problem: str) -> None:
        """See SourceEvents."""
        self._log.warning("canary unusable", source=source, problem=problem)

    def subscribe_refused(self, source: str, pattern: str, code: int) -> None:
        """See SourceEvents."""
        self._log.error("subscription refused", source=source, filter=pattern, code=code)

    def subscribe_granted(self, source: str, pattern: str) -> None:
        """See SourceEvents."""
        self._log.info("subscription granted after all", source=source, filter=pattern)

    def qos_lowered(self, source: str, pattern: str) -> None:
        """See SourceEvents."""
        self._log.warning("subscription granted at QoS 0 only", source=source, filter=pattern)

    def session_lost(self, source: str, seconds: float | None) -> None:
        """See SourceEvents."""
        self._log.error("broker lost our session", source=source, seconds=seconds)

    def session_shortened(self, source: str, seconds: int) -> None:
        """See SourceEvents."""
        self._log.warning("broker keeps our session for less than asked", source=source, seconds=seconds)

    def window_exceeded(self, source: str, in_flight: int, receive_maximum: int) -> None:
        """See SourceEvents."""
        self._log.warning(
            "broker exceeds our receive maximum", source=source, in_flight=in_flight, receive_maximum=receive_maximum
        )

    def dropped_at_broker(self, source: str, count: int) -> None:
        """See SourceEvents."""
        self._log.error("broker dropped messages", source=source, count=count)

    def watch_refused(self, source: str) -> None:
        """See SourceEvents."""
        self._log.info("broker does not tell what it drops", source=source)
