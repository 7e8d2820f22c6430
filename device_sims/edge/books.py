"""What edge nodes did, written down: figures of all of them, and their part of a run's truth.

EdgeLink --measured, sent, lost, born, asked, cut--> EdgeBooks --> EdgeSummary, Gaps a node
                                                         `-------> TruthWriter, spans of faults
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from device_sims.edge.gaps import Gaps
from device_sims.edge.node import PROFILE, EdgeNode, Packet
from device_sims.faults import FaultSpan
from device_sims.fleet.message import Message
from device_sims.kinds.base import Reading
from device_sims.truth.rows import TruthWriter

__all__ = ["EdgeBooks", "EdgeSummary"]

_CUT, _LOST = "outage", "lost"


@dataclass(slots=True)
class EdgeSummary:
    """What was done. `sent` were acknowledged by the broker, or at QoS 0 written; wills are in neither figure."""

    nodes: int
    devices: int
    messages: int = 0
    sent: int = 0
    readings: int = 0
    historical: int = 0
    """Those of the readings that came from what a node had kept."""
    connections: int = 0
    cuts: int = 0
    lost: int = 0
    """Messages whose number was used and that were never sent."""
    missing: int = 0
    """Those of them that a later number of their session has shown."""
    gaps: int = 0
    asked: int = 0
    """Requests for births that were heard."""
    answered: int = 0
    """Gaps that ended by births that somebody asked for."""
    moot: int = 0
    """Gaps that ended before anybody asked: by a cut, or with the run."""
    unasked: int = 0
    """Requests without a gap."""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)

    @property
    def truth(self) -> dict[str, list[int]]:
        """What a gateway ought to count of sessions: [least, most] each."""
        unsure = self.messages - self.sent
        return {
            "missing": [self.missing, self.missing + unsure],
            "rebirths_asked": [self.gaps - self.moot, self.gaps + unsure],
        }


@dataclass(slots=True)
class EdgeBooks:
    """Of all nodes of a run. Times of readings and spans are city time, UTC ns; those of sending are system time."""

    summary: EdgeSummary
    truth: TruthWriter | None = None
    gaps: dict[str, Gaps] = field(default_factory=dict)
    """By node."""
    spans: list[FaultSpan] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def measured(self, device: str, readings: tuple[Reading, ...]) -> None:
        """A device has measured; it may be sent later, or never."""
        if self.truth is not None:
            self.truth.measured(self._message(Packet("", b"", device), 0, readings))

    def sent(self, node: str, packet: Packet, due: int, sent_at: int, acked_at: int | None) -> None:
        """A message was published. acked_at None: nobody knows whether it came."""
        summary = self.summary
        summary.messages += 1
        if acked_at is not None:
            summary.sent += 1
            summary.readings += len(packet.readings)
            summary.historical += len(packet.readings) * packet.historical
            if packet.numbered:
                self._of(node).arrive()
        self._write(packet, due, sent_at, acked_at)

    def willed(self, packet: Packet, due: int, sent_at: int) -> None:
        """A connection broke: the broker publishes the death that was left with it, if it sees it so."""
        self._write(packet, due, sent_at, None)

    def lost(self, node: str, packet: Packet, due: int) -> None:
        """A message was made and not sent."""
        self._of(node).lose()
        self.spans.append(FaultSpan(packet.device, _LOST, due, due + 1, 1.0))
        self._sum()

    def born(self, node: str, *, asked: bool) -> None:
        """A node is born."""
        self._of(node).born(asked=asked)
        self.summary.asked += asked
        self._sum()

    def off(self, node: EdgeNode, start: int, end: int) -> None:
        """The line was cut from `start` to `end`."""
        self.summary.cuts += 1
        self.spans += (FaultSpan(node.key(device), _CUT, start, end, 1.0) for device in node.devices)

    def gone(self, node: str) -> None:
        """Its session is over."""
        self._of(node).gone()
        self._sum()

    def _of(self, node: str) -> Gaps:
        return self.gaps.setdefault(node, Gaps())

    def _sum(self) -> None:
        every: Iterable[Gaps] = self.gaps.values()
        for name in ("lost", "missing", "gaps", "answered", "moot", "unasked"):
            setattr(self.summary, name, sum(getattr(each, name) for each in every))

    def _write(self, packet: Packet, due: int, sent_at: int, acked_at: int | None) -> None:
        if self.truth is not None:
            self.truth.sent(self._message(packet, due), sent_at, acked_at)

    def _message(self, packet: Packet, due: int, measured: tuple[Reading, ...] = ()) -> Message:
        fault = _CUT if packet.historical else ""
        number = self._numbers.setdefault(packet.device, len(self._numbers))
        return Message(
            due, packet.device, number, packet.topic, packet.payload, packet.readings, fault, measured,
            packet.sequence, PROFILE,
        )  # fmt: skip
