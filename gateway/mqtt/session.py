"""The MQTT 5 session as a pure machine: bytes in, rows out; "n rows are durable" in, PUBACKs out. No I/O, no clock.

    connect() --CONNECT--> | CONNECTING |--CONNACK--> | OPEN |--close()--> | CLOSING | --DISCONNECT--> disconnected()
                                                        receive(): PUBLISH -> rows, to be fetched by take()
                                                        acknowledge(n): PUBACKs, to be fetched by data_to_send()

Times are arguments: `now` is monotonic seconds, `received_at` UTC ns (the first stamp that may be used; rows get it and
the following ones, `newest_at` says up to which). A row is acknowledged when the caller says that it is durable, never
before, and PUBACKs leave in receive order. What is owed and what is redelivered is inflow.py's business.
"""

from collections.abc import Collection, Sequence
from typing import Any

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from gateway.mqtt.canary import Canary, CanaryState
from gateway.mqtt.framing import Framer, PacketTooLarge
from gateway.mqtt.inflow import Handover, Inflow, Offence
from gateway.mqtt.keep_alive import KeepAlive
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.packets import connect_packet, refused, server_left
from gateway.mqtt.publishes import Topics, read_plain
from gateway.mqtt.signals import (
    Accepted,
    Dropped,
    Failed,
    SessionLost,
    SessionShortened,
    SessionState,
    Signal,
    Silent,
    WindowExceeded,
)
from gateway.mqtt.subscriptions import DROPPED_TOPIC, DropCounter, Subscriptions
from gateway.rows import DUP, QOS1, RETAIN, Row, RowKind, Run

__all__ = ["Session", "SessionState"]

HELD_SECS = 1.0
"""So long after we stopped reading, what the broker sent meanwhile may still be on its way."""
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


