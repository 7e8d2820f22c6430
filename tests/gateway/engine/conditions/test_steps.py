"""Steps: readings as they come, means of windows, thresholds by place, phases of which the worst counts."""

from typing import Any

import pytest

from gateway.config.content import AssetFacts
from gateway.engine.alarm_model import Transition
from tests.support.conditions import GAS, LEL, VOLTAGE, Seen, device, feed, judging, says, seen, tick, transitions
from tests.support.engine import SECOND, START


def test_gas_is_judged_on_every_reading_and_not_at_a_windows_end() -> None:
    made = judging(LEL)

    results = feed(made, [says("gas", "g1", 1, lel=3), says("gas", "g1", 2, lel=26), says("gas", "g1", 3, lel=3)])

    assert [seen(result) for result in results] == [
        [], [Seen("raised", "g1", 2, 2)], [Seen("returned", "g1", 2, 3)]
    ]  # fmt: skip


def test_an_alarm_bears_what_its_condition_says_of_it() -> None:
    made = judging(LEL | {"latching": True})

    (change,) = transitions(feed(made, [says("gas", "g1", 2, zone="b", lel=26)]))

    assert (change.condition, change.asset, change.zone, change.domain) == ("gas.lel", "g1", "b", "gas")
    assert (change.level, change.priority, change.value, change.historic) == (2, 1, 26.0, False)


def test_a_step_is_reached_at_its_value_and_left_below_its_deadband() -> None:
    made = judging(LEL)
    values = [19.9, 20, 18.1, 25, 23.5, 22.9, 18, 17.9]

    results = feed(made, [says("gas", "g1", k, lel=value) for k, value in enumerate(values)])

    assert seen(results) == [
        ("raised", "g1", 1, 1), ("level", "g1", 2, 3), ("level", "g1", 1, 5), ("returned", "g1", 1, 7)
    ]  # fmt: skip


def test_low_steps_are_reached_from_above() -> None:
    made = judging(LEL | {"high": [], "low": [19.5, 18], "deadband": 0.3})
    values = [20.9, 19.5, 18.0, 18.2, 18.4, 19.9]

    results = feed(made, [says("gas", "g1", k, lel=value) for k, value in enumerate(values)])

    assert seen(results) == [
        ("raised", "g1", 1, 1), ("level", "g1", 2, 2), ("level", "g1", 1, 4), ("returned", "g1", 1, 5)
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, 200_000, -2000])
def test_a_missing_or_failed_reading_neither_raises_nor_ends_an_alarm(value: Any) -> None:
    made = judging(LEL)

    assert seen(feed(made, [says("gas", "g1", 1, lel=value), says("gas", "g2", 1, lel=value)])) == []
    assert seen(feed(made, [says("gas", "g1", 2, lel=30), says("gas", "g1", 3, lel=value)])) == [("raised", "g1", 2, 2)]


def test_a_late_reading_is_stored_and_raises_nothing() -> None:
    made = judging(LEL)
    feed(made, [says("gas", "g1", k, lel=3) for k in range(0, 60, 5)])

    result = made.step([says("gas", "g1", 12, received=60, lel=90)], made.now, True)

    assert result.readings.value.tolist() == [90]
    assert seen(result) == []


def test_a_reading_out_of_order_raises_at_once_and_never_ends_an_alarm() -> None:
    made = judging(LEL)

    results = feed(made, [
        says("gas", "g1", 11, lel=3), says("gas", "g1", 9, received=11, lel=60),
        says("gas", "g1", 10, received=11, lel=1),
    ])  # fmt: skip

    assert seen(results) == [("raised", "g1", 3, 11)]
    assert seen(feed(made, [says("gas", "g1", 12, lel=3)])) == [("returned", "g1", 3, 12)]


