"""The MQTT 5 session as a pure machine: bytes in, rows out; "n rows are durable" in, PUBACKs out. No I/O, no clock.

    connect() --CONNECT--> | CONNECTING |--CONNACK--> | OPEN |--close()--> | CLOSING | --DISCONNECT--> disconnected()
                                                        receive(): PUBLISH -> rows, to be fetched by take()
                                                        acknowledge(n): PUBACKs, to be fetched by data_to_send()

Times are arguments: `now` is monotonic seconds, `received_at` UTC ns. Rules that are easy to get wrong:

- A row is acknowledged when the caller says that it is durable, never before; PUBACKs leave in receive order (acks.py).
- Rows of an earlier connection may still become durable; their PUBACKs don't leave on a later one (the packet ids mean
  something else there). The broker sends them again, and those copies are acknowledged, not handed out (redelivery.py).
- A packet id that is in flight on this connection can't come again on it, not even with DUP: MQTT 5 (4.4) lets a sender
  repeat only after a reconnect. It is a protocol error.
- A broker may know of more messages in flight than we ask for now (a resumed session, a smaller receive maximum than
  before): our limit binds from the moment the number has fallen below it.
- `received` counts every PUBLISH when it is parsed, apart from what becomes of it; `take()` reports a message when its
  fate is known, so that what is persisted with the rows never counts a message that is still held.
"""

from collections.abc import Callable, Collection, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from gateway.mqtt.acks import AckQueue, Pending
from gateway.mqtt.framing import Framer, PacketTooLarge
from gateway.mqtt.options import MAX_WINDOW, MqttOptions
from gateway.mqtt.redelivery import Redelivery
from gateway.mqtt.signals import (
    Accepted,
    Dropped,
    Failed,
    Refused,
    ServerLeft,
    SessionLost,
    SessionShortened,
    Signal,
    Silent,
)
from gateway.mqtt.subscriptions import DROPPED_TOPIC, Subscriptions
from gateway.mqtt.unconfirmed import Unconfirmed
from gateway.rows import DUP, QOS1, RETAIN, Row, RowKind

__all__ = ["Handover", "Session", "SessionState"]

CONFIRM_SECS = 1.0
"""A ping that proves the arrival of PUBACKs is sent at most this often."""
SETTLE_SECS = 10.0
"""After this long, parts of W of which nothing came are taken as known to the broker."""
_MESSAGE = int(RowKind.MESSAGE)
_PUBLISH = 3
_NEVER = 1 << 62
_PLAIN_QOS1 = 0x32
"""First byte of nearly everything: PUBLISH, QoS 1, neither RETAIN nor DUP."""
_FLAGS = [(RETAIN if bits & 1 else 0) | (QOS1 if bits & 2 else 0) | (DUP if bits & 8 else 0) for bits in range(16)]
_Arrival = tuple[Row, Pending]
_read: Callable[[memoryview], tuple[Any, int]] = mqtt5.read


class SessionState(Enum):
    """Of the connection under way."""

    CLOSED = auto()
    CONNECTING = auto()
    OPEN = auto()
    CLOSING = auto()
    """Nothing more is taken in; the last PUBACKs are being proven."""
    FAILED = auto()
    """Nothing that comes means anything any more."""


