"""What the broker may send again: QoS 1 messages handed out whose PUBACK has no proof of arrival.

They are numbered in hand-out order over the life of the journal; `confirmed` is the number of the first one kept. Proof
is a PINGRESP to a PINGREQ that left after the PUBACKs (one stream, handled in order), or a session that is gone. Packet
ids bound it: no broker has more than 65,535 messages without acknowledgement. (Our receive maximum is no such bound:
mosquitto 2.0 exceeds it and rumqttd ignores it.)
"""

from collections import deque
from collections.abc import Iterable, Sequence

from gateway.mqtt.options import MAX_WINDOW

__all__ = ["Unconfirmed"]


class Unconfirmed:
    """A queue in hand-out order. confirmed: the number of the first that is kept."""

    def __init__(self, messages: Iterable[tuple[str, bytes]], first: int) -> None:
        self.confirmed = first
        self._parts: deque[tuple[Sequence[str], Sequence[bytes]]] = deque()
        self._first = first
        """The number of the first message of the first part."""
        self._total = first
        kept = list(messages)
        if kept:
            self._append([topic for topic, _ in kept], [payload for _, payload in kept])

    def __len__(self) -> int:
        return self._total - self.confirmed

    @property
    def total(self) -> int:
        """QoS 1 messages handed out in all."""
        return self._total

    def contents(self) -> list[tuple[str, bytes]]:
        """(topic, payload), oldest first."""
        every = [pair for part in self._parts for pair in zip(*part, strict=True)]
        return every[self.confirmed - self._first :]

    def add(self, topics: Sequence[str], payloads: Sequence[bytes]) -> None:
        """QoS 1 messages that are handed out now. They are kept as they are: nobody may change them."""
        self._append(topics, payloads)
        self.confirm(self._total - MAX_WINDOW)

    def confirm(self, number: int) -> None:
        """Everything before `number` is confirmed. Never goes back."""
        self.confirmed = min(max(number, self.confirmed), self._total)
        # part by part: what of the first one is confirmed stays in memory until all of it is
        while self._parts and self._first + len(self._parts[0][0]) <= self.confirmed:
            self._first += len(self._parts.popleft()[0])

    def _append(self, topics: Sequence[str], payloads: Sequence[bytes]) -> None:
        if topics:
            self._parts.append((topics, payloads))
            self._total += len(topics)
