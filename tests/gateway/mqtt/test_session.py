"""The session's packets: what it says, what it makes of what it hears, and what it refuses."""

from typing import Any

import mqtt5
import pytest

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session, SessionState
from gateway.mqtt.signals import (
    Accepted,
    Dropped,
    Failed,
    Refused,
    ServerLeft,
    SessionLost,
    SessionShortened,
    Silent,
    Subscribed,
    WindowExceeded,
)
from gateway.mqtt.subscriptions import DROPPED_TOPIC
from gateway.rows import DUP, QOS1, RETAIN, Row

QOS = [mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE, mqtt5.QoS.EXACTLY_ONCE]
GRANTED = mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE])


def _options(**changes: Any) -> MqttOptions:
    values: dict[str, Any] = {"host": "-", "client_id": "loom", "filters": ("city/#",), "receive_maximum": 4}
    return MqttOptions(**(values | changes))


def _sent(session: Session) -> list[mqtt5.Packet]:
    data, out = session.data_to_send(), []
    while data:
        packet, used = mqtt5.read(memoryview(data))
        out.append(packet)
        data = data[used:]
    return out


def _acked(session: Session) -> list[int]:
    return [packet.packet_id for packet in _sent(session) if isinstance(packet, mqtt5.PubAckPacket)]


def _bytes(*packets: mqtt5.Packet) -> bytes:
    return b"".join(packet.write() for packet in packets)


def _publish(packet_id: int, payload: bytes = b"1", *, qos: int = 1, topic: str = "city/a", **more: Any) -> bytes:
    return mqtt5.PublishPacket(topic, payload, qos=QOS[qos], packet_id=packet_id if qos else None, **more).write()


def _open(session: Session, now: float = 0.0, **connack: Any) -> list[Any]:
    session.connect(now)
    signals = session.receive(mqtt5.ConnAckPacket(**connack).write(), 1, now)
    if session.state is SessionState.OPEN:
        for packet in _sent(session):
            if isinstance(packet, mqtt5.SubscribePacket):
                codes = [mqtt5.SubAckReasonCode(int(f.max_qos)) for f in packet.topic_filters]
                signals += session.receive(mqtt5.SubAckPacket(packet.packet_id, codes).write(), 1, now)
    return signals


def _opened(**changes: Any) -> Session:
    session = Session(_options(**changes), 5)
    _open(session)
    session.data_to_send()
    return session


def _rows(session: Session) -> list[Row]:
    handover = session.take()
    return [] if handover is None else list(handover.rows)


# ---- the beginning ----


def test_connect_resumes_the_session_and_announces_the_window_but_no_packet_size() -> None:
    session = Session(_options(username="u", password="p", keep_alive_secs=17), 5)
    session.connect(0.0)
    [packet] = _sent(session)
    assert isinstance(packet, mqtt5.ConnectPacket)
    assert (packet.client_id, packet.clean_start, packet.session_expiry_interval) == ("loom", False, 86_400)
    assert (packet.receive_max, packet.keep_alive, packet.topic_alias_max, packet.max_packet_size) == (4, 17, 0, None)
    assert (packet.username, packet.password) == ("u", b"p")


def test_the_window_has_room_for_all_that_may_be_redelivered() -> None:
    session = Session(_options(), 5, unconfirmed=[("city/a", b"%d" % n) for n in range(9)])
    session.connect(0.0)
    [packet] = _sent(session)
    assert isinstance(packet, mqtt5.ConnectPacket)
    assert packet.receive_max == 9


def test_a_new_session_is_accepted_and_subscribed() -> None:
    session = Session(_options(), 5)
    assert _open(session) == [Accepted(session_present=False), Subscribed(1)]
    assert session.state is SessionState.OPEN


def test_a_refusal_is_told_with_its_reason() -> None:
    session = Session(_options(), 5)
    code = mqtt5.ConnAckReasonCode.NOT_AUTHORIZED
    assert _open(session, reason_code=code, reason_str="who are you") == [Refused(135, "who are you")]
    session.disconnected()
    assert _open(session, reason_code=code) == [Refused(135, "NOT_AUTHORIZED")]


@pytest.mark.parametrize("left", [{"had_session": True}, {"unconfirmed": [("city/a", b"1")]}])
def test_a_session_that_should_be_there_and_is_not_is_told(left: dict[str, Any]) -> None:
    session = Session(_options(), 5, **left)
    assert SessionLost() in _open(session)
    session.receive(_publish(1), 10, 0.0)
    assert len(_rows(session)) == 1  # nothing can be redelivered now


def test_a_first_session_is_not_missed_but_the_next_one_is() -> None:
    session = Session(_options(), 5)
    assert SessionLost() not in _open(session)
    session.disconnected()
    assert SessionLost() in _open(session)