class Session:
    """One client id at one broker, over all connections of a process. Not thread-safe."""

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
        self.options = options
        self.source = source
        self.state = SessionState.CLOSED
        self.session_present = False
        self.shed_qos0 = False
        """Set it while there is no room: QoS 0 messages are counted as shed and not handed out."""
        topic = options.canary_topic
        self.forget = False
        self.subscriptions = Subscriptions(
            options.filters, options.qos, watch=options.watch_sys, known=known_filters, canary=topic
        )
        every, patience = options.canary_secs, options.canary_timeout_secs
        self.canary = Canary(topic, every, patience, canary_token, proven=canary_proven)
        self.inflow = Inflow(unconfirmed, confirmed, options.receive_maximum, options.quiet_secs)
        self._had_session = had_session or bool(unconfirmed)
        self._framer = Framer(options.max_payload_bytes)
        self._topics = Topics()
        self._out: list[bytes] = []
        self._keep_alive = KeepAlive()
        self._opened_at = 0.0
        self._proving = self._told_over = self._most_qos0 = False
        self._drops = DropCounter()
        self._ours = {DROPPED_TOPIC, topic}
        """Topics of what is no message of the city; at QoS 0."""
        self._held_at = -HELD_SECS
        self._acks_seen = 0

    @property
    def settled(self) -> bool:
        """Closing, and the PUBACKs that left before `prove` arrived."""
        return self.state is SessionState.CLOSING and self._proving and not self._keep_alive.asking

    # ---- the connection's life ----

    def connect(self, now: float) -> None:
        """A transport is there."""
        self._opened_at = now
        self._out = [connect_packet(self.options, self.inflow.open_window())]
        self._proving = self._told_over = False
        self.state = SessionState.CONNECTING

    def disconnected(self) -> None:
        """The transport is gone."""
        self.inflow.end()
        self.canary.begin()
        self._framer.reset()
        self._keep_alive.end()
        self._out.clear()
        self.state = SessionState.CLOSED

    def close(self) -> None:
        """Take nothing more in. When all rows are acknowledged call `prove`, when that is `settled`, `finish`."""
        if self.state is SessionState.OPEN:
            self.state = SessionState.CLOSING

    def prove(self, now: float) -> None:
        """Ask for proof that the PUBACKs arrived."""
        if self.state is SessionState.CLOSING:
            self._proving = True
            self._ping(now)

    def finish(self) -> None:
        """Say goodbye; the broker keeps the session, unless it is to forget it."""
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._out.append(mqtt5.DisconnectPacket(session_expiry_interval=0 if self.forget else None).write())
            self.state = SessionState.FAILED

    def acknowledge(self, rows: int) -> None:
        """`rows` more of the rows handed out are durable, in the order in which they were handed out."""
        self.inflow.acknowledge(rows)
        self._send_acks()

    def data_to_send(self) -> bytes:
        """Bytes for the transport."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def take(self) -> Handover | None:
        """Rows for the journal and what is to be counted with them; None: nothing new."""
        return self.inflow.take()

    def heard(self, now: float) -> None:
        """Reading is held up by us: the broker's silence means nothing."""
        self._keep_alive.heard(now)
        self._held_at = now

    def tick(self, received_at: int, now: float) -> list[Signal]:
        """Call it a few times a second."""
        if self.state is SessionState.CONNECTING:
            if now - self._opened_at > self.options.connect_timeout_secs:
                return [Silent("no CONNACK in time")]
            return []
        if self.state not in (SessionState.OPEN, SessionState.CLOSING):
            return []
        if problem := self._keep_alive.problem(now):
            return [Silent(problem)]
        if self._keep_alive.due(now, proof=bool(self.inflow.unproven or self.inflow.held)):
            self._ping(now)
        if self.state is SessionState.OPEN:
            inflow = self.inflow
            inflow.newest_at = max(inflow.newest_at, received_at - 1)
            inflow.tick(now, self._keep_alive.answered_at)
            self._send_acks()
            self._send(self.subscriptions.tick(now))
            return self._watch_canary(now) if self.canary.topic else []
        return []

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

    def _after_read(self, now: float, signals: list[Signal]) -> None:
        inflow, most = self.inflow, self.options.receive_maximum
        if inflow.over and not self._told_over:
            self._told_over = True
            signals.append(WindowExceeded(inflow.in_flight, most))
        if self.state is SessionState.OPEN and not self._keep_alive.asking and inflow.unproven >= most:
            self._ping(now)

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

    # ---- control packets ----

    def _on_control(self, packet: Any, _first: int, now: float, signals: list[Signal]) -> None:
        connected = self.state in (SessionState.OPEN, SessionState.CLOSING)
        try:
            if isinstance(packet, mqtt5.ConnAckPacket) and self.state is SessionState.CONNECTING:
                self._on_connack(packet, now, signals)
            elif isinstance(packet, mqtt5.PingRespPacket) and self._keep_alive.asking:
                self.inflow.confirm(self._keep_alive.answered())
            elif isinstance(packet, mqtt5.SubAckPacket) and connected:
                data, more = self.subscriptions.on_suback(packet)
                self._send(data)
                signals += more
                if (code := self.subscriptions.canary_code) is not None and not self.canary.asked:
                    signals += self.canary.subscribed(code)
                    self._send_canary(now)
            elif isinstance(packet, mqtt5.PubAckPacket) and connected:
                signals += self.canary.answered(packet.packet_id, int(packet.reason_code))
            elif isinstance(packet, mqtt5.UnsubAckPacket) and connected:
                self.subscriptions.on_unsuback(packet)
            elif isinstance(packet, mqtt5.DisconnectPacket):
                self.state = SessionState.FAILED
                signals.append(server_left(packet))
            else:
                self._fail(Reason.PROTOCOL_ERROR, f"an unexpected {type(packet).__name__}", signals)
        except ValueError as error:
            self._fail(Reason.PROTOCOL_ERROR, str(error), signals)

    def _on_connack(self, packet: mqtt5.ConnAckPacket, now: float, signals: list[Signal]) -> None:
        if int(packet.reason_code) >= 128:
            self.state = SessionState.FAILED
            signals.append(refused(packet))
            return
        self.state = SessionState.OPEN
        self.session_present = packet.session_present
        self._opened_at = now
        self._keep_alive.begin(float(packet.server_keep_alive or self.options.keep_alive_secs), now)
        signals.append(Accepted(packet.session_present))
        granted, asked = packet.session_expiry_interval, self.options.session_expiry_secs
        if granted is not None and granted < asked:
            signals.append(SessionShortened(granted))
        if packet.session_present:
            filters = dict.fromkeys((*self.subscriptions.wanted, *self.subscriptions.session_filters))
            self.inflow.resume(list(filters), now)
        else:
            if self._had_session:
                signals.append(SessionLost())
            self.inflow.start_anew()
        self._had_session = True
        self._most_qos0 = packet.max_qos == mqtt5.QoS.AT_MOST_ONCE
        data, more = self.subscriptions.begin(
            session_present=packet.session_present, shared=packet.shared_subscription_available
        )
        self._send(data)
        signals += more

    # ---- the canary ----

    def _watch_canary(self, now: float) -> list[Signal]:
        """Whether the broker passes on what is published. Time in which we hold it up doesn't count."""
        canary, inflow = self.canary, self.inflow
        sent, self._acks_seen = self._acks_seen, inflow.acks_sent
        held_up = now - self._held_at < HELD_SECS or (inflow.in_flight > 0 and inflow.acks_sent == sent)
        signals = canary.look(now, self._keep_alive.answered_at, held_up=held_up)
        if canary.state is CanaryState.SILENT:
            self.subscriptions.doubt()
        self._send_canary(now)
        return signals

    def _send_canary(self, now: float) -> None:
        if self.canary.due(now):
            packet_id = self.subscriptions.packet_id()
            self._out.append(self.canary.packet(packet_id, now, acknowledged=not self._most_qos0))
            self._ping(now)

    # ---- bytes out ----

    def _send(self, data: bytes) -> None:
        if data:
            self._out.append(data)

    def _send_acks(self) -> None:
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._send(self.inflow.pubacks())

    def _ping(self, now: float) -> None:
        self._keep_alive.sent(self.inflow.acknowledged, now)
        self._out.append(mqtt5.PingReqPacket().write())

    def _fail(self, code: Reason, problem: str, signals: list[Signal]) -> None:
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._out.append(mqtt5.DisconnectPacket(reason_code=code).write())
        self.state = SessionState.FAILED
        signals.append(Failed(int(code), problem))
