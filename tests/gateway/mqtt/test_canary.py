"""The canary by itself: when it goes out, what counts as its return, and whose fault it is when there is none."""

import mqtt5
import pytest

from gateway.mqtt.canary import Canary, CanaryState
from gateway.mqtt.signals import CanaryRefused, CanaryReturned, CanarySilent, CanaryUnproven

LOOK = 0.25


def _canary(*, proven: bool = True) -> Canary:
    canary = Canary("me", 10.0, 30.0, "token", proven=proven)
    canary.begin()
    canary.subscribed(0)
    return canary


def _send(canary: Canary, now: float, packet_id: int = 7, *, acknowledged: bool = True) -> mqtt5.PublishPacket:
    packet, _ = mqtt5.read(memoryview(canary.packet(packet_id, now, acknowledged=acknowledged)))
    assert isinstance(packet, mqtt5.PublishPacket)
    return packet


def _state(canary: Canary) -> CanaryState:
    return canary.state


def _look_until(canary: Canary, begin: float, end: float, answered: float, *, held_up: bool = False) -> list[object]:
    """Looks four times a second; what they said."""
    looks = range(int((end - begin) / LOOK) + 1)
    return [s for look in looks for s in canary.look(begin + look * LOOK, answered, held_up=held_up)]


def test_it_is_published_once_subscribed_and_then_at_its_interval() -> None:
    canary = Canary("me", 10.0, 30.0, "token", proven=False)
    assert not canary.due(0.0)
    canary.subscribed(0)
    assert canary.due(0.0)
    assert _send(canary, 0.0).topic == "me"
    assert not canary.due(9.9)
    assert canary.due(10.0)
    canary.begin()  # the connection is gone
    assert not canary.due(20.0)


def test_it_asks_for_a_puback_while_none_is_owed_so_that_a_refusal_is_heard() -> None:
    canary = _canary()
    first, second = _send(canary, 0.0, 7), _send(canary, 10.0, 8)
    assert (first.qos, first.packet_id) == (mqtt5.QoS.AT_LEAST_ONCE, 7)
    assert (second.qos, second.packet_id) == (mqtt5.QoS.AT_MOST_ONCE, None)
    assert canary.answered(7, 0) == []
    assert _send(canary, 20.0, 9).qos == mqtt5.QoS.AT_LEAST_ONCE
    assert _send(_canary(), 0.0, acknowledged=False).qos == mqtt5.QoS.AT_MOST_ONCE


def test_its_return_is_told_once_a_connection() -> None:
    canary = _canary()
    payload = _send(canary, 0.0).payload
    assert canary.came(payload) == [CanaryReturned()]
    assert canary.came(_send(canary, 10.0).payload) == []
    assert _state(canary) is CanaryState.RETURNING
    canary.begin()
    assert _state(canary) is CanaryState.WAITING
    assert canary.came(payload) == []  # of the connection before
    canary.subscribed(0)
    assert canary.came(_send(canary, 20.0).payload) == [CanaryReturned()]


@pytest.mark.parametrize(
    "payload", [b"", b"token", b"token 2", b"token 0", b"other 1", b"token -1", b"\xff 1", b"x" * 500]
)
def test_nobody_elses_message_counts_as_its_return(payload: bytes) -> None:
    canary = _canary()
    assert _send(canary, 0.0).payload == b"token 1"
    assert canary.came(payload) == []
    assert _state(canary) is CanaryState.WAITING


def test_a_broker_that_answers_pings_and_passes_nothing_on_is_silent_after_the_patience() -> None:
    canary = _canary()
    _send(canary, 0.0)
    assert _look_until(canary, 0.0, 29.75, answered=0.0) == []
    [silent] = canary.look(30.0, 0.0, held_up=False)
    assert isinstance(silent, CanarySilent)
    assert "me has not come back for 30 s" in silent.what
    assert (_state(canary), canary.due(99.0)) == (CanaryState.SILENT, False)
    canary.begin()
    canary.subscribed(0)
    assert _state(canary) is CanaryState.SILENT  # until one returns
    canary.came(_send(canary, 100.0).payload)
    assert _state(canary) is CanaryState.RETURNING


def test_as_long_as_the_ping_behind_it_is_not_answered_the_patience_does_not_begin() -> None:
    canary = _canary()
    _send(canary, 100.0)
    assert _look_until(canary, 100.0, 400.0, answered=90.0) == []
    assert _look_until(canary, 400.25, 429.5, answered=100.0) == []
    assert _look_until(canary, 429.75, 431.0, answered=100.0)