def test_a_shorter_session_than_asked_is_told() -> None:
    assert SessionShortened(60) in _open(Session(_options(), 5), session_expiry_interval=60)


def test_no_answer_to_connect_is_silence() -> None:
    session = Session(_options(connect_timeout_secs=10.0), 5)
    session.connect(100.0)
    assert session.tick(1, 109.0) == []
    assert session.tick(1, 111.0) == [Silent("no CONNACK in time")]


# ---- messages ----


def test_rows_carry_what_came_and_strictly_increasing_stamps() -> None:
    session = _opened()
    data = _publish(1, b"a") + _publish(2, b"b", retain=True) + _publish(0, b"c", qos=0)
    session.receive(data + _publish(3, b"d", duplicate=True), 1000, 1.0)
    assert _rows(session) == [
        Row(1000, 0, 5, QOS1, "city/a", b"a"),
        Row(1001, 0, 5, QOS1 | RETAIN, "city/a", b"b"),
        Row(1002, 0, 5, 0, "city/a", b"c"),
        Row(1003, 0, 5, QOS1 | DUP, "city/a", b"d"),
    ]
    session.receive(_publish(4, b"e"), 900, 1.0)  # the clock was set back
    assert [row.received_at for row in _rows(session)] == [1004]
    assert session.inflow.newest_at == 1004


def test_bytes_in_any_portions_give_the_same_rows() -> None:
    session = _opened(receive_maximum=100)
    stream = b"".join(_publish(n + 1, b"x" * n) for n in range(40))
    for at in range(0, len(stream), 7):
        session.receive(stream[at : at + 7], 1000 + at, 1.0)
    assert [len(row.payload) for row in _rows(session)] == list(range(40))


def test_pubacks_leave_in_receive_order_when_rows_are_durable() -> None:
    session = _opened()
    session.receive(_publish(9) + _publish(0, qos=0) + _publish(3), 1000, 1.0)
    assert (session.inflow.in_flight, session.inflow.waiting) == (2, 3)
    session.acknowledge(1)
    assert _acked(session) == [9]
    session.acknowledge(2)
    assert _acked(session) == [3]
    assert (session.inflow.in_flight, session.inflow.waiting) == (0, 0)


def test_a_packet_id_is_free_again_after_its_puback() -> None:
    session = _opened()
    for _ in range(3):
        assert session.receive(_publish(1), 1000, 1.0) == []
        session.acknowledge(1)
    assert len(_rows(session)) == 3


@pytest.mark.parametrize("duplicate", [False, True])
def test_a_packet_id_in_flight_is_a_protocol_error_and_what_came_before_it_counts(duplicate: bool) -> None:
    session = _opened()
    data = _publish(1, b"a") + _publish(2, b"b") + _publish(1, b"c", duplicate=duplicate) + _publish(3, b"d")
    signals = session.receive(data, 1000, 1.0)
    assert signals == [Failed(130, "packet id 1 used while in flight")]
    handover = session.take()
    assert handover is not None
    assert ([row.payload for row in handover.rows], handover.received) == ([b"a", b"b"], 2)
    [packet] = _sent(session)
    assert isinstance(packet, mqtt5.DisconnectPacket)
    assert int(packet.reason_code) == 130


def test_packet_id_zero_is_a_protocol_error() -> None:
    session = _opened()
    raw = bytearray(_publish(1))
    raw[2 + 2 + len("city/a") + 1] = 0
    [failed] = session.receive(_publish(7) + bytes(raw), 1000, 1.0)
    assert isinstance(failed, Failed)
    assert len(_rows(session)) == 1


def test_a_qos_2_message_is_a_protocol_error() -> None:
    session = _opened()
    [failed] = session.receive(_publish(1, qos=2), 1000, 1.0)
    assert isinstance(failed, Failed)
    assert failed.code == 130
    assert session.take() is None


def test_a_topic_alias_is_a_protocol_error() -> None:
    session = _opened()
    [failed] = session.receive(_publish(1, topic="", topic_alias=1), 1000, 1.0)
    assert isinstance(failed, Failed)
    assert failed.code == 148


def test_more_than_the_receive_maximum_is_told_once_and_taken() -> None:
    session = _opened(receive_maximum=2)
    assert session.receive(b"".join(_publish(n) for n in (1, 2)), 1000, 1.0) == []
    assert not session.inflow.over
    assert session.receive(_publish(3), 1000, 1.0) == [WindowExceeded(3, 2)]
    assert session.inflow.over
    assert session.receive(_publish(4), 1000, 1.0) == []
    session.acknowledge(2)
    assert not session.inflow.over
    assert len(_rows(session)) == 4


