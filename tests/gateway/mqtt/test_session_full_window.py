"""A broker whose window is full of messages that wait behind held ones, as rumqttd's is when filters take turns.

W of a/#:  0 1 2        window 4        arriving:  a0 a1 | b0 b1 |  then nothing: a2 has no room
                                                    held   settled, but their PUBACKs keep their order
"""

import mqtt5

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session

_QOS1 = mqtt5.QoS.AT_LEAST_ONCE


def _publish(packet_id: int, topic: str, payload: bytes) -> bytes:
    return mqtt5.PublishPacket(topic, payload, qos=_QOS1, packet_id=packet_id).write()


def _acked(session: Session) -> list[int]:
    data, out = session.data_to_send(), []
    while data:
        packet, used = mqtt5.read(memoryview(data))
        data = data[used:]
        if isinstance(packet, mqtt5.PubAckPacket):
            out.append(packet.packet_id)
    return out


def _stuck() -> Session:
    """At second 1 the window is full."""
    options = MqttOptions(host="-", client_id="loom", filters=("a/#", "b/#"), receive_maximum=4, quiet_secs=2.0)
    session = Session(options, 0, unconfirmed=[("a/x", b"%d" % k) for k in range(3)])
    session.connect(0.0)
    session.receive(mqtt5.ConnAckPacket(session_present=True).write(), 1, 0.0)
    session.data_to_send()
    codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE] * 2
    session.receive(mqtt5.SubAckPacket(1, codes).write(), 1, 0.0)
    arriving = [("a/x", b"0"), ("a/x", b"1"), ("b/x", b"new"), ("b/x", b"newer")]
    session.receive(b"".join(_publish(k, *message) for k, message in enumerate(arriving, 1)), 1000, 1.0)
    handover = session.take()
    assert handover is not None
    assert [row.payload for row in handover.rows] == [b"new", b"newer"]
    session.acknowledge(2)
    assert _acked(session) == []
    return session


def _answer(session: Session, now: float) -> None:
    session.tick(1000, now)
    if session._keep_alive.asking:
        session.receive(mqtt5.PingRespPacket().write(), 1000, now)
        session.tick(1000, now)


def test_the_rest_of_a_suffix_comes_once_held_messages_are_acknowledged() -> None:
    session = _stuck()
    session.tick(1000, 1.9)
    assert _acked(session) == []  # the broker may just be slow
    _answer(session, 2.5)
    assert _acked(session) == [1, 2, 3, 4]
    assert session.inflow.held == 2
    session.receive(_publish(1, "a/x", b"2"), 1000, 2.6)
    handover = session.take()
    assert handover is not None
    assert (list(handover.rows), handover.received, handover.redelivered) == ([], 3, 3)
    assert _acked(session) == [1]


def test_held_messages_that_were_acknowledged_are_handed_out_when_they_turn_out_new() -> None:
    session = _stuck()
    _answer(session, 2.5)
    session.receive(_publish(1, "a/x", b"other"), 1000, 2.6)
    handover = session.take()
    assert handover is not None
    assert [row.payload for row in handover.rows] == [b"0", b"1", b"other"]
    assert (handover.received, handover.redelivered) == (3, 0)
    assert _acked(session) == [1, 2, 3, 4]
    session.acknowledge(2)
    assert _acked(session) == []
    session.acknowledge(1)
    assert _acked(session) == [1]


def test_held_messages_that_were_acknowledged_are_new_when_nothing_follows() -> None:
    session = _stuck()
    _answer(session, 2.5)
    _answer(session, 4.0)
    assert session.take() is None
    _answer(session, 5.0)
    handover = session.take()
    assert handover is not None
    assert [row.payload for row in handover.rows] == [b"0", b"1"]
    session.acknowledge(2)
    assert _acked(session) == [1, 2, 3, 4]


def test_held_messages_wait_for_their_verdict_while_others_arrive() -> None:
    session = _stuck()
    for k in range(5, 9):
        now = 1.0 + (k - 4) * 0.4
        session.receive(_publish(k, "b/x", b"%d" % k), 1000, now)
        _answer(session, now + 0.1)
        assert session.inflow.held == 2
        assert _acked(session) == []
    session.receive(_publish(9, "b/x", b"9"), 1000, 3.1)
    _answer(session, 3.2)
    assert session.inflow.held == 0
    handover = session.take()
    assert handover is not None
    assert sum(row.topic == "a/x" for row in handover.rows) == 2
