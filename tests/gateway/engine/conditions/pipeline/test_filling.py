"""
3.0 | 2.5 street  - margin 0.5   = 2.0   level 3        PIPE: 0.5 m across
0.5   crown                              level 2
0.4   0.8 full                           level 1
"""

from typing import Any

import pytest

from tests.gateway.engine.conditions.pipeline.drainage import CITY, FILLING, PROFILES, figures
from tests.support.conditions import Seen, device, feed, judging, made_of, says, seen, transitions
from tests.support.engine import config_row


def _levels(values: list[float | None], name: str = "d1", zone: str = "a", **changed: Any) -> list[Seen]:
    made = judging(FILLING | changed, **CITY)
    rows = [says("drain", name, 900 * k + 1, zone, level=value) for k, value in enumerate(values)]
    return [each._replace(secs=each.secs // 900) for each in seen(feed(made, rows))]


def test_a_drain_is_high_then_surcharges_then_threatens_the_street() -> None:
    assert _levels([0.1, 0.39, 0.4, 0.5, 0.51, 1.99, 2.0]) == [
        ("raised", "pipe", 1, 2), ("level", "pipe", 2, 4), ("level", "pipe", 3, 6)
    ]  # fmt: skip


def test_a_level_ends_below_its_limit_less_the_deadband() -> None:
    assert _levels([2.1, 1.96, 1.94, 0.46, 0.44, 0.36, 0.34]) == [
        ("raised", "pipe", 3, 0), ("level", "pipe", 2, 2), ("level", "pipe", 1, 4), ("returned", "pipe", 1, 6)
    ]  # fmt: skip


def test_the_alarm_is_the_drains_and_its_value_the_filling() -> None:
    (change,) = transitions(feed(judging(FILLING, **CITY), [says("drain", "d1", 1, level=0.75)]))

    assert (change.condition, change.asset, change.zone, change.domain) == ("drainage.filling", "pipe", "a", "drainage")
    assert (change.level, change.priority, change.value) == (2, 3, 1.5)


def test_a_well_without_a_pipe_is_judged_by_the_height_at_which_it_spills_alone_and_returns() -> None:
    assert _levels([0.9, 3.4, 3.5, 3.46, 3.4], "d2") == [("raised", "sump", 3, 2), ("returned", "sump", 3, 4)]
    (change,) = transitions(feed(judging(FILLING, **CITY), [says("drain", "d2", 1, level=3.6)]))
    assert change.value == pytest.approx(0.9)


def test_a_drain_of_which_nothing_is_known_is_not_judged() -> None:
    assert _levels([9.0], "d4") == []


@pytest.mark.parametrize("value", [None, 200_000])
def test_a_missing_or_failed_level_neither_raises_nor_ends_an_alarm(value: float | None) -> None:
    assert _levels([value, 2.2, value, value]) == [("raised", "pipe", 3, 1)]


def test_limits_differ_by_place_each_for_itself() -> None:
    where = [{"zone": "a", "filling": 0.5, "margin_m": 1.0}, {"asset": "pipe", "filling": 0.9}]

    assert _levels([0.44, 0.45, 1.5], where=where) == [("raised", "pipe", 1, 1), ("level", "pipe", 3, 2)]
    assert _levels([2.9, 3.0], "d2", where=where) == [("raised", "sump", 3, 1)]
    assert _levels([0.79, 0.8, 2.4], "d3", "b", where=where) == [("raised", "other", 1, 1), ("level", "other", 2, 2)]


def test_the_worst_of_two_sensors_of_a_profile_counts() -> None:
    made = judging(FILLING, **CITY | {"devices": [*CITY["devices"], device("d9", "drain", asset="pipe")]})
    rows = [
        says("drain", "d9", 1, level=0.1), says("drain", "d1", 2, level=0.45), says("drain", "d9", 901, level=0.1),
        says("drain", "d1", 902, level=0.1),
    ]  # fmt: skip

    assert seen(feed(made, rows)) == [("raised", "pipe", 1, 2), ("returned", "pipe", 1, 902)]


def test_a_sensor_of_another_profile_has_an_alarm_of_its_own_whichever_is_heard_first() -> None:
    made = judging(FILLING, **CITY | {"devices": [*CITY["devices"], device("w1", "well", asset="pipe")]})

    results = feed(made, [says("well", "w1", 1, level=45), says("drain", "d1", 2, level=0.45)])

    assert seen(results) == [("raised", "w1", 1, 1), ("raised", "pipe", 1, 2)]


def test_the_greatest_filling_of_a_quarter_is_told_once_the_next_one_begins() -> None:
    made = judging(FILLING, **CITY)
    rows = [says("drain", "d1", secs, level=level) for secs, level in
            ((1, 0.1), (300, 0.3), (600, 0.2), (901, 0.25), (1801, None), (2701, 0.1))]  # fmt: skip

    assert figures(feed(made, rows)) == [("pipe", "filling", 1, 0.6), ("pipe", "filling", 2, 0.5)]


def test_figures_of_a_second_sensor_bear_its_own_name() -> None:
    made = judging(FILLING, **CITY | {"devices": [*CITY["devices"], device("w1", "well", asset="pipe")]})
    rows = [says("drain", "d1", 1, level=0.1), says("well", "w1", 2, level=5), says("well", "w1", 902, level=5),
            says("drain", "d1", 903, level=0.1)]  # fmt: skip

    assert figures(feed(made, rows)) == [("w1", "filling", 1, pytest.approx(0.1)), ("pipe", "filling", 1, 0.2)]


def test_a_drain_that_gets_another_pipe_is_judged_by_it() -> None:
    made = judging(FILLING, **CITY)
    feed(made, [says("drain", "d1", 1, level=0.45)])
    wider = [each for each in CITY["assets"] if each.id != "pipe"]
    wider.append(CITY["assets"][0].__class__("pipe", "manhole", "a", {"diameter_m": 1.0}))

    made.step([config_row(made_of(FILLING, **CITY | {"assets": wider}), made.now)], made.now, True)

    assert seen(feed(made, [says("drain", "d1", 901, level=0.45)])) == [("returned", "pipe", 1, 901)]


def test_profiles_that_a_city_lacks_are_no_hindrance() -> None:
    made = judging(FILLING, **CITY | {"profiles": [PROFILES[0], PROFILES[2]]})

    assert seen(feed(made, [says("drain", "d1", 1, level=0.6)])) == [("raised", "pipe", 2, 1)]
