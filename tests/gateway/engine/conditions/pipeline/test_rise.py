"""Rates of rise over a quarter of an hour: 0.25 m in it is 1 m/h."""

from typing import Any

import pytest

from gateway.engine.zone import ZoneEngine
from tests.gateway.engine.conditions.pipeline.drainage import CITY, RISE
from tests.support.conditions import Seen, feed, judging, made_of, says, seen, transitions
from tests.support.engine import config_row


def _rises(values: list[float | None], name: str = "d1", zone: str = "a", **changed: Any) -> list[Seen]:
    made = judging(RISE | changed, **CITY)
    rows = [says("drain", name, 900 * k, zone, level=value) for k, value in enumerate(values)]
    return [each._replace(secs=each.secs // 900) for each in seen(feed(made, rows))]


def test_a_rate_is_judged_by_its_steps_and_ends_below_their_deadband() -> None:
    assert _rises([0.0, 0.24, 0.49, 1.0, 1.47, 1.67, 1.85]) == [
        ("raised", "pipe", 1, 2), ("level", "pipe", 2, 3), ("level", "pipe", 1, 5), ("returned", "pipe", 1, 6)
    ]  # fmt: skip


def test_the_value_is_the_rate_in_metres_an_hour() -> None:
    rows = [says("drain", "d4", 0, level=1.0), says("drain", "d4", 900, level=1.5)]

    (change,) = transitions(feed(judging(RISE, **CITY), rows))

    assert (change.asset, change.priority) == ("d4", 3)
    assert change.value == pytest.approx(2.0)


def test_a_falling_level_raises_nothing() -> None:
    assert _rises([2.0, 1.0, 0.2]) == []


def test_a_missed_level_is_bridged_and_one_of_long_ago_is_no_base() -> None:
    assert _rises([0.0, None, 0.5]) == [("raised", "pipe", 1, 2)]
    assert _rises([0.0, None, None, None, None, 9.0]) == []


def test_missing_levels_end_no_alarm() -> None:
    assert _rises([0.0, 0.5, None, None, None, None, None]) == [("raised", "pipe", 2, 1)]


def test_steps_differ_by_place_and_may_be_none() -> None:
    where = [{"asset": "pipe", "rise": [3]}, {"device": "d4", "rise": []}]

    assert _rises([0.0, 0.6, 1.5], where=where) == [("raised", "pipe", 1, 2)]
    assert _rises([0.0, 9.0], "d4", where=where) == []
    assert _rises([0.0, 0.6], "d2", where=where) == [("raised", "sump", 2, 1)]


def test_a_restart_keeps_the_base_and_a_configuration_that_takes_others_away_too() -> None:
    made = judging(RISE, **CITY)
    feed(made, [says("drain", "d2", 0, level=5.0), says("drain", "d1", 0, level=0.1)])
    made = ZoneEngine.restore(made.snapshot())
    others = CITY | {"devices": [each for each in CITY["devices"] if each.id != "d2"]}
    made.step([config_row(made_of(RISE, **others), made.now)], made.now, True)

    assert seen(feed(made, [says("drain", "d1", 900, level=0.4)])) == [("raised", "pipe", 1, 900)]
