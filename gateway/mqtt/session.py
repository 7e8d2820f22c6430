"""The MQTT 5 session as a pure machine: bytes in, rows out; "n rows are durable" in, PUBACKs out. No I/O, no clock.

    connect() --CONNECT--> | CONNECTING |--CONNACK--> | OPEN |--close()--> | CLOSING | --DISCONNECT--> disconnected()
                                                        receive(): PUBLISH -> rows, to be fetched by take()
                                                        acknowledge(n): PUBACKs, to be fetched by data_to_send()

Times are arguments: `now` is monotonic seconds, `received_at` UTC ns (the first stamp that may be used; rows get it and
the following ones, `newest_at` says up to which). A row is acknowledged when the caller says that it is durable, never
before, and PUBACKs leave in receive order. What is owed and what is redelivered is inflow.py's business, what is said
beside the messages dialogue.py's.
"""

from collections.abc import Collection, Sequence
from typing import Any

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from gateway.mqtt.canary import Canary
from gateway.mqtt.dialogue import Dialogue
from gateway.mqtt.framing import Framer, PacketTooLarge
from gateway.mqtt.inflow import Inflow, Offence
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.publishes import Topics, read_plain
from gateway.mqtt.signals import Dropped, SessionState, Signal
from gateway.mqtt.subscriptions import DROPPED_TOPIC, DropCounter, Subscriptions
from gateway.rows import DUP, QOS1, RETAIN, Row, RowKind, Run

__all__ = ["Session", "SessionState"]

_MESSAGE = int(RowKind.MESSAGE)
_PUBLISH = 3
_PLAIN_QOS1, _PLAIN_QOS0 = 0x32, 0x30
"""First byte of nearly everything: PUBLISH, neither RETAIN nor DUP."""
_FLAGS = [(RETAIN if bits & 1 else 0) | (QOS1 if bits & 2 else 0) | (DUP if bits & 8 else 0) for bits in range(16)]


def _read_whole(view: memoryview) -> tuple[Any, int]:
    """The packet that begins there, and its bytes; 0: it is not whole. Raises ValueError."""
    try:
        return mqtt5.read(view)
    except IndexError:
        return None, 0
    except ValueError:
        raise
    except BaseException as error:
        # the codec gives up like this on a broken UTF-8 string
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise ValueError("a string is not UTF-8") from error


