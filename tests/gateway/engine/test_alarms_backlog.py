"""Live or historic: what was over before anybody could have acted is put on record only."""

import pytest

from tests.gateway.engine.alarm_support import Desk

LATE = 10_000.0
"""Seconds: longer ago than `max_age`."""


def test_what_began_and_ended_in_a_backlog_is_on_record_only() -> None:
    desk = Desk()

    assert desk.say((10, 1), (20, 2), (30, 0), now=LATE) == [
        ("raised", "unacknowledged", 10),
        ("level", "unacknowledged", 20),
        ("returned", "normal", 30),
    ]
    assert all(t.historic for t in desk.out)
    assert desk.alarms.open == {}
    assert desk.alarms.figures.in_ten_minutes(10) == 0


def test_what_still_stands_when_the_backlog_ends_is_raised_for_somebody() -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    assert desk.alarms.standing() == 0

    assert desk.advance(50, now=LATE, live=False) == []
    assert desk.advance(60, now=LATE + 1) == [("raised", "unacknowledged", 10)]
    assert not desk.out[0].historic
    assert desk.alarms.standing() == 1
    assert desk.advance(70, now=LATE + 2) == []
    assert desk.say((80, 0), now=LATE + 3) == [("returned", "returned", 80)]


def test_what_is_announced_after_a_backlog_counts_for_the_time_when_it_was() -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    desk.advance(60, now=LATE)

    assert desk.alarms.figures.in_ten_minutes(round((LATE + 1) * 1e9)) == 1


def test_what_is_not_older_than_max_age_is_live_even_in_a_backlog() -> None:
    desk = Desk()

    desk.say((100, 1), now=1000)
    assert not desk.out[0].historic
    desk.say((100, 1), (101, 0), now=1001)
    assert desk.told() == [("returned", "returned", 101)]


def test_the_age_counts_from_the_end_of_the_on_delay() -> None:
    desk = Desk(on=1800)

    assert desk.say((0, 1), (1800, 1), now=2700) == [("raised", "unacknowledged", 0)]
    assert not desk.out[0].historic


def test_old_readings_that_come_while_we_are_live_are_history_too() -> None:
    desk = Desk()
    desk.advance(LATE)

    desk.say((10, 1), (20, 0), now=LATE)
    assert [t.historic for t in desk.out] == [True, True]


def test_what_has_turned_to_normal_does_not_stand_even_if_its_off_delay_still_runs() -> None:
    desk = Desk(off=10)
    desk.say((10, 1), (20, 0), now=LATE)

    assert desk.advance(25, now=LATE) == []
    assert desk.advance(30, now=LATE) == [("returned", "normal", 20)]
    assert desk.out[0].historic


def test_what_paused_at_the_end_of_the_backlog_and_goes_on_is_raised() -> None:
    desk = Desk(off=10)
    desk.say((10, 1), (20, 0), now=LATE)
    desk.advance(25, now=LATE)
    desk.say((26, 1), now=LATE)

    assert desk.advance(27, now=LATE) == [("raised", "unacknowledged", 10)]


def test_an_alarm_of_before_an_outage_returns_in_the_backlog_and_still_asks() -> None:
    desk = Desk()
    desk.say((10, 1))

    assert desk.say((20, 0), (30, 1), (40, 0), now=LATE) == [
        ("returned", "returned", 20),
        ("repeated", "unacknowledged", 30),
        ("returned", "returned", 40),
    ]
    assert not any(t.historic for t in desk.out)


def test_a_latching_condition_that_was_over_in_the_backlog_is_not_latched() -> None:
    desk = Desk(latching=True)

    assert desk.say((10, 1), (20, 0), now=LATE)[-1] == ("returned", "normal", 20)


def test_a_historic_alarm_that_somebody_acknowledged_is_live_and_acknowledged_at_the_end() -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    assert desk.act("ack", LATE) == [("acknowledged", "acknowledged", LATE)]

    assert desk.advance(60, now=LATE) == [("raised", "acknowledged", 10)]


def test_a_shelved_one_is_not_announced_when_the_backlog_ends_but_when_its_shelving_does() -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    desk.act("shelve", LATE, until=LATE + 100)

    assert desk.advance(60, now=LATE + 1) == [("raised", "shelved", 10)]
    assert desk.alarms.standing() == 0
    assert desk.advance(60, now=LATE + 100) == [("unshelved", "unacknowledged", LATE + 100)]
    assert desk.alarms.standing() == 1


def test_a_shelving_that_ends_with_the_backlog_is_told_before_the_alarm() -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    desk.act("shelve", LATE, until=LATE + 1)

    assert desk.advance(60, now=LATE + 1) == [
        ("unshelved", "unacknowledged", LATE + 1),
        ("raised", "unacknowledged", 10),
    ]


def test_an_alarm_that_was_historic_and_put_aside_is_judged_afresh_when_it_comes_again() -> None:
    desk = Desk()
    desk.act("suppress", 5)
    desk.say((10, 1), (20, 0), now=LATE)
    desk.act("unsuppress", LATE)

    assert desk.say((LATE, 1)) == [("raised", "unacknowledged", LATE)]
    assert not desk.out[0].historic


@pytest.mark.parametrize("live", [False, True])
def test_a_restart_changes_nothing_of_that(live: bool) -> None:
    desk = Desk()
    desk.say((10, 1), now=LATE)
    desk.restart()

    assert desk.advance(60, now=LATE, live=live) == ([("raised", "unacknowledged", 10)] if live else [])
