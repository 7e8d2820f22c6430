"""What the broker may send again: QoS 1 messages handed out whose PUBACK has no proof of arrival.

They are numbered in hand-out order over the life of the journal; `confirmed` is the number of the first one kept. Proof
is a PINGRESP to a PINGREQ that left after the PUBACKs (one stream, handled in order), or a session that is gone. Packet
ids bound it: no broker has more than 65,535 messages without acknowledgement. (Our receive maximum is no such bound:
mosquitto 2.0 exceeds it and rumqttd ignores it.)
"""

from collections import deque
from collections.abc import Iterable, Sequence

from gateway.mqtt.options import MAX_WINDOW
from gateway.rows import QOS1, Row, RowKind

__all__ = ["Unconfirmed"]


class Unconfirmed:
    """A queue in hand-out order. first: the number of the first of `messages`."""

    def __init__(self, messages: Iterable[tuple[str, bytes]], first: int) -> None:
        self._rows = deque(Row(0, RowKind.MESSAGE, 0, QOS1, topic, payload) for topic, payload in messages)
        self.confirmed = first

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def total(self) -> int:
        """QoS 1 messages handed out in all."""
        return self.confirmed + len(self._rows)

    def contents(self) -> list[tuple[str, bytes]]:
        """(topic, payload), oldest first."""
        return [(row.topic, row.payload) for row in self._rows]

    def add(self, rows: Sequence[Row]) -> None:
        """QoS 1 rows that are handed out now."""
        self._rows.extend(rows)
        self.confirm(self.total - MAX_WINDOW)

    def confirm(self, number: int) -> None:
        """Everything before `number` is confirmed. Never goes back."""
        gone = max(min(number - self.confirmed, len(self._rows)), 0)
        drop = self._rows.popleft
        for _ in range(gone):
            drop()
        self.confirmed += gone