def test_a_suspect_reading_counts_for_gas_beyond_its_usual_span_is_what_it_is_there_for() -> None:
    narrow = GAS | {"fields": {"lel": GAS["fields"]["lel"] | {"suspect_range": [0, 10]}}}
    made = judging(LEL, profiles=[narrow])

    result = feed(made, [says("gas", "g1", 1, lel=30)])

    assert result[0].readings.flag.tolist() == [3]
    assert seen(result) == [("raised", "g1", 2, 1)]


# -- places ------------------------------------------------------------------------------------------------------------


def _levels(*where: dict[str, Any], value: float = 30.0) -> dict[str, int]:
    """Level at which each device stands at a value; g1 and g2 in zone a, g2 and g3 on assets."""
    made = judging(
        LEL | {"where": list(where)},
        devices=[device("g1", "gas"), device("g2", "gas", asset="x"), device("g3", "gas", "b", "y")],
        assets=[AssetFacts("x", "tunnel-section", "a", {}), AssetFacts("y", "tunnel-section", "b", {})],
    )
    rows = [says("gas", name, 1, zone, lel=value) for name, zone in (("g1", "a"), ("g2", "a"), ("g3", "b"))]
    return {each.asset: each.level for each in seen(feed(made, rows))}


def test_without_places_every_device_has_the_same_steps() -> None:
    assert _levels() == {"g1": 2, "g2": 2, "g3": 2}


def test_the_narrowest_place_wins_whatever_the_order_of_the_tables() -> None:
    tables: list[dict[str, Any]] = [
        {"device": "g2", "high": [10, 15, 28]}, {"zone": "a", "high": [40]}, {"asset": "x", "high": [29]},
        {"asset": "y", "high": []},
    ]  # fmt: skip

    assert _levels(*tables) == {"g2": 3}
    assert _levels(*reversed(tables)) == {"g2": 3}
    assert _levels(*tables[1:]) == {"g2": 1}
    assert _levels(*tables[1:2]) == {"g3": 2}


def test_a_place_changes_only_the_side_that_it_names() -> None:
    base = LEL | {"low": [5], "where": [{"zone": "a", "low": [8]}, {"device": "g1", "high": [90]}]}
    made = judging(base, devices=[device("g1", "gas")])

    assert seen(feed(made, [says("gas", "g1", 1, lel=60), says("gas", "g1", 2, lel=7)])) == [("raised", "g1", 1, 2)]


# -- means -------------------------------------------------------------------------------------------------------------


def _minutes(made: Any, name: str, values: dict[int, dict[str, Any]]) -> list[Seen]:
    """A message in the middle of each minute."""
    return seen(feed(made, [says("meter", name, 60 * k + 30, **phases) for k, phases in values.items()]))


def test_ten_minute_means_are_judged_and_single_minutes_are_not() -> None:
    made = judging(VOLTAGE)
    dip = {k: {"u_a": 150.0 if k in (3, 4) else 220.0} for k in range(10)}  # mean 206
    low = {k: {"u_a": 197.0} for k in range(10, 20)}

    changes = _minutes(made, "m1", dip | low | {20: {"u_a": 220.0}})

    assert changes == [("raised", "m1", 1, 1200)]


def test_a_ten_minute_mean_needs_half_of_its_minutes() -> None:
    few, enough = judging(VOLTAGE), judging(VOLTAGE)
    rest = {k: {"u_b": 220.0} for k in range(12)}

    four = _minutes(few, "m1", rest | {k: {"u_a": 190.0, "u_b": 220.0} for k in range(4)})
    five = _minutes(enough, "m1", rest | {k: {"u_a": 190.0, "u_b": 220.0} for k in range(5)})

    assert (four, five) == ([], [("raised", "m1", 1, 600)])


def test_a_phase_without_its_last_minute_still_counts() -> None:
    made = judging(VOLTAGE)
    values: dict[int, dict[str, Any]] = {k: {"u_a": 190.0, "u_b": 220.0} for k in range(9)}

    changes = _minutes(made, "m1", values | {9: {"u_a": None, "u_b": 220.0}, 10: {"u_b": 220.0}})

    assert changes == [("raised", "m1", 1, 600)]