class Session(Dialogue):
    """A dialogue and the messages in it. Not thread-safe."""

    def __init__(
        self,
        options: MqttOptions,
        source: int,
        *,
        unconfirmed: Sequence[tuple[str, bytes]] = (),
        confirmed: int = 0,
        had_session: bool = False,
        known_filters: Collection[str] = (),
        canary_token: str = "",
        canary_proven: bool = False,
    ) -> None:
        """What an earlier process left: the journaled QoS 1 messages of this source whose PUBACK may not have arrived
        (oldest first), how many came before them, whether it ever had a session, and its filters. See Canary.
        """
        topic, every, patience = options.canary_topic, options.canary_secs, options.canary_timeout_secs
        super().__init__(
            options,
            Inflow(unconfirmed, confirmed, options.receive_maximum, options.quiet_secs),
            Subscriptions(options.filters, options.qos, watch=options.watch_sys, known=known_filters, canary=topic),
            Canary(topic, every, patience, canary_token, proven=canary_proven),
            had_session=had_session or bool(unconfirmed),
        )
        self.source = source
        self.shed_qos0 = False
        """Set it while there is no room: QoS 0 messages are counted as shed and not handed out."""
        self._framer = Framer(options.max_payload_bytes)
        self._topics = Topics()
        self._drops = DropCounter()
        self._ours = {DROPPED_TOPIC, topic}
        """Topics of what is no message of the city; at QoS 0."""

    def disconnected(self) -> None:
        """The transport is gone."""
        super().disconnected()
        self._framer.reset()

    # ---- bytes in ----

    def receive(self, data: bytes, received_at: int, now: float) -> list[Signal]:
        """What the transport read. Fetch take() and data_to_send() afterwards, then heed the signals."""
        signals: list[Signal] = []
        self._keep_alive.heard(now)
        try:
            whole = self._framer.feed(data)
            if whole:
                used = self._parse(whole, received_at, now, signals)
                if used < len(whole) and self.state is not SessionState.FAILED:
                    self._framer.keep(whole[used:])
            self._after_read(now, signals)
        except PacketTooLarge as error:
            self._fail(Reason.PACKET_TOO_LARGE, str(error), signals)
        except ValueError as error:
            self._fail(Reason.MALFORMED_PACKET, f"malformed bytes: {error}", signals)
        return signals

    def _parse(self, data: bytes, received_at: int, now: float, signals: list[Signal]) -> int:
        """Handle the whole packets in `data`; returns how many bytes they were."""
        inflow, size, offset = self.inflow, len(data), 0
        inflow.newest_at = max(received_at - 1, inflow.newest_at)
        while offset < size and self.state is not SessionState.FAILED:
            if data[offset] == _PLAIN_QOS1 and self.state is SessionState.OPEN and not inflow.sorting:
                found = read_plain(data, offset, _PLAIN_QOS1, self._topics)
                if found.topics:
                    offset = found.end
                    self._hand_out(QOS1, found.topics, found.payloads, found.packet_ids, signals)
                    continue
            used = self._parse_by_codec(memoryview(data)[offset:], now, signals)
            if not used:
                break
            offset += used
        return offset

    def _parse_by_codec(self, view: memoryview, now: float, signals: list[Signal]) -> int:
        """Handle whole packets, at least one where it is whole, up to one that need not come this way."""
        size, offset = len(view), 0
        topics: list[str] = []
        payloads: list[bytes] = []
        packet_ids: list[int] = []
        sort = 0  # first byte of those in `topics`
        plain = (_PLAIN_QOS1,) if self.shed_qos0 else (_PLAIN_QOS1, _PLAIN_QOS0)
        try:
            while offset < size:
                first = view[offset]
                fast = self.state is SessionState.OPEN and not self.inflow.sorting
                if sort and first != sort:
                    break
                packet, used = _read_whole(view[offset:])
                if not used:
                    break
                topic = packet.topic if fast and first in plain else ""
                if not topic or (first == _PLAIN_QOS0 and topic in self._ours):
                    if topics:
                        break  # those before it come first
                    offset += used
                    (self._on_publish if first >> 4 == _PUBLISH else self._on_control)(packet, first, now, signals)
                    break
                offset += used
                sort = first
                topics.append(topic)
                payloads.append(packet.payload)
                packet_ids.append(packet.packet_id or 0)
        finally:
            if topics:
                self._hand_out(_FLAGS[sort & 15], topics, payloads, packet_ids, signals)
        return offset

    def _hand_out(
        self, flags: int, topics: list[str], payloads: list[bytes], packet_ids: list[int], signals: list[Signal]
    ) -> None:
        """New messages one after the other, each stamped 1 ns after the one before."""
        inflow, count = self.inflow, len(topics)
        run = Run(inflow.newest_at + 1, _MESSAGE, self.source, flags, topics, payloads)
        inflow.newest_at += count
        inflow.received += count
        self._judge(inflow.hand_out(run, packet_ids), signals)

    def _on_publish(self, packet: Any, first: int, now: float, signals: list[Signal]) -> None:
        """A PUBLISH that is not plain."""
        inflow = self.inflow
        qos = first >> 1 & 3
        topic, payload = packet.topic, packet.payload
        of_broker = not qos and topic == DROPPED_TOPIC and self.options.watch_sys
        of_canary = not qos and bool(topic) and topic == self.canary.topic
        if self.state is SessionState.CLOSING:
            lost = not qos and not of_broker and not of_canary  # anything else is not acknowledged, so it comes again
            inflow.received += lost
            inflow.shed += lost
        elif self.state is not SessionState.OPEN:
            self._fail(Reason.PROTOCOL_ERROR, "PUBLISH before CONNACK", signals)
        elif qos == 2:
            self._fail(Reason.PROTOCOL_ERROR, "a QoS 2 message, though QoS 1 was granted at most", signals)
        elif not topic:
            self._fail(Reason.TOPIC_ALIAS_INVALID, "a topic alias, though none is allowed", signals)
        elif of_broker:
            if more := self._drops.more(payload):
                signals.append(Dropped(more))
        elif of_canary:
            signals += self.canary.came(payload)
        elif not qos and self.shed_qos0:
            inflow.received += 1
            inflow.shed += 1
        else:
            packet_id = packet.packet_id if qos else 0
            if inflow.sorting:
                inflow.received += 1
                inflow.newest_at += 1
                row = Row(inflow.newest_at, _MESSAGE, self.source, _FLAGS[first & 15], topic, payload)
                self._judge(inflow.sort_out(row, packet_id, now), signals)
                self._send_acks()
            else:
                self._hand_out(_FLAGS[first & 15], [topic], [payload], [packet_id], signals)

    def _judge(self, offence: Offence | None, signals: list[Signal]) -> None:
        if offence is not None and self.state is not SessionState.FAILED:
            self._fail(offence.code, offence.problem, signals)
