"""
level   ______/~~~\\______/~~~\\____ ~~~~~~~~      usual at each hour of the city's day; high without rain: backed up
rain    ..............|||..........              enough of it and no rise: no response
        day 0        day 1        day 2

START is 20:00 in Shanghai. A day has 96 quarters; each hour of it is judged after three of them in dry weather.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.gateway.engine.conditions.pipeline.drainage import BLOCKAGE, CITY, Of, figures, merged, played, quarters
from tests.support.conditions import Seen, device, judging, made_of, says, seen, transitions
from tests.support.engine import START, config_row

DAY = 96


def _usual(k: int) -> float:
    """20 cm from midnight to six in Shanghai, 40 cm by day; a little of both from one quarter to the next."""
    return (0.2 if 4 <= k // 4 % 24 < 10 else 0.4) + 0.01 * (k % 3)


def _dry(k: int) -> float:
    return 0.0


def _changes(rows: Sequence[Row], made: ZoneEngine | None = None, **changed: Any) -> list[Seen]:
    """Times are numbers of quarters."""
    engine = judging(BLOCKAGE | changed, **CITY) if made is None else made
    return [each._replace(secs=each.secs / 900) for each in seen(played(engine, rows))]


def _held(first: int, level: float, until: int = 10**6, of: Of = _usual) -> Of:
    def levels(k: int) -> float | None:
        return level if first <= k < until else of(k)

    return levels


# -- backed up --------------------------------------------------------------------------------------------------------


def test_a_dry_day_raises_nothing() -> None:
    assert _changes(quarters(_usual, _dry, range(2 * DAY))) == []


def test_a_level_held_up_without_rain_is_a_blockage_at_the_drain() -> None:
    rows = quarters(_held(108, 0.9, 112), _dry, range(128))

    assert _changes(rows) == [("raised", "pipe", 2, 109), ("returned", "pipe", 2, 113)]


def test_the_alarm_says_how_far_it_is_above_what_is_usual() -> None:
    (change,) = transitions(played(judging(BLOCKAGE, **CITY), quarters(_held(108, 0.9), _dry, range(111))))

    assert (change.condition, change.asset, change.zone, change.priority) == ("drainage.blockage", "pipe", "a", 2)
    assert change.value == pytest.approx(0.49, abs=0.02)


def test_what_is_usual_is_that_of_the_hour_of_the_citys_day() -> None:
    """0.62 m is 20 cm above a day's level and 40 cm above a night's, from 0 to 6 o'clock in Shanghai."""
    night, day = DAY + 20, DAY + 4 * 14

    assert _changes(quarters(_held(night, 0.62, night + 1), _dry, range(DAY + 60)), times=1, least_excess_m=0.3) == [
        ("raised", "pipe", 2, night + 1), ("returned", "pipe", 2, night + 2)
    ]  # fmt: skip
    assert _changes(quarters(_held(day, 0.62, day + 1), _dry, range(DAY + 60)), times=1, least_excess_m=0.3) == []


def test_the_hours_are_those_of_the_city_and_not_of_utc() -> None:
    """A level that jumps at midnight in Shanghai, 16:00 UTC: hours of another zone would mix both levels half past."""
    plain = made_of(BLOCKAGE, **CITY)
    for zone, hours in (("Asia/Shanghai", 0), ("Asia/Kolkata", 2)):
        content = plain.build(
            plain.profiles, plain.devices, plain.zones, zone, plain.options, conditions=plain.conditions,
            assets=plain.assets,
        )  # fmt: skip
        made = ZoneEngine()
        made.step([config_row(content)], START - 1, live=False)

        # quarters 16 to 39 are night; half of an hour in Kolkata is night from 16 to 17 and again from 40 to 41
        played(made, quarters(lambda k: 0.2 if 16 <= k % DAY < 40 else 0.4, _dry, range(2 * DAY)))
        usual = made.snapshot()["judge"]["rules"]["drainage.blockage"]["blockage"]["usual"][0]
        mixed = [hour for hour in range(24) if 0.25 < usual[hour] < 0.35]
        assert len(mixed) == hours