def test_qos_0_is_shed_while_there_is_no_room_and_qos_1_is_not() -> None:
    session = _opened()
    session.shed_qos0 = True
    session.receive(_publish(0, qos=0) + _publish(1) + _publish(0, qos=0), 1000, 1.0)
    handover = session.take()
    assert handover is not None
    assert (len(handover.rows), handover.received, handover.shed) == (1, 3, 2)


# the codec panics on broken UTF-8, and its runtime says so to stderr besides raising
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "junk",
    [b"\x00\x00", b"\x36\x06\x00\x01a\x00\x01\x64", b"\x32\xff\xff\xff\xff\x01", b"\x32\x06\x00\x01\xff\x00\x01\x00"],
    ids=["type 0", "QoS 3", "endless length", "broken UTF-8"],
)
def test_malformed_bytes_end_the_connection_and_what_came_before_counts(junk: bytes) -> None:
    session = _opened()
    [failed] = session.receive(_publish(1) + junk, 1000, 1.0)
    assert isinstance(failed, Failed)
    assert failed.code == 129
    assert len(_rows(session)) == 1
    assert session.state is SessionState.FAILED


def test_a_publish_before_connack_is_a_protocol_error() -> None:
    session = Session(_options(), 5)
    session.connect(0.0)
    [failed] = session.receive(_publish(1), 1000, 1.0)
    assert isinstance(failed, Failed)
    assert session.take() is None


@pytest.mark.parametrize(
    "packet", [mqtt5.ConnAckPacket(), mqtt5.PingRespPacket(), mqtt5.PubAckPacket(1), GRANTED, mqtt5.PingReqPacket()]
)
def test_packets_that_no_broker_may_send_now_are_protocol_errors(packet: mqtt5.Packet) -> None:
    [failed] = _opened().receive(packet.write(), 1000, 1.0)
    assert isinstance(failed, Failed)
    assert failed.code == 130


def test_a_disconnect_of_the_broker_is_told_with_its_reason() -> None:
    session = _opened()
    code = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
    left = mqtt5.DisconnectPacket(reason_code=code)
    assert session.receive(_publish(1) + left.write() + _publish(2), 1000, 1.0) == [
        ServerLeft(142, "SESSION_TAKEN_OVER")
    ]
    assert len(_rows(session)) == 1


# ---- keep-alive and proof ----


def test_pings_keep_the_connection_alive_and_silence_ends_it() -> None:
    session = _opened(keep_alive_secs=20)
    assert session.tick(1, 9.0) == []
    assert _sent(session) == []
    session.tick(1, 10.0)
    assert [type(packet) for packet in _sent(session)] == [mqtt5.PingReqPacket]
    session.receive(mqtt5.PingRespPacket().write(), 1, 11.0)
    session.tick(1, 20.0)
    assert len(_sent(session)) == 1
    assert session.tick(1, 30.0) == []
    [silent] = session.tick(1, 30.1)
    assert isinstance(silent, Silent)


def test_a_broker_that_sends_is_not_silent_nor_one_that_we_do_not_read() -> None:
    session = _opened(keep_alive_secs=20)
    session.tick(1, 10.0)
    session.receive(_publish(1), 1000, 19.0)
    assert session.tick(1, 28.0) == []
    session.heard(35.0)
    assert session.tick(1, 44.0) == []


def test_the_keep_alive_of_the_broker_is_heeded() -> None:
    session = Session(_options(keep_alive_secs=60), 5)
    _open(session, server_keep_alive=8)
    session.data_to_send()
    session.tick(1, 4.0)
    assert len(_sent(session)) == 1


def test_an_answered_ping_confirms_the_pubacks_before_it_and_no_others() -> None:
    session = _opened()
    session.receive(_publish(1) + _publish(2) + _publish(3), 1000, 1.0)
    session.acknowledge(2)
    session.tick(1, 2.0)
    sent = _sent(session)
    assert [type(packet).__name__ for packet in sent] == ["PubAckPacket", "PubAckPacket", "PingReqPacket"]
    session.acknowledge(1)
    assert session.inflow.confirmed == 0
    session.receive(mqtt5.PingRespPacket().write(), 1, 2.1)
    assert session.inflow.confirmed == 2


def test_without_unproven_pubacks_there_is_no_extra_ping() -> None:
    session = _opened()
    session.receive(_publish(1), 1000, 1.0)
    session.tick(1, 5.0)
    assert _sent(session) == []


def test_a_window_of_unproven_pubacks_is_proven_at_once() -> None:
    session = _opened(receive_maximum=2)
    session.receive(_publish(1) + _publish(2), 1000, 1.0)
    session.acknowledge(2)
    session.receive(_publish(3), 1000, 1.01)
    assert any(isinstance(packet, mqtt5.PingReqPacket) for packet in _sent(session))


