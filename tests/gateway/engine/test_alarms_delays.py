"""On-delay and off-delay, in the readings' time: ended by the next signal or by the lane's watermark."""

import pytest

from gateway.engine.alarm_model import Transition
from gateway.engine.alarms import Alarms
from tests.gateway.engine.alarm_support import Desk, S, definition, signals


def test_a_condition_that_holds_long_enough_is_raised_with_the_time_it_began() -> None:
    desk = Desk(on=10)

    assert desk.say((100, 1), (109, 1)) == []
    assert desk.say((110, 1)) == [("raised", "unacknowledged", 100)]


def test_a_condition_that_flickers_below_the_delay_is_never_raised() -> None:
    desk = Desk(on=10)

    assert desk.say(*((t, t // 5 % 2) for t in range(200))) == []


def test_an_alarm_that_pauses_below_the_delay_is_never_over() -> None:
    desk = Desk(off=10)
    desk.say((0, 1))

    assert desk.say(*((t, t // 5 % 2) for t in range(200))) == []
    assert desk.alarms.open[0].active


def test_both_delays_may_end_in_one_call() -> None:
    desk = Desk(on=10, off=20)

    assert desk.say((0, 1), (12, 1), (15, 0), (30, 0), (36, 0), (40, 1), (55, 1)) == [
        ("raised", "unacknowledged", 0),
        ("returned", "returned", 15),
        ("repeated", "unacknowledged", 40),
    ]


def test_a_level_holds_until_the_next_signal() -> None:
    desk = Desk(on=10)

    assert desk.say((0, 1), (15, 0)) == [("raised", "unacknowledged", 0), ("returned", "returned", 15)]


def test_a_key_whose_signals_stop_is_raised_by_the_watermark_of_its_lane() -> None:
    desk = Desk(on=10)
    desk.say((100, 1))

    assert desk.advance(109) == []
    assert desk.advance(110) == [("raised", "unacknowledged", 100)]
    assert desk.advance(120) == []


def test_an_alarm_whose_signals_stop_after_it_was_over_returns_by_the_watermark() -> None:
    desk = Desk(off=10)
    desk.say((100, 1), (105, 0))

    assert desk.advance(114) == []
    assert desk.advance(115) == [("returned", "returned", 105)]


@pytest.mark.parametrize("lane", [-1, 1, 7])
def test_the_watermark_of_another_lane_ends_no_delay(lane: int) -> None:
    desk = Desk(on=10, lane=lane)
    desk.say((100, 1))

    assert desk.advance(1000) == []
    assert desk.say((110, 1)) == [("raised", "unacknowledged", 100)]


def test_each_key_follows_its_own_lane() -> None:
    alarms = Alarms()
    for asset, lane in (("a", 1), ("b", 0), ("c", 1)):
        alarms.define(definition(asset, on=10, lane=lane))
    out: list[Transition] = []
    alarms.observe(signals((0, 5, 1), (1, 5, 1), (2, 9, 1)), 9 * S, out)
    alarms.advance([0, 16 * S], 20 * S, True, out)

    assert [t.asset for t in out] == ["a"]


def test_what_is_raised_after_a_delay_has_the_level_and_figure_of_that_time() -> None:
    desk = Desk(on=10)
    desk.say((0, 1, 1, 21), (5, 2, 2, 30), (8, 2, 2, 99), (10, 1, 1, 22))

    assert [(t.change, t.level, t.value) for t in desk.out] == [("raised", 2, 30), ("level", 1, 22)]


def test_the_deadband_counts_while_the_delay_runs() -> None:
    desk = Desk(on=10)

    assert desk.say((0, 1, 1), (5, 0, 1), (10, 0, 1)) == [("raised", "unacknowledged", 0)]


def test_a_delay_goes_on_after_a_restart() -> None:
    desk = Desk(on=10, off=10)
    desk.say((0, 1))
    desk.restart()
    assert desk.say((10, 1)) == [("raised", "unacknowledged", 0)]
    desk.say((20, 0))
    desk.restart()
    assert desk.advance(30) == [("returned", "returned", 20)]


def test_a_late_signal_does_not_end_a_delay_or_break_it() -> None:
    desk = Desk(on=10)

    assert desk.say((100, 1), (95, 0), (99, 0)) == []
    assert desk.say((110, 1), (105, 0)) == [("raised", "unacknowledged", 100)]