def test_high_water_while_it_rains_and_after_is_no_blockage_until_it_should_have_drained() -> None:
    storm = range(108, 112)

    def rain(k: int) -> float:
        return 3.0 if k in storm else 0.0

    assert _changes(quarters(_held(108, 0.9, 114), rain, range(128))) == []
    # an hour (dry_for_secs) after the last rain it is dry weather again
    assert _changes(quarters(_held(108, 0.9), rain, range(128))) == [("raised", "pipe", 2, 112 + 4)]


def test_an_alarm_that_stands_is_not_ended_by_rain() -> None:
    rows = quarters(_held(108, 0.9), lambda k: 3.0 if k in range(118, 122) else 0.0, range(124))

    assert _changes(rows) == [("raised", "pipe", 2, 109)]


# -- no response ------------------------------------------------------------------------------------------------------


def _shower(k: int) -> float:
    return 3.0 if k in range(100, 104) else 0.0


def _answer(k: int) -> float:
    return _usual(k) + (0.5 if k in range(101, 106) else 0.0)


def test_a_drain_that_does_not_answer_to_rain_is_told_of_until_it_does() -> None:
    """Enough rain (8 mm) by quarter 102; what is usual must not move by itself while it falls."""

    def level(k: int) -> float:
        return 0.7 if k in range(201, 204) else 0.3

    rows = quarters(level, lambda k: 3.0 if k in (100, 101, 102, 103, 200, 201, 202) else 0.0, range(210))

    # an hour (response_secs) after the window that ends at 103 brings enough; and when the second rain shows
    assert _changes(rows) == [("raised", "pipe", 1, 103 + 4), ("returned", "pipe", 1, 203)]


def test_a_drain_that_answers_is_not() -> None:
    assert _changes(quarters(_answer, _shower, range(112))) == []


def test_a_little_rain_needs_no_answer() -> None:
    assert _changes(quarters(lambda k: 0.3, lambda k: _shower(k) / 2, range(112))) == []


# -- what is missing --------------------------------------------------------------------------------------------------


def test_without_rain_known_nothing_is_judged() -> None:
    assert _changes(quarters(_held(108, 0.9), lambda k: None, range(128))) == []
    assert _changes(quarters(_held(108, 0.9), None, range(128))) == []


def test_rain_that_goes_missing_is_not_dry_weather() -> None:
    def rain(k: int) -> float | None:
        return None if k == 107 else 0.0

    assert _changes(quarters(_held(108, 0.9), rain, range(128))) == [("raised", "pipe", 2, 108 + 4)]


def test_a_zone_without_a_gauge_is_not_judged_and_keeps_nothing_waiting() -> None:
    devices = [each for each in CITY["devices"] if each.profile != "rain"]
    made = judging(BLOCKAGE, **CITY | {"devices": devices})

    assert _changes(quarters(_held(108, 0.9), None, range(128)), made) == []
    assert made.snapshot()["judge"]["rules"]["drainage.blockage"]["waiting"] == []


def test_a_missing_level_neither_raises_nor_ends() -> None:
    def level(k: int) -> float | None:
        return None if k in (108, 111, 112) else _held(109, 0.9, 115)(k)

    assert _changes(quarters(level, _dry, range(128))) == [("raised", "pipe", 2, 110), ("returned", "pipe", 2, 116)]


def test_rain_that_falls_while_the_sensor_is_silent_is_not_lost_to_it() -> None:
    silent = range(108, 114)

    def rain(k: int) -> float:
        return 3.0 if k in (110, 111, 112) else 0.0

    def level(k: int) -> float | None:
        return None if k in silent else _held(114, 0.9)(k)

    # 114 and 115 have closed: within an hour of the rain
    assert _changes(quarters(level, rain, range(117))) == []


def test_windows_of_which_nothing_came_may_have_been_wet() -> None:
    rows = quarters(_held(108, 0.9), _dry, [k for k in range(128) if k not in range(105, 108)])

    # 108 is the first window after the gap: dry an hour later
    assert _changes(rows) == [("raised", "pipe", 2, 109 + 4)]