def test_the_confirmed_count_goes_on_from_an_earlier_process() -> None:
    session = Session(_options(), 5, unconfirmed=[("city/a", b"old")], confirmed=41)
    _open(session, session_present=True)
    session.receive(_publish(1, b"old") + _publish(2, b"new"), 1000, 1.0)
    handover = session.take()
    assert handover is not None
    assert ([row.payload for row in handover.rows], handover.received, handover.redelivered) == ([b"new"], 2, 1)
    assert _acked(session) == [1]
    session.acknowledge(1)
    session.tick(1, 3.0)
    session.receive(mqtt5.PingRespPacket().write(), 1, 3.1)
    assert session.inflow.confirmed == 43


def test_a_lost_session_confirms_everything_once_it_is_durable() -> None:
    session = _opened()
    session.receive(_publish(1) + _publish(2), 1000, 1.0)
    session.disconnected()
    _open(session)
    assert session.inflow.confirmed == 0
    session.acknowledge(2)
    assert session.inflow.confirmed == 2


# ---- held messages ----


def test_held_messages_are_in_no_handover_and_get_fresh_stamps() -> None:
    session = Session(_options(), 5, unconfirmed=[("city/a", b"1"), ("city/a", b"2")])
    _open(session, session_present=True)
    session.receive(_publish(1, b"1"), 1000, 1.0)
    assert (session.inflow.held, session.take()) == (1, None)
    assert _acked(session) == []
    session.tick(2000, 4.0)
    assert session.take() is None  # the broker may just be slow
    session.receive(mqtt5.PingRespPacket().write(), 2001, 4.1)
    session.tick(5000, 4.2)
    handover = session.take()
    assert handover is not None
    assert (handover.received, handover.redelivered) == (1, 0)
    assert [row.received_at for row in handover.rows] == [5000]


def test_held_messages_of_a_cut_connection_count_as_redelivered() -> None:
    session = Session(_options(), 5, unconfirmed=[("city/a", b"1"), ("city/a", b"2")])
    _open(session, session_present=True)
    session.receive(_publish(1, b"1"), 1000, 1.0)
    session.disconnected()
    handover = session.take()
    assert handover is not None
    assert (list(handover.rows), handover.received, handover.redelivered) == ([], 1, 1)


def test_parts_of_which_nothing_comes_are_settled_after_a_while() -> None:
    session = Session(_options(), 5, unconfirmed=[("city/a", b"1")])
    _open(session, session_present=True)
    assert session.inflow.sorting
    session.tick(1, 3.0)
    session.tick(1, 9.0)
    assert session.inflow.sorting
    session.tick(1, 11.0)
    assert not session.inflow.sorting


# ---- the end ----


def test_a_clean_stop_takes_nothing_more_proves_and_says_goodbye() -> None:
    session = _opened()
    session.receive(_publish(1), 1000, 1.0)
    session.close()
    session.receive(_publish(2) + _publish(0, qos=0), 1000, 1.1)
    handover = session.take()
    assert handover is not None
    assert (len(handover.rows), handover.received, handover.shed) == (1, 2, 1)
    session.acknowledge(1)
    session.prove(1.2)
    assert not session.settled
    session.receive(mqtt5.PingRespPacket().write(), 1000, 1.3)
    assert session.settled
    session.finish()
    sent = _sent(session)
    assert [type(packet).__name__ for packet in sent] == ["PubAckPacket", "PingReqPacket", "DisconnectPacket"]
    assert isinstance(sent[-1], mqtt5.DisconnectPacket)
    assert (int(sent[-1].reason_code), sent[-1].session_expiry_interval) == (0, None)
    assert session.inflow.confirmed == 1


# ---- the broker's counter ----


def test_increases_of_the_counter_of_drops_are_told_and_its_messages_are_no_rows() -> None:
    session = _opened(watch_sys=True)
    seen = []
    for value in (b"7", b"7", b"10", b"2", b"not a number", b"2"):
        seen += session.receive(_publish(0, value, qos=0, topic=DROPPED_TOPIC), 1000, 1.0)
    assert seen == [Dropped(3), Dropped(2)]  # 7 was before we looked; 2 after 10: the broker began anew
    assert session.take() is None


def test_the_counter_that_comes_while_we_leave_is_no_message_that_is_lost() -> None:
    session = _opened(watch_sys=True)
    session.close()
    session.receive(_publish(0, b"7", qos=0, topic=DROPPED_TOPIC), 1000, 1.0)
    assert session.take() is None
    assert (session.inflow.received, session.inflow.shed) == (0, 0)
