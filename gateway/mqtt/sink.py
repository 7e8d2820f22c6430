"""What a source needs from whoever runs it: a place for rows, and receipt times."""

from typing import TYPE_CHECKING, Protocol

from gateway.rows import Rows

if TYPE_CHECKING:
    from gateway.mqtt.connection import MqttSource

__all__ = ["IntakeSink", "ReceiptStamps"]


class IntakeSink(Protocol):
    """Where rows go."""

    def put(self, source: "MqttSource", rows: Rows, received: int, redelivered: int, shed: int) -> None:
        """Called from the event loop; must not block. Each row is acknowledged later, in order, by the source's
        `acknowledge`; the counts belong into the transaction that makes these rows durable. Rows may be empty.
        """
        ...


class ReceiptStamps(Protocol):
    """`received_at` of rows, strictly increasing over all sources. Called from the event loop only."""

    def take(self, count: int) -> int:
        """The first of `count` consecutive UTC ns that nobody else gets."""
        ...
