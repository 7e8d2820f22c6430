"""What is said beside the messages, as a pure machine: CONNECT to DISCONNECT, pings, subscriptions, the canary.

    connect() --CONNECT--> | CONNECTING |--CONNACK--> | OPEN |--close()--> | CLOSING | --DISCONNECT--> disconnected()

A Dialogue is a whole conversation with a broker that publishes nothing; session.py adds the bytes and what they bring.
Times are arguments, as there.
"""

from typing import Any

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from gateway.mqtt.canary import Canary, CanaryState
from gateway.mqtt.inflow import Handover, Inflow
from gateway.mqtt.keep_alive import KeepAlive
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.packets import connect_packet, refused, server_left
from gateway.mqtt.signals import (
    Accepted,
    Failed,
    SessionLost,
    SessionShortened,
    SessionState,
    Signal,
    Silent,
    WindowExceeded,
)
from gateway.mqtt.subscriptions import Subscriptions

__all__ = ["Dialogue"]

HELD_SECS = 1.0
"""So long after we stopped reading, what the broker sent meanwhile may still be on its way."""


class Dialogue:
    """One client id at one broker, over all connections of a process. Not thread-safe."""

    def __init__(
        self, options: MqttOptions, inflow: Inflow, subscriptions: Subscriptions, canary: Canary, *, had_session: bool
    ) -> None:
        """`had_session`: the broker had one of ours at an earlier time."""
        self.options = options
        self.inflow = inflow
        self.subscriptions = subscriptions
        self.canary = canary
        self.state = SessionState.CLOSED
        self.session_present = False
        self.forget = False
        self._had_session = had_session
        self._out: list[bytes] = []
        self._keep_alive = KeepAlive()
        self._opened_at = 0.0
        self._proving = self._told_over = self._most_qos0 = False
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

    def _after_read(self, now: float, signals: list[Signal]) -> None:
        inflow, most = self.inflow, self.options.receive_maximum
        if inflow.over and not self._told_over:
            self._told_over = True
            signals.append(WindowExceeded(inflow.in_flight, most))
        if self.state is SessionState.OPEN and not self._keep_alive.asking and inflow.unproven >= most:
            self._ping(now)

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
