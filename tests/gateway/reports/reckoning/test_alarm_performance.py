"""The measures of ISA-18.2 on a day of few alarms, of none, and of one flood."""

import pytest

from gateway.reports.facts import AlarmChange, AlarmFacts
from gateway.reports.reckoning.alarm_performance import performance
from tests.support.reports import DAY, HOUR, MINUTE, change


def _of(*changes: AlarmChange, after: tuple[AlarmChange, ...] = ()) -> AlarmFacts:
    return AlarmFacts(changes, (), after)


def test_a_day_without_alarms_has_none_and_no_shares() -> None:
    found = performance(_of(), DAY.start, DAY.end)

    assert (found.number, len(found.tens), int(found.tens.sum())) == (0, 144, 0)
    assert (found.flood_share, found.top_share, found.shares()) == (0.0, None, None)
    assert (found.top, found.chattering, found.stale, found.acknowledged) == ((), (), (), ())


def test_of_a_day_that_has_not_begun_nothing_is_known() -> None:
    assert performance(_of(), DAY.start, DAY.start).flood_share is None


def test_the_first_instant_of_the_day_counts_and_the_last_midnight_does_not() -> None:
    edges = [change("raised", at, asset=f"a{at}") for at in (DAY.start - 1, DAY.start, DAY.end - 1, DAY.end)]

    found = performance(_of(*edges), DAY.start, DAY.end)

    assert (found.number, int(found.tens[0]), int(found.tens[-1])) == (2, 1, 1)
    assert len(found.top) == 2


def test_eleven_alarms_in_ten_minutes_are_a_flood_of_one_in_144() -> None:
    #   10:00 ... 10:10: eleven alarms at eleven places; 10:10: one more
    begin = DAY.start + 10 * HOUR
    flood = [change("raised", begin + k * 54_000_000_000, asset=f"a{k:02}", priority=3) for k in range(11)]
    late = change("raised", begin + 10 * MINUTE, asset="a00", priority=1)

    found = performance(_of(*flood, late), DAY.start, DAY.end)

    assert found.number == 12
    assert found.tens[60:62].tolist() == [11, 1]
    assert found.flood_share == pytest.approx(1 / 144)
    assert found.priorities == (1, 0, 11, 0)
    assert found.shares() == pytest.approx((1 / 12, 11 / 12, 0))
    assert (found.top[0].asset, found.top[0].number) == ("a00", 2)
    assert found.top_share == pytest.approx(11 / 12)  # two of a00, and nine others


def test_three_times_within_a_minute_chatters_and_in_more_it_does_not() -> None:
    fast = [change("repeated", DAY.start + HOUR + k * 30_000_000_000, asset="fast") for k in range(3)]
    slow = [change("repeated", DAY.start + HOUR + k * 31_000_000_000, asset="slow") for k in range(3)]

    found = performance(_of(*fast, *slow), DAY.start, DAY.end)

    assert found.chattering == (("gas.lel", "fast"),)


def test_what_stands_for_a_day_is_stale_and_what_is_put_aside_is_not() -> None:
    old = change("acknowledged", DAY.start, asset="old", since=DAY.end - 24 * HOUR)
    young = change("raised", DAY.start + 1, asset="young")
    shelved = change("shelved", DAY.start, asset="aside", since=DAY.start - HOUR)

    found = performance(_of(after=(old, young, shelved)), DAY.start, DAY.end)

    assert [each.asset for each in found.stale] == ["old"]


def test_the_time_to_acknowledge_is_from_being_told_to_the_act() -> None:
    at = DAY.start + HOUR
    changes = (
        change("raised", at, now=at + MINUTE, priority=2),
        change("acknowledged", at + 6 * MINUTE, since=at),
        change("raised", at, asset="other"),
    )

    assert performance(_of(*changes), DAY.start, DAY.end).acknowledged == ((2, 300.0),)


def test_ten_minutes_in_which_nothing_came_are_not_known_unless_an_alarm_did() -> None:
    # heard from 12:00 on; an alarm at 06:00 all the same, and a flood at noon
    noon = DAY.start + 12 * HOUR
    flood = [change("raised", noon + k * MINUTE // 2, asset=f"a{k:02}") for k in range(11)]
    early = change("raised", DAY.start + 6 * HOUR)

    found = performance(_of(early, *flood), DAY.start, DAY.end, [(DAY.start, noon)])

    assert int(found.heard.sum()) == 72 + 1
    assert (bool(found.heard[36]), bool(found.heard[35]), bool(found.heard[72])) == (True, False, True)
    assert found.flood_share == pytest.approx(1 / 73)
    assert performance(_of(), DAY.start, DAY.end, [(DAY.start, DAY.end)]).flood_share is None
