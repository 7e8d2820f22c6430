"""Subscribing by difference."""

import itertools

import mqtt5
import pytest

from gateway.mqtt.signals import FilterGranted, FilterRefused, QosLowered, Signal, Subscribed, WatchRefused
from gateway.mqtt.subscriptions import DROPPED_TOPIC, Subscriptions


def _packets(data: bytes) -> list[mqtt5.Packet]:
    out: list[mqtt5.Packet] = []
    while data:
        packet, used = mqtt5.read(memoryview(data))
        out.append(packet)
        data = data[used:]
    return out


def _asked(data: bytes) -> tuple[list[str], list[str]]:
    """(subscribed, unsubscribed)."""
    packets = _packets(data)
    subscribed = [f.pattern for p in packets if isinstance(p, mqtt5.SubscribePacket) for f in p.topic_filters]
    return subscribed, [f for p in packets if isinstance(p, mqtt5.UnsubscribePacket) for f in p.patterns]


def _grant(subscriptions: Subscriptions, data: bytes, *codes: int) -> list[Signal]:
    signals: list[Signal] = []
    for packet in _packets(data):
        if isinstance(packet, mqtt5.SubscribePacket):
            granted = [mqtt5.SubAckReasonCode(code) for code in codes or (1,) * len(packet.topic_filters)]
            more, found = subscriptions.on_suback(mqtt5.SubAckPacket(packet.packet_id, granted))
            signals += found + _grant(subscriptions, more)
        elif isinstance(packet, mqtt5.UnsubscribePacket):
            done = [mqtt5.UnsubAckReasonCode.SUCCESS] * len(packet.patterns)
            subscriptions.on_unsuback(mqtt5.UnsubAckPacket(packet.packet_id, done))
    return signals


def test_a_new_session_is_asked_for_everything_with_the_right_options() -> None:
    subscriptions = Subscriptions(["a/#", "b/+"], 1, watch=False)
    data, signals = subscriptions.begin(session_present=False)
    [packet] = _packets(data)
    assert isinstance(packet, mqtt5.SubscribePacket)
    assert [(f.pattern, int(f.max_qos), int(f.retain_handling)) for f in packet.topic_filters] == [
        ("a/#", 1, 1),
        ("b/+", 1, 1),
    ]
    assert signals == []
    assert _grant(subscriptions, data) == [Subscribed(2)]


def test_a_resumed_session_that_holds_everything_is_asked_for_nothing() -> None:
    subscriptions = Subscriptions(["a/#"], 1, watch=False)
    _grant(subscriptions, subscriptions.begin(session_present=False)[0])
    assert subscriptions.begin(session_present=True) == (b"", [Subscribed(1)])


def test_after_a_restart_everything_is_asked_again_and_what_is_no_longer_wanted_given_up() -> None:
    subscriptions = Subscriptions(["a/#"], 1, watch=False, known=["a/#", "old/#"])
    data, _ = subscriptions.begin(session_present=True)
    assert _asked(data) == (["a/#"], ["old/#"])
    assert subscriptions.session_filters == ["old/#"]
    _grant(subscriptions, data)
    assert subscriptions.session_filters == ["a/#"]
    assert subscriptions.begin(session_present=True)[0] == b""


def test_a_session_that_is_gone_is_asked_again_without_what_it_can_not_hold() -> None:
    subscriptions = Subscriptions(["a/#"], 1, watch=False, known=["old/#"])
    assert _asked(subscriptions.begin(session_present=False)[0]) == (["a/#"], [])


def test_an_answer_that_never_came_is_asked_for_again() -> None:
    subscriptions = Subscriptions(["a/#"], 1, watch=False)
    subscriptions.begin(session_present=False)
    assert _asked(subscriptions.begin(session_present=True)[0]) == (["a/#"], [])


def test_refusals_and_lower_qos_are_told_once() -> None:
    subscriptions = Subscriptions(["a", "b", "c"], 1, watch=False)
    data, _ = subscriptions.begin(session_present=False)
    assert _grant(subscriptions, data, 135, 0, 1) == [FilterRefused("a", 135), QosLowered("b"), Subscribed(2)]
    assert subscriptions.refused == {"a": 135}
    data, _ = subscriptions.begin(session_present=False)
    assert _asked(data) == (["a", "b", "c"], [])
    assert _grant(subscriptions, data, 135, 1, 1) == [Subscribed(2)]


def test_a_refused_filter_is_asked_for_again_ever_more_rarely_until_it_is_granted() -> None:
    subscriptions = Subscriptions(["a", "b"], 1, watch=False)
    _grant(subscriptions, subscriptions.begin(session_present=False)[0], 135, 1)
    asked_at = []
    for second in range(8000):
        if data := subscriptions.tick(float(second)):
            assert _asked(data) == (["a"], [])
            assert _grant(subscriptions, data, 135) == []
            asked_at.append(second)
    waits = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert asked_at[0] == 60
    assert waits == [121, 241, 481, 961, 1921, 3601]  # from the look after the answer
    data = subscriptions.tick(20_000.0)
    assert _grant(subscriptions, data, 1) == [FilterGranted("a")]
    assert (subscriptions.refused, subscriptions.session_filters) == ({}, ["a", "b"])
    assert subscriptions.tick(40_000.0) == b""