class Handover(NamedTuple):
    """What became known since the last take()."""

    rows: list[Row]
    received: int
    redelivered: int
    shed: int


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
    ) -> None:
        """What an earlier process left: the journaled QoS 1 messages of this source whose PUBACK may not have arrived
        (oldest first), how many came before them, whether it ever had a session, and its filters.
        """
        self.options = options
        self.source = source
        self.state = SessionState.CLOSED
        self.session_present = False
        self.received = 0
        self.redelivered = 0
        self.shed = 0
        self.shed_qos0 = False
        """Set it while there is no room: QoS 0 messages are counted as shed and not handed out."""
        self.subscriptions = Subscriptions(options.filters, options.qos, watch=options.watch_sys, known=known_filters)
        self._had_session = had_session or bool(unconfirmed)
        self._acks = AckQueue()
        self._unconfirmed = Unconfirmed(unconfirmed, confirmed)
        self._framer = Framer(options.max_payload_bytes)
        self._redelivery: Redelivery[_Arrival] | None = None
        self._plain_number = 0
        self._settle_mark: int | None = None
        self._until: tuple[int, int] = (0, confirmed)
        self._window = self._limit = options.receive_maximum
        self._rows: list[Row] = []
        self._reported = (0, 0, 0)
        self._last_at = 0
        self._out: list[bytes] = []
        self._pings: list[int] = []
        self._ping_at = self._heard_at = self._opened_at = 0.0
        self._keep_alive = float(options.keep_alive_secs)
        self._proving = False
        self._dropped: int | None = None

    # ---- figures ----

    @property
    def in_flight(self) -> int:
        """QoS 1 messages of this connection whose PUBACK has not left."""
        return len(self._acks.in_flight)

    @property
    def held(self) -> int:
        """Messages that may be redelivered ones and wait for the verdict; they are in no Handover yet."""
        return self._redelivery.held if self._redelivery is not None else 0

    @property
    def waiting(self) -> int:
        """Rows handed out that are not known to be durable."""
        return self._acks.handed - self._acks.durable

    @property
    def confirmed_count(self) -> int:
        """QoS 1 rows (of all processes) that the broker can't send again. Never goes back."""
        handed, before = self._until
        return before if self._acks.durable < handed else self._unconfirmed.confirmed

    @property
    def settled(self) -> bool:
        """Closing, and the PUBACKs that left before `prove` arrived."""
        return self.state is SessionState.CLOSING and self._proving and not self._pings

    # ---- the connection's life ----

    def connect(self, now: float) -> None:
        """A transport is there."""
        options = self.options
        self._opened_at = self._heard_at = self._ping_at = now
        # all that may be redelivered must fit, or its end would never come while its beginning is held
        self._window = min(max(options.receive_maximum, len(self._unconfirmed)), MAX_WINDOW)
        self._out = [
            mqtt5.ConnectPacket(
                options.client_id,
                username=options.username,
                password=options.password.encode() if options.password is not None else None,
                clean_start=False,
                keep_alive=options.keep_alive_secs,
                session_expiry_interval=options.session_expiry_secs,
                receive_max=self._window,
            ).write()
        ]
        self._proving = False
        self.state = SessionState.CONNECTING

    def disconnected(self) -> None:
        """The transport is gone. What was held comes again, so this copy counts as redelivered."""
        self.redelivered += self.held
        self._redelivery = None
        self._acks.begin()
        self._framer.reset()
        self._pings.clear()
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
        """Say goodbye; the broker keeps the session."""
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._out.append(mqtt5.DisconnectPacket().write())
            self.state = SessionState.FAILED

    def acknowledge(self, rows: int) -> None:
        """`rows` more of the rows handed out are durable, in the order in which they were handed out."""
        self._acks.acknowledge(rows)
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
        figures = (self.received - self.held, self.redelivered, self.shed)
        if figures == self._reported:
            return None
        received, redelivered, shed = (a - b for a, b in zip(figures, self._reported, strict=True))
        self._reported = figures
        rows, self._rows = self._rows, []
        return Handover(rows, received, redelivered, shed)

    def tick(self, now: float) -> list[Signal]:
        """Call it a few times a second."""
        if self.state is SessionState.CONNECTING:
            if now - self._opened_at > self.options.connect_timeout_secs:
                return [Silent("no CONNACK in time")]
            return []
        if self.state not in (SessionState.OPEN, SessionState.CLOSING):
            return []
        half = self._keep_alive / 2
        if self._pings:
            if now - max(self._heard_at, self._ping_at) > half:
                return [Silent(f"no PINGRESP and nothing else for {half:.0f} s")]
        elif now - self._ping_at >= half or (
            now - self._ping_at >= CONFIRM_SECS and self._acked_to() > self._unconfirmed.confirmed
        ):
            self._ping(now)
        if self._redelivery is not None and self.state is SessionState.OPEN:
            self._tick_redelivery(self._redelivery, now)
        return []

    # ---- bytes in ----

    def receive(self, data: bytes, received_at: int, now: float) -> list[Signal]:
        """What the transport read. Fetch take() and data_to_send() afterwards, then heed the signals."""
        signals: list[Signal] = []
        self._heard_at = now
        try:
            whole = self._framer.feed(data)
            if whole:
                used = self._parse(whole, received_at, now, signals)
                if used < len(whole) and self.state is not SessionState.FAILED:
                    self._framer.keep(whole[used:])
        except PacketTooLarge as error:
            self._fail(Reason.PACKET_TOO_LARGE, str(error), signals)
        except ValueError as error:
            self._fail(Reason.MALFORMED_PACKET, f"malformed bytes: {error}", signals)
        return signals

    def _parse(self, data: bytes, received_at: int, now: float, signals: list[Signal]) -> int:
        """Handle the whole packets in `data`; returns how many bytes they were."""
        view, size, offset = memoryview(data), len(data), 0
        source = self.source
        at = max(received_at, self._last_at + 1) - 1
        rows: list[Row] = []
        packet_ids: list[int] = []
        count = 0
        problem: ValueError | None = None
        fast = self.state is SessionState.OPEN and self._redelivery is None
        while offset < size:
            first = data[offset]
            try:
                packet, used = _read(view[offset:])
            except IndexError:
                break
            except ValueError as error:
                problem = error
                break
            except BaseException as error:
                # the codec gives up like this on a broken UTF-8 string
                if type(error).__module__ != "pyo3_runtime":
                    raise
                problem = ValueError("a string is not UTF-8")
                break
            offset += used
            if fast and first == _PLAIN_QOS1:
                count += 1
                at += 1
                rows.append(Row(at, _MESSAGE, source, QOS1, packet.topic, packet.payload))
                packet_ids.append(packet.packet_id)
                continue
            if first >> 4 == _PUBLISH:
                at += 1
                self._last_at = at
                count += self._on_publish(packet, first, rows, packet_ids, now, signals)
                at = self._last_at
            else:
                self._on_control(packet, now, signals)
            if self.state is SessionState.FAILED:
                break
            fast = self.state is SessionState.OPEN and self._redelivery is None
        self._last_at = max(self._last_at, at)
        self.received += count
        if rows:
            self._hand_out(rows, packet_ids, signals)
        if problem is not None:
            raise problem
        return offset

    def _hand_out(self, rows: list[Row], packet_ids: list[int], signals: list[Signal]) -> None:
        acked, ids = rows, packet_ids
        if 0 in packet_ids:  # QoS 0 among them, or a broken packet id
            acked = [row for row in rows if row.flags & QOS1]
            ids = [packet_id for row, packet_id in zip(rows, packet_ids, strict=True) if row.flags & QOS1]
        bad = ids.index(0) if 0 in ids else self._acks.enter(ids)
        if bad >= 0:
            # those before it are good; the rest was neither taken nor counted and comes again
            end = next(i for i, row in enumerate(rows) if row is acked[bad])
            self.received -= len(rows) - end
            if ids[bad] == 0:
                self._acks.enter(ids[:bad])
            del rows[end:], packet_ids[end:], acked[bad:]
            self._fail(Reason.PROTOCOL_ERROR, f"packet id {ids[bad]} used while in flight", signals)
        self._acks.owe(packet_ids)
        self._rows += rows
        self._unconfirmed.add(acked, self._window, self._plain_number)
        self._check_window(signals)

    def _check_window(self, signals: list[Signal]) -> None:
        if len(self._acks.in_flight) > self._limit and self.state is not SessionState.FAILED:
            text = f"more than {self._limit} messages in flight: raise receive_maximum to the broker's window"
            self._fail(Reason.RECEIVE_MAX_EXCEEDED, text, signals)

    def _on_publish(
        self, packet: Any, first: int, rows: list[Row], packet_ids: list[int], now: float, signals: list[Signal]
    ) -> int:
        """A PUBLISH that is not plain; its time is `_last_at`. Returns 1 where it counts as received."""
        if self.state is SessionState.CLOSING:
            lost = not first & 6  # QoS 0; anything else is not acknowledged, so it comes again
            self.shed += lost
            return int(lost)
        if self.state is not SessionState.OPEN:
            self._fail(Reason.PROTOCOL_ERROR, "PUBLISH before CONNACK", signals)
            return 0
        flags, qos = _FLAGS[first & 15], first >> 1 & 3
        topic, payload = packet.topic, packet.payload
        if qos == 2:
            self._fail(Reason.PROTOCOL_ERROR, "a QoS 2 message, though QoS 1 was granted at most", signals)
            return 0
        if not topic:
            self._fail(Reason.TOPIC_ALIAS_INVALID, "a topic alias, though none is allowed", signals)
            return 0
        if not qos:
            if topic == DROPPED_TOPIC and self.options.watch_sys:
                self._on_dropped(payload, signals)
                return 0
            if self.shed_qos0:
                self.shed += 1
                return 1
        row = Row(self._last_at, _MESSAGE, self.source, flags, topic, payload)
        if self._redelivery is None:
            rows.append(row)
            packet_ids.append(packet.packet_id if qos else 0)
        elif qos:
            return self._sort_out(self._redelivery, row, packet.packet_id, now, signals)
        else:
            self._rows.append(row)
            self._acks.owe_row(None)
        return 1

    # ---- redelivered or new ----

    def _sort_out(
        self, redelivery: Redelivery[_Arrival], row: Row, packet_id: int, now: float, signals: list[Signal]
    ) -> int:
        if not packet_id or self._acks.enter([packet_id]) >= 0:
            self._fail(Reason.PROTOCOL_ERROR, f"packet id {packet_id} used while in flight", signals)
            return 0
        arrival = (row, self._acks.hold(packet_id))
        redelivered, new = redelivery.offer(row.topic, row.payload, arrival, now)
        for _, pending in redelivered:
            self._acks.owe_redelivered(pending)
            self.redelivered += 1
        self._hand_out_held(new)
        if redelivery.done:
            self._end_redelivery()
        self._send_acks()
        self._check_window(signals)
        return 1

    def _hand_out_held(self, arrivals: Sequence[_Arrival]) -> None:
        for arrived, pending in arrivals:
            row = arrived
            if row.received_at < self._last_at:  # others were handed out while it was held
                self._last_at += 1
                row = Row(self._last_at, row.kind, row.source, row.flags, row.topic, row.payload)
            self._rows.append(row)
            self._acks.owe_row(pending)
            self._unconfirmed.add((row,), self._window, _NEVER)

    def _tick_redelivery(self, redelivery: Redelivery[_Arrival], now: float) -> None:
        self._hand_out_held(redelivery.tick(now))
        since = now - self._opened_at
        if self._settle_mark is None:
            if since >= self.options.quiet_secs:
                self._settle_mark = self._acks.arrived
        elif since >= SETTLE_SECS and self._acks.sent >= self._settle_mark and not redelivery.held:
            self._end_redelivery()
        if redelivery.done:
            self._end_redelivery()

    def _end_redelivery(self) -> None:
        # rows of earlier connections may not be durable yet: the count that is persisted must not pass them
        self._until = (self._acks.handed, self.confirmed_count)
        self._redelivery = None
        self._acks.go_plain()
        self._plain_number = self._unconfirmed.total

    # ---- control packets ----

    def _on_control(self, packet: Any, now: float, signals: list[Signal]) -> None:
        connected = self.state in (SessionState.OPEN, SessionState.CLOSING)
        try:
            if isinstance(packet, mqtt5.ConnAckPacket) and self.state is SessionState.CONNECTING:
                self._on_connack(packet, now, signals)
            elif isinstance(packet, mqtt5.PingRespPacket) and self._pings:
                self._unconfirmed.confirm(self._pings.pop(0))
            elif isinstance(packet, mqtt5.SubAckPacket) and connected:
                data, more = self.subscriptions.on_suback(packet)
                self._send(data)
                signals += more
            elif isinstance(packet, mqtt5.UnsubAckPacket) and connected:
                self.subscriptions.on_unsuback(packet)
            elif isinstance(packet, mqtt5.DisconnectPacket):
                self.state = SessionState.FAILED
                signals.append(ServerLeft(int(packet.reason_code), packet.reason_str or packet.reason_code.name))
            else:
                self._fail(Reason.PROTOCOL_ERROR, f"an unexpected {type(packet).__name__}", signals)
        except ValueError as error:
            self._fail(Reason.PROTOCOL_ERROR, str(error), signals)

    def _on_connack(self, packet: mqtt5.ConnAckPacket, now: float, signals: list[Signal]) -> None:
        if int(packet.reason_code) >= 128:
            self.state = SessionState.FAILED
            signals.append(Refused(int(packet.reason_code), packet.reason_str or packet.reason_code.name))
            return
        self.state = SessionState.OPEN
        self.session_present = packet.session_present
        self._opened_at = self._ping_at = now
        self._keep_alive = float(packet.server_keep_alive or self.options.keep_alive_secs)
        signals.append(Accepted(packet.session_present))
        granted, asked = packet.session_expiry_interval, self.options.session_expiry_secs
        if granted is not None and granted < asked:
            signals.append(SessionShortened(granted))
        self._limit = self._window
        if packet.session_present:
            self._limit = MAX_WINDOW  # see the module's docstring
            self._begin_redelivery()
        else:
            if self._had_session:
                signals.append(SessionLost())
            self._until = (self._acks.handed, self.confirmed_count)
            self._unconfirmed.confirm(self._unconfirmed.total)
            self._end_redelivery()
        self._had_session = True
        data, more = self.subscriptions.begin(session_present=packet.session_present)
        self._send(data)
        signals += more

    def _begin_redelivery(self) -> None:
        filters = dict.fromkeys((*self.subscriptions.wanted, *self.subscriptions.session_filters))
        self._settle_mark = None
        self._redelivery = Redelivery(self._unconfirmed.contents(), list(filters), self.options.quiet_secs)
        if self._redelivery.done:
            self._end_redelivery()

    def _on_dropped(self, payload: bytes, signals: list[Signal]) -> None:
        if not payload.isdigit():
            return
        count, before = int(payload[:20]), self._dropped
        self._dropped = count
        if before is None:  # what happened before we looked
            return
        more = count - before if count >= before else count  # the broker began anew
        if more:
            signals.append(Dropped(more))

    # ---- bytes out ----

    def _send(self, data: bytes) -> None:
        if data:
            self._out.append(data)

    def _send_acks(self) -> None:
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._send(self._acks.collect())
            if len(self._acks.in_flight) < self._window:
                self._limit = self._window

    def _ping(self, now: float) -> None:
        self._pings.append(self._acked_to())
        self._ping_at = now
        self._out.append(mqtt5.PingReqPacket().write())

    def _acked_to(self) -> int:
        """The number before which every QoS 1 row has its PUBACK sent or needs none."""
        if self._redelivery is not None or not self._acks.sorted:
            return self._unconfirmed.confirmed
        return self._plain_number + self._acks.sent_plain

    def _fail(self, code: Reason, problem: str, signals: list[Signal]) -> None:
        if self.state in (SessionState.OPEN, SessionState.CLOSING):
            self._out.append(mqtt5.DisconnectPacket(reason_code=code).write())
        self.state = SessionState.FAILED
        signals.append(Failed(int(code), problem))