def test_of_three_phases_the_worst_counts() -> None:
    made = judging(VOLTAGE)
    tens = [
        {"u_a": 220.0, "u_b": 197.0, "u_c": 221.0}, {"u_a": 180.0, "u_b": 220.0, "u_c": 220.0},
        {"u_a": 220.0, "u_b": 220.0, "u_c": 196.0}, {"u_a": 220.0, "u_b": 220.0, "u_c": 220.0},
    ]  # fmt: skip

    changes = _minutes(made, "m1", {10 * n + k: phases for n, phases in enumerate(tens) for k in range(10)} | {40: {}})
    changes += _minutes(made, "m1", {41: tens[0]})

    assert changes == [
        ("raised", "m1", 1, 600), ("level", "m1", 2, 1200), ("level", "m1", 1, 1800), ("returned", "m1", 1, 2400)
    ]  # fmt: skip


def test_a_phase_of_which_nothing_comes_is_unknown_and_not_well() -> None:
    made = judging(VOLTAGE | {"window_secs": None})

    assert _minutes(made, "m1", {0: {"u_a": 180.0, "u_b": 220.0}}) == [("raised", "m1", 2, 30)]
    assert _minutes(made, "m1", {1: {"u_a": None, "u_b": 220.0}, 2: {"u_b": 220.0}}) == []
    assert _minutes(made, "m1", {3: {"u_a": 220.0, "u_b": 220.0}}) == [("returned", "m1", 2, 210)]


def test_one_message_is_judged_as_a_whole_when_one_phase_recovers_as_another_falls() -> None:
    made = judging(VOLTAGE | {"window_secs": None})

    changes = _minutes(made, "m1", {0: {"u_a": 190.0, "u_b": 220.0}, 1: {"u_a": 220.0, "u_b": 191.0}})

    assert changes == [("raised", "m1", 1, 30)]


@pytest.mark.parametrize("size", [1, 2])
def test_two_messages_of_one_time_are_judged_one_after_the_other_even_in_one_call(size: int) -> None:
    rows = [says("meter", "m1", 1, u_a=180), says("meter", "m1", 2, u_a=220), says("meter", "m1", 2, u_b=180)]
    made = judging(VOLTAGE | {"window_secs": None})
    feed(made, rows[:1])

    found = [made.step(rows[k : k + size], START + 2 * SECOND, True) for k in range(1, 3, size)]

    assert seen(found) == [("returned", "m1", 2, 2), ("repeated", "m1", 2, 2)]


def test_delays_run_in_the_readings_time_and_by_the_watermark() -> None:
    made = judging(LEL | {"on_delay_secs": 30, "off_delay_secs": 20})
    feed(made, [says("gas", "g1", 0, lel=30), says("gas", "g2", 0, lel=3)])

    raised = feed(made, [says("gas", "g2", k, lel=3) for k in range(10, 60, 10)])

    assert seen(raised) == [("raised", "g1", 2, 0)]
    back = feed(made, [says("gas", "g1", k, lel=3) for k in range(60, 100, 10)])
    assert seen(back) == [("returned", "g1", 2, 60)]


def test_what_is_over_before_its_delay_is_no_alarm() -> None:
    made = judging(LEL | {"on_delay_secs": 30})

    rows = [says("gas", "g1", k, lel=30 if k % 40 < 20 else 3) for k in range(0, 200, 10)]

    assert seen([*feed(made, rows), tick(made, 400)]) == []


def test_nothing_is_judged_for_a_series_without_a_condition() -> None:
    made = judging(LEL)
    changes: list[Transition] = transitions(feed(made, [says("gas", "g1", 1, co=900), says("meter", "m1", 1, u_a=1)]))
    assert changes == []
    assert len(made.judge.alarms) == 0