def test_a_broker_that_hangs_up_on_the_question_is_not_asked_again() -> None:
    subscriptions = Subscriptions(["a", "b"], 1, watch=False)
    _grant(subscriptions, subscriptions.begin(session_present=False)[0], 135, 1)
    subscriptions.tick(0.0)
    assert _asked(subscriptions.tick(60.0)) == (["a"], [])
    _grant(subscriptions, subscriptions.begin(session_present=True)[0], 135)
    subscriptions.tick(100.0)
    assert _asked(subscriptions.tick(300.0)) == (["a"], [])
    assert subscriptions.begin(session_present=True)[0] == b""
    assert (subscriptions.tick(1000.0), subscriptions.tick(9000.0)) == (b"", b"")


def test_what_a_silent_broker_granted_is_asked_for_again() -> None:
    subscriptions = Subscriptions(["a", "b"], 1, watch=False)
    _grant(subscriptions, subscriptions.begin(session_present=False)[0])
    subscriptions.doubt()
    assert _asked(subscriptions.begin(session_present=True)[0]) == (["a", "b"], [])


def test_shared_filters_are_not_asked_of_a_broker_that_can_not_share() -> None:
    subscriptions = Subscriptions(["$share/g/a", "b"], 1, watch=False)
    data, signals = subscriptions.begin(session_present=False, shared=False)
    assert signals == [FilterRefused("$share/g/a", 0x9E)]
    assert _asked(data) == (["b"], [])
    assert _grant(subscriptions, data) == [Subscribed(1)]
    assert subscriptions.begin(session_present=True, shared=False) == (b"", [Subscribed(1)])
    assert (subscriptions.tick(0.0), subscriptions.tick(9000.0)) == (b"", b"")


def test_the_topic_of_the_canary_is_subscribed_on_every_connection_and_given_up_by_who_wants_none() -> None:
    subscriptions = Subscriptions(["a"], 1, watch=False, canary="me")
    assert _answer_all(subscriptions, subscriptions.begin(session_present=False)[0]) == ["a", "me"]
    assert subscriptions.canary_code == 0
    assert subscriptions.session_filters == ["a", "me"]
    data = subscriptions.begin(session_present=True)[0]
    assert subscriptions.canary_code is None
    assert _answer_all(subscriptions, data) == ["me"]
    without = Subscriptions(["a"], 1, watch=False, known=subscriptions.session_filters)
    assert _asked(without.begin(session_present=True)[0]) == (["a"], ["me"])


def _answer_all(subscriptions: Subscriptions, data: bytes) -> list[str]:
    """Grant what is asked at the QoS that is asked; gives it in its order."""
    out = []
    for packet in _packets(data):
        if isinstance(packet, mqtt5.SubscribePacket):
            codes = [mqtt5.SubAckReasonCode(int(wanted.max_qos)) for wanted in packet.topic_filters]
            out += [wanted.pattern for wanted in packet.topic_filters]
            out += _answer_all(subscriptions, subscriptions.on_suback(mqtt5.SubAckPacket(packet.packet_id, codes))[0])
    return out


def test_many_filters_go_in_several_packets_and_are_ready_together() -> None:
    wanted = [f"city/{index}/#" for index in range(150)]
    subscriptions = Subscriptions(wanted, 1, watch=False)
    data, _ = subscriptions.begin(session_present=False)
    assert _asked(data) == (wanted, [])
    assert [len(p.topic_filters) for p in _packets(data) if isinstance(p, mqtt5.SubscribePacket)] == [64, 64, 22]
    assert _grant(subscriptions, data) == [Subscribed(150)]


def test_the_counter_of_drops_is_asked_for_last_and_given_up_after_two_hang_ups() -> None:
    subscriptions = Subscriptions(["a"], 1, watch=True)
    for present in (False, True):
        data, signals = subscriptions.begin(session_present=present)
        assert WatchRefused() not in signals
        for packet in _packets(data):
            if isinstance(packet, mqtt5.SubscribePacket) and packet.topic_filters[0].pattern == "a":
                answer = mqtt5.SubAckPacket(packet.packet_id, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE])
                data, _ = subscriptions.on_suback(answer)
        assert _asked(data) == ([DROPPED_TOPIC], [])
    data, signals = subscriptions.begin(session_present=True)
    assert (data, signals) == (b"", [WatchRefused(), Subscribed(1)])


def test_a_refused_counter_is_told() -> None:
    subscriptions = Subscriptions(["a"], 1, watch=True)
    [packet] = _packets(subscriptions.begin(session_present=False)[0])
    assert isinstance(packet, mqtt5.SubscribePacket)
    granted = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
    data, _ = subscriptions.on_suback(mqtt5.SubAckPacket(packet.packet_id, [granted]))
    [watch] = _packets(data)
    assert isinstance(watch, mqtt5.SubscribePacket)
    refused = mqtt5.SubAckPacket(watch.packet_id, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED])
    assert subscriptions.on_suback(refused) == (b"", [WatchRefused()])


def test_answers_to_nothing_are_errors() -> None:
    subscriptions = Subscriptions(["a"], 1, watch=False)
    with pytest.raises(ValueError, match="answers nothing"):
        subscriptions.on_suback(mqtt5.SubAckPacket(9, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]))
    with pytest.raises(ValueError, match="answers nothing"):
        subscriptions.on_unsuback(mqtt5.UnsubAckPacket(9, [mqtt5.UnsubAckReasonCode.SUCCESS]))