def test_time_in_which_we_hold_the_broker_up_does_not_count() -> None:
    canary = _canary()
    _send(canary, 0.0)
    assert _look_until(canary, 0.0, 20.0, answered=0.0) == []
    assert _look_until(canary, 20.25, 500.0, answered=0.0, held_up=True) == []
    assert _look_until(canary, 500.25, 509.5, answered=0.0) == []
    assert _look_until(canary, 509.75, 511.0, answered=0.0)


def test_being_stopped_for_a_minute_costs_a_second_of_the_patience() -> None:
    canary = _canary()
    _send(canary, 0.0)
    assert canary.look(0.25, 0.0, held_up=False) == []
    assert canary.look(60.25, 0.0, held_up=False) == []  # SIGSTOP, and what came meanwhile is not read yet
    assert _look_until(canary, 60.5, 88.75, answered=0.0) == []
    assert _look_until(canary, 89.0, 90.0, answered=0.0)


def test_a_single_one_may_be_lost() -> None:
    canary = _canary()
    _send(canary, 0.0)
    assert _look_until(canary, 0.0, 10.0, answered=0.0) == []
    canary.came(_send(canary, 10.0).payload)
    assert _look_until(canary, 10.25, 1000.0, answered=10.0) == []


def test_one_that_never_came_back_is_waited_for_on_two_connections_and_then_not_relied_upon() -> None:
    canary = _canary(proven=False)
    _send(canary, 0.0)
    assert [type(s) for s in _look_until(canary, 0.0, 31.0, answered=0.0)] == [CanarySilent]
    canary.begin()
    canary.subscribed(0)
    _send(canary, 100.0)
    assert _look_until(canary, 100.0, 131.0, answered=100.0) == [CanaryUnproven()]
    assert _state(canary) is CanaryState.UNPROVEN
    canary.begin()
    canary.subscribed(0)
    _send(canary, 200.0)
    assert _look_until(canary, 200.0, 300.0, answered=200.0) == []
    assert canary.due(300.0)  # it goes on
    canary.came(_send(canary, 300.0).payload)
    _send(canary, 310.0)
    assert [type(s) for s in _look_until(canary, 310.0, 341.0, answered=310.0)] == [CanarySilent]


def test_a_refusal_to_publish_is_told_once_and_ends_it_for_this_run() -> None:
    canary = _canary()
    _send(canary, 0.0, 7)
    assert canary.answered(7, 0x87) == [CanaryRefused("publish", 0x87)]
    canary.begin()  # mosquitto 2.0.11 hangs up then
    assert canary.subscribed(0) == []
    assert (_state(canary), canary.due(99.0)) == (CanaryState.REFUSED, False)


def test_a_broker_that_hangs_up_on_it_three_times_is_asked_no_more() -> None:
    canary = _canary()
    for _ in range(2):
        _send(canary, 0.0, 7)
        canary.begin()
        assert canary.subscribed(0) == []
        assert canary.due(0.0)
    _send(canary, 0.0, 7)
    canary.begin()
    assert canary.subscribed(0) == [CanaryRefused("publish", None)]
    assert (_state(canary), canary.due(99.0)) == (CanaryState.REFUSED, False)


def test_cuts_with_an_answer_between_them_are_cuts() -> None:
    canary = _canary()
    for _ in range(10):
        _send(canary, 0.0, 7)
        canary.begin()
        canary.subscribed(0)
        _send(canary, 0.0, 8)
        canary.answered(8, 0)
        canary.begin()
        assert canary.subscribed(0) == []
    assert canary.due(0.0)


def test_a_refusal_to_subscribe_is_told_once_and_ends_it_for_the_connection() -> None:
    canary = Canary("me", 10.0, 30.0, "token", proven=True)
    assert canary.subscribed(0x87) == [CanaryRefused("subscribe", 0x87)]
    assert (_state(canary), canary.due(0.0)) == (CanaryState.REFUSED, False)
    canary.begin()
    assert canary.subscribed(0x87) == []  # told already
    assert (_state(canary), canary.due(99.0)) == (CanaryState.REFUSED, False)
    assert _look_until(canary, 0.0, 100.0, answered=0.0) == []
    canary.begin()
    assert canary.subscribed(0) == []
    assert (_state(canary), canary.due(0.0)) == (CanaryState.WAITING, True)


def test_a_puback_for_anything_else_is_an_error() -> None:
    canary = _canary()
    _send(canary, 0.0, 7)
    with pytest.raises(ValueError, match="answers nothing"):
        canary.answered(8, 0)
    canary.answered(7, 0)
    with pytest.raises(ValueError, match="answers nothing"):
        canary.answered(7, 0)