def test_the_rain_of_a_zone_is_the_mean_of_its_gauges_and_of_those_that_are_there() -> None:
    two = CITY | {"devices": [*CITY["devices"], device("r2", "rain")]}

    def rows(second: Of) -> list[Row]:
        other = [says("rain", "r2", 900 * k + 320, rain=second(k)) for k in range(130)]
        return merged(quarters(lambda k: 0.3, lambda k: 2 * _shower(k) if k < 102 else 0.0, range(130)), other)

    # 12 mm and none are 6 mm: not enough; 12 mm and 6 are; one that says nothing counts for nothing
    assert _changes(rows(_dry), judging(BLOCKAGE, **two)) == []
    assert [c.change for c in _changes(rows(lambda k: _shower(k) if k < 102 else 0.0), judging(BLOCKAGE, **two))] == [
        "raised"
    ]
    assert [c.change for c in _changes(rows(lambda k: None), judging(BLOCKAGE, **two))] == ["raised"]


# -- places, company, cuts ---------------------------------------------------------------------------------------------


def test_limits_differ_by_place() -> None:
    rows = quarters(_held(108, 0.9), _dry, range(118))

    assert _changes(rows, where=[{"zone": "a", "least_excess_m": 2.0}]) == []
    narrow = [{"zone": "a", "least_excess_m": 2.0}, {"device": "d1", "least_excess_m": 0.1}]
    assert _changes(rows, where=narrow) == [("raised", "pipe", 2, 109)]


def test_only_the_drain_that_is_blocked_has_the_alarm_and_other_zones_do_not_show() -> None:
    mine = quarters(_held(108, 0.9), _dry, range(118))
    beside = [says("drain", "d2", 900 * k + 330, level=_usual(k)) for k in range(118)]
    there = quarters(_usual, lambda k: 3.0 if k % 4 == 0 else 0.0, range(118), "d3", "b", "r3")

    assert _changes(merged(mine, beside, there)) == [("raised", "pipe", 2, 109)]
    assert _changes(mine) == [("raised", "pipe", 2, 109)]


def test_levels_far_ahead_of_the_rain_wait_for_it() -> None:
    made = judging(BLOCKAGE, **CITY)
    every = quarters(_held(60, 0.9), _dry, range(80))
    levels, rain = every[::2], every[1::2]
    made.step([*levels[:1], *rain[:1]], levels[0].received_at, False)

    early = made.step(levels[1:], levels[-1].received_at, False)
    late = made.step(rain[1:], rain[-1].received_at, False)

    assert seen(early) == []
    assert figures([late]) == figures(played(judging(BLOCKAGE, **CITY), every))


def test_a_restart_in_between_changes_nothing() -> None:
    rows = quarters(_held(110, 0.9, 115), lambda k: 3.0 if k in (120, 121, 122) else 0.0, range(140))
    made, found = judging(BLOCKAGE, **CITY), []
    for row in rows:
        made = ZoneEngine.restore(made.snapshot())
        found.append(made.step([row], row.received_at, True))

    whole = played(judging(BLOCKAGE, **CITY), rows)
    assert seen(found) == seen(whole) != []
    assert figures(found) == figures(whole) != []


def test_what_a_drain_has_learned_stays_with_it_when_another_leaves() -> None:
    made = judging(BLOCKAGE, **CITY)
    beside = [says("drain", "d2", 900 * k + 280, level=3.0) for k in range(108)]
    played(made, merged(beside, quarters(_usual, _dry, range(108))))
    fewer = CITY | {"devices": [each for each in CITY["devices"] if each.id != "d2"]}

    made.step([config_row(made_of(BLOCKAGE, **fewer), made.now)], made.now, True)

    assert _changes(quarters(_held(108, 0.9), _dry, range(108, 112)), made) == [("raised", "pipe", 2, 109)]


def test_how_far_a_level_is_above_what_is_usual_is_a_figure() -> None:
    told = figures(played(judging(BLOCKAGE, **CITY), quarters(_held(108, 0.9), _dry, range(111))))

    assert {(asset, name) for asset, name, _, _ in told} == {("pipe", "level_excess")}
    assert [(at, round(value, 1)) for _, _, at, value in told[-2:]] == [(109, 0.5), (110, 0.5)]
