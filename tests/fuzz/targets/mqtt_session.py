"""The MQTT session against a broker that keeps no rule: its bytes in any pieces, cuts at any moment, acks at any time.

A script of acts is played twice, the second time with every read in small pieces. Whatever comes:
- nothing is raised; memory holds no more than one packet that is not whole
- every message is handed out, redelivered, shed or held; receipts grow
- what is acknowledged to the broker is durable, and in the order in which it came
- rows and PUBACKs don't depend on the pieces
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import mqtt5
from hypothesis import strategies as st

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session, SessionState
from gateway.mqtt.signals import Signal
from gateway.rows import QOS1, Row
from tests.fuzz.source import Source

__all__ = ["TOKENS", "inputs", "seeds", "target"]

_TOPICS = ("city/a", "city/b", "x", "$SYS/broker/publish/messages/dropped", "é")
_FILTERS = ("city/#", "+", "$share/g/x")
_QOS = (mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE, mqtt5.QoS.EXACTLY_ONCE)
_MOST_ACTS = 60
_PAYLOAD = 64
"""`max_payload_bytes`."""
_HUGE = 1 << 20
"""A payload beyond it is cut."""
TOKENS = [
    mqtt5.ConnAckPacket().write(), mqtt5.ConnAckPacket(session_present=True).write(), mqtt5.PingRespPacket().write(),
    mqtt5.PublishPacket("city/a", b"1").write(), mqtt5.PublishPacket("x", b"", qos=_QOS[1], packet_id=1).write(),
    mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write(), mqtt5.DisconnectPacket().write(),
    mqtt5.PublishPacket("x", b"1", qos=_QOS[2], packet_id=1).write(), b"\x32\xff\xff\xff\x7f", b"\x30\x80\x80\x80\x80",
    b"\x32\x02\xff\xff", b"\x32\x05\x00\x01\xff\x00\x01", b"\x20\xff\xff\x7f", b"\xd0\x01\x00", b"\x00", b"\xf0\x00",
]  # fmt: skip


@dataclass
class _Run:
    """One playing of a script: what was journaled, what the broker was told."""

    pieces: bool
    session: Session
    journal: list[Row] = field(default_factory=list)
    durable: int = 0
    received: int = 0
    redelivered: int = 0
    shed: int = 0
    newest: int = 0
    now: float = 0.0
    clean: bool = True
    """Only whole packets were sent on this connection."""
    came: list[tuple[int, str, bytes]] = field(default_factory=list)
    """QoS 1 messages of this connection."""
    acked: int = 0
    acks: list[int] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def read(self, data: bytes, size: int) -> None:
        """Bytes reach the session."""
        step = max(size, len(data) // 50) if self.pieces else max(len(data), 1)
        for at in range(0, len(data), step):
            if self.session.state in (SessionState.FAILED, SessionState.CLOSED):
                return
            self.note(self.session.receive(data[at : at + step], 1_000, self.now))
            _holds_one_packet(self.session)
            self.after()

    def note(self, signals: Sequence[Signal]) -> None:
        """Signals are facts about the broker; they can all be said."""
        for signal in signals:
            assert repr(signal)

    def after(self) -> None:
        """What a connection does after each call: fetch the rows, send what is to be sent."""
        handover = self.session.take()
        if handover is not None:
            for row in handover.rows:
                assert row.received_at > self.newest, "receipts don't grow"
                self.newest = row.received_at
                self.journal.append(_as_cut(row))
            assert handover.received >= 0
            assert handover.redelivered >= 0
            assert handover.shed >= 0
            self.received += handover.received
            self.redelivered += handover.redelivered
            self.shed += handover.shed
        assert self.received == len(self.journal) + self.redelivered + self.shed, "a message is lost or counted twice"
        data = self.session.data_to_send()
        while data:
            packet, used = mqtt5.read(memoryview(data))
            data = data[used:]
            if isinstance(packet, mqtt5.PubAckPacket):
                self.acks.append(packet.packet_id)
                self.judge(packet.packet_id)
            elif isinstance(packet, mqtt5.SubscribePacket | mqtt5.UnsubscribePacket):
                self.asked.append(packet)

    def judge(self, packet_id: int) -> None:
        """A PUBACK: the message is durable, and those before it were acknowledged before."""
        if not self.clean:
            return
        wanted, topic, payload = self.came[self.acked]
        self.acked += 1
        assert packet_id == wanted, f"PUBACK {packet_id} out of order, {wanted} was next"
        on_disk = {(row.topic, row.payload) for row in self.journal[: self.durable]}
        cut = payload if len(payload) <= _HUGE else payload[: _PAYLOAD + 1]
        assert (topic, cut) in on_disk, "acknowledged, but not durable"


def target(data: bytes) -> None:
    """A script, played twice."""
    whole, pieces = _play(data, pieces=False), _play(data, pieces=True)
    assert whole.journal == pieces.journal, "rows depend on how the bytes were cut"
    assert whole.acks == pieces.acks, "PUBACKs depend on how the bytes were cut"
    assert (whole.redelivered, whole.shed) == (pieces.redelivered, pieces.shed)


def _as_cut(row: Row) -> Row:
    """A payload beyond the bound comes whole only in one read, as no socket gives it: it is as good as cut."""
    payload = row.payload if len(row.payload) <= _HUGE else row.payload[: _PAYLOAD + 1]
    return Row(row.received_at, row.kind, row.source, row.flags, row.topic, payload)


def _play(data: bytes, *, pieces: bool) -> _Run:
    source = Source(data)
    options = MqttOptions(
        host="-", client_id="loom", filters=_FILTERS, qos=1, receive_maximum=source.one((1, 2, 5, 1000)),
        max_payload_bytes=_PAYLOAD, keep_alive_secs=6, watch_sys=source.flag(), quiet_secs=1.0,
    )  # fmt: skip
    left = [(_TOPICS[k % 2], bytes([k])) for k in range(source.below(4))]
    run = _Run(pieces, Session(options, 3, unconfirmed=left, confirmed=7, known_filters=("old/#",)))
    run.journal += [Row(k - 10, 0, 3, QOS1, *message) for k, message in enumerate(left)]
    run.durable = len(left)
    run.received += len(left)
    _connect(run)
    for _ in range(_MOST_ACTS):
        if not source:
            break
        _act(run, source)
        run.after()
    held = run.session.inflow.held
    assert held >= 0
    assert run.session.inflow.received == run.received - len(left) + held
    return run


def _connect(run: _Run) -> None:
    run.clean, run.acked = True, 0
    run.came.clear()
    run.asked.clear()
    run.session.connect(run.now)
    run.after()


def _act(run: _Run, source: Source) -> None:
    session, act, size = run.session, source.below(16), 1 + source.below(5)
    if act <= 4:
        _publish(run, source, size)
    elif act == 5:
        code = mqtt5.ConnAckReasonCode.NOT_AUTHORIZED if source.byte() == 9 else mqtt5.ConnAckReasonCode.SUCCESS
        packet = mqtt5.ConnAckPacket(
            session_present=source.flag(), reason_code=code, server_keep_alive=source.one((None, 0, 1, 60)),
            session_expiry_interval=source.one((None, 0, 60)),
        )  # fmt: skip
        run.read(packet.write(), size)
    elif act == 6 and run.asked:
        run.read(_answer(run.asked.pop(0), source), size)
    elif act == 7:
        run.read(mqtt5.PingRespPacket().write(), size)
    elif act == 8:
        run.clean = False
        run.read(source.run(), size)
    elif act == 9:
        run.clean = False
        run.read(source.one(TOKENS) * (1 + source.below(3)), size)
    elif act in (10, 11):
        rows = min(source.below(8), session.inflow.waiting)
        run.durable += rows
        session.acknowledge(rows)
    elif act == 12:
        run.now += source.one((0.1, 1.1, 3.0, 12.0))
        run.note(session.tick(1_000, run.now))
    elif act == 13:
        session.disconnected()
        run.after()
        _connect(run)
    elif act == 14:
        session.shed_qos0 = source.flag()
    else:
        (session.close, lambda: session.prove(run.now), session.finish)[source.below(3)]()


def _publish(run: _Run, source: Source, size: int) -> None:
    qos, topic = source.one((1, 1, 1, 0, 0, 2)), source.one(_TOPICS)
    packet_id = 1 + source.below(6)
    length = source.byte()
    payload = bytes([source.below(3) + 48]) * (
        (_HUGE + 500) if length == 255 else (1, 1, 1, 0, 64, 65, 200)[length % 7]
    )
    packet = mqtt5.PublishPacket(
        topic, payload, qos=_QOS[qos], packet_id=packet_id if qos else None, retain=source.byte() == 1,
        duplicate=bool(qos) and source.byte() == 1,
    )  # fmt: skip
    if qos == 1 and run.session.state is SessionState.OPEN:
        run.came.append((packet_id, topic, payload))
    run.read(packet.write(), size)


def _answer(packet: Any, source: Source) -> bytes:
    if isinstance(packet, mqtt5.SubscribePacket):
        codes = (mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE,
                 mqtt5.SubAckReasonCode.NOT_AUTHORIZED)  # fmt: skip
        return mqtt5.SubAckPacket(packet.packet_id, [source.one(codes) for _ in packet.topic_filters]).write()
    return mqtt5.UnsubAckPacket(packet.packet_id, [mqtt5.UnsubAckReasonCode.SUCCESS] * len(packet.patterns)).write()


def _holds_one_packet(session: Session) -> None:
    """What is kept of the stream begins with a packet that is not whole yet."""
    kept = b"".join(session._framer._chunks)
    if session.state is SessionState.FAILED or len(kept) < 5:
        return
    length = shift = 0
    for at in range(1, 5):
        length |= (kept[at] & 127) << shift
        shift += 7
        if kept[at] < 128:
            assert len(kept) < 1 + at + length, f"a whole packet of {at + 1 + length} bytes is kept among {len(kept)}"
            return


def inputs() -> st.SearchStrategy[bytes]:
    """Scripts of a connection that begins well, then anything."""
    begin = st.sampled_from([b"", *(bytes([2, 0, 0, *_OPENED, k]) for k in (0, 1))])
    piece = st.sampled_from(list(_ACTS.values())) | st.binary(max_size=6)
    return st.builds(lambda first, then: first + b"".join(then), begin, st.lists(piece, max_size=30))


_OPENED = (5, 0, 0)
_ACTS = {
    "qos 1": bytes([0, 0, 0, 0, 1, 0, 0, 0, 0]), "another": bytes([0, 0, 0, 1, 2, 0, 0, 0, 0]),
    "qos 0": bytes([0, 0, 3, 0, 0, 0, 0, 0]), "suback": bytes([6, 0, 0, 0, 0]), "durable": bytes([10, 0, 7]),
    "tick": bytes([12, 0, 1]), "cut": bytes([13, 0]), "resumed": bytes([5, 0, 0, 1, 0, 0]), "pong": bytes([7, 0]),
    "token": bytes([9, 0, 8, 0]), "close": bytes([15, 0, 0]), "late": bytes([12, 0, 3]),
}  # fmt: skip


def seeds() -> Sequence[bytes]:
    """A session that goes well, a cut, a resumed one."""
    start = bytes([2, 0, 2, *_OPENED, 1, 0, 0])
    acts = _ACTS
    return [
        start + acts["suback"] * 3 + acts["qos 1"] + acts["another"] + acts["durable"] + acts["tick"],
        start
        + acts["qos 1"]
        + acts["durable"]
        + acts["cut"]
        + acts["resumed"]
        + acts["qos 1"]
        + acts["another"]
        + acts["late"],
        start + acts["qos 0"] + acts["token"] + acts["close"],
        *(start + bytes([8, 1, len(token)]) + token for token in TOKENS),
    ]
