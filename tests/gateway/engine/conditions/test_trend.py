"""Trend: a threshold ahead is told in time, once, and no more when it is crossed or the trend has ended."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.figures import Figure
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import Seen, device, judging, made_of, profile, says, seen, transitions
from tests.support.engine import SECOND, START, config_row

HOUR = 3600
CELL = profile("cell", 900, battery="V", spare="V")
TREND: dict[str, Any] = {
    "name": "device.trend", "title": "Runs down", "kind": "trend", "profile": "cell", "quantity": ["battery", "spare"],
    "window_secs": 3600, "hours": 12, "ahead_hours": 24, "low": 3.0, "deadband": 0.01, "priorities": [4],
}  # fmt: skip
FALLS = 0.01
"""V an hour."""


def _judging(*conditions: dict[str, Any], **more: Any) -> ZoneEngine:
    return judging(*(conditions or (TREND,)), profiles=[CELL], **more)


def _line(hour: float, start: float = 3.5, slope: float = -FALLS) -> float:
    return start + slope * hour


def _rows(
    hours: float, value: Callable[[float], float] = _line, name: str = "c1", zone: str = "a", begin: float = 0.0,
    quantity: str = "battery",
) -> list[Row]:  # fmt: skip
    """A reading a quarter of an hour, with a ripple that is none in the mean of an hour."""
    return [
        says("cell", name, secs, zone, **{quantity: round(value(secs / HOUR) + (0.004 if k % 2 else -0.004), 4)})
        for k, secs in enumerate(range(round(begin * HOUR), round(hours * HOUR), 900))
    ]


def _fed(made: ZoneEngine, rows: Sequence[Row], size: int = 1) -> list[StepResult]:
    rows = sorted(rows, key=lambda row: row.received_at)
    parts = [rows[at : at + size] for at in range(0, len(rows), size)]
    return [made.step(part, part[-1].received_at, True) for part in parts]


def _figures(results: Sequence[StepResult]) -> list[Figure]:
    return [figure for result in results for figure in result.figures]


def test_a_slow_fall_is_told_a_day_ahead_once_and_ends_where_the_threshold_is_crossed() -> None:
    """3.5 V less 0.01 V an hour is 3.0 V after 50 hours; from 26 hours on that is within a day."""
    results = _fed(_judging(), _rows(60))

    raised, returned = transitions(results)
    assert [(t.change, t.asset, t.level, t.priority) for t in (raised, returned)] == [
        ("raised", "c1", 1, 4), ("returned", "c1", 1, 4),
    ]  # fmt: skip
    assert (raised.at - START) / SECOND == pytest.approx(26 * HOUR, abs=HOUR)
    assert raised.value == pytest.approx(24.0, abs=1.0)
    assert (returned.at - START) / SECOND == pytest.approx(50 * HOUR, abs=HOUR + 1)


def test_the_hours_that_are_left_are_a_figure_while_it_stands() -> None:
    told = _figures(_fed(_judging(), _rows(60)))

    assert {(f.condition, f.asset, f.zone, f.name, f.unit) for f in told} == {
        ("device.trend", "c1", "a", "hours_left", "h")
    }
    hours = [(f.ts - START) // (HOUR * SECOND) for f in told]
    assert hours == list(range(hours[0], 51))
    assert [f.value for f in told] == pytest.approx([50 - hour for hour in hours], abs=0.6)


def test_what_crosses_then_is_for_the_real_condition_and_both_do_not_stand_together() -> None:
    real = {
        "name": "device.empty", "title": "Empty", "kind": "steps", "profile": "cell", "quantity": "battery",
        "window_secs": 3600, "low": [3.0], "deadband": 0.05, "priorities": [3],
    }  # fmt: skip
    changes = transitions(_fed(_judging(TREND, real), _rows(60)))

    assert [(t.change, t.condition) for t in changes] == [
        ("raised", "device.trend"), ("raised", "device.empty"), ("returned", "device.trend"),
    ]  # fmt: skip
    assert changes[1].at == changes[2].at


def test_it_ends_when_the_fall_does_and_when_the_cell_is_changed() -> None:
    stops = transitions(_fed(_judging(), _rows(70, lambda hour: _line(min(hour, 35.0)))))
    changed = transitions(_fed(_judging(), _rows(70, lambda hour: _line(hour) + (0.6 if hour >= 35 else 0.0))))

    assert [t.change for t in stops] == ["raised", "returned"]
    assert 35 * HOUR < (stops[1].at - START) / SECOND <= 35 * HOUR + 12 * HOUR
    assert [t.change for t in changed] == ["raised", "returned"]
    assert 35 * HOUR < (changed[1].at - START) / SECOND <= 35 * HOUR + 6 * HOUR


@pytest.mark.parametrize("value", [
    lambda hour: 3.2, lambda hour: 3.2 - 0.1 * (hour >= 20), lambda hour: 3.2 + 0.08 * abs(hour % 8 - 4),
    lambda hour: _line(hour, slope=FALLS), lambda hour: 2.9,
])  # fmt: skip
def test_what_is_flat_steps_turns_or_goes_the_other_way_raises_nothing(value: Callable[[float], float]) -> None:
    results = _fed(_judging(), _rows(44, value))

    assert transitions(results) == []
    assert _figures(results) == []


def test_it_does_not_chatter_where_the_hours_left_hover_about_the_limit() -> None:
    """What falls to the threshold ever more slowly has as long to go at each time."""

    def hovers(hour: float) -> float:
        ripple = 0.006 * np.sin(hour / 2.3)
        return float(3.0 + 0.5 * np.exp(-hour / 30.0) + ripple * np.exp(-hour / 30.0))

    def changes(hold: float) -> list[str]:
        return [t.change for t in transitions(_fed(_judging(TREND | {"hold": hold}), _rows(60, hovers)))]

    assert changes(1.5) == ["raised"]
    assert len(changes(1.0)) > 2


def test_a_threshold_above_is_reached_from_below_and_places_have_their_own() -> None:
    up = TREND | {"low": None, "high": 3.5, "where": [{"zone": "b", "high": 3.4}, {"device": "c3", "high": 9.0}]}
    up = {key: value for key, value in up.items() if value is not None}
    rows = [
        row
        for name, zone in (("c1", "a"), ("c2", "b"), ("c3", "b"))
        for row in _rows(34, lambda hour: _line(hour, 3.0, FALLS), name, zone)
    ]
    raised = {t.asset: (t.at - START) / SECOND / HOUR for t in transitions(_fed(_judging(up), rows, 12))}

    assert raised == {"c1": pytest.approx(26, abs=1), "c2": pytest.approx(16, abs=1)}


def test_of_two_cells_of_a_device_the_nearer_threshold_counts() -> None:
    both = _rows(45) + _rows(45, lambda hour: _line(hour, 3.45), quantity="spare")
    results = _fed(_judging(), both)

    assert [Seen(*s[:3], 0) for s in seen(results)] == [Seen("raised", "c1", 1, 0)]
    assert seen(results)[0].secs == pytest.approx(21 * HOUR, abs=HOUR)
    least = {f.ts: f.value for f in _figures(results)}
    assert len(least) == len(_figures(results))
    assert least[START + 40 * HOUR * SECOND] == pytest.approx(5.0, abs=0.6)


def test_missing_windows_are_left_out_and_a_long_gap_neither_raises_nor_ends_it() -> None:
    some = [row for row in _rows(60) if (row.received_at - START) // (HOUR * SECOND) % 4 != 1]
    assert [(t.change, t.asset) for t in transitions(_fed(_judging(), some))] == [("raised", "c1"), ("returned", "c1")]

    made = _judging()
    assert [t.change for t in transitions(_fed(made, _rows(30)))] == ["raised"]
    back = _fed(made, _rows(44, lambda hour: 3.4, begin=38))
    assert transitions(back) == [], "too little is known of the last twelve hours"
    assert all(f.ts <= START + 30 * HOUR * SECOND for f in _figures(back))
    assert [t.change for t in transitions(_fed(made, _rows(54, lambda hour: 3.4, begin=44)))] == ["returned"]


def test_failed_readings_do_not_bend_it() -> None:
    rows = _rows(24)
    spoilt = [*rows[:40], says("cell", "c1", 10 * HOUR + 60, battery=10.0**9), *rows[40:]]

    assert transitions(_fed(_judging(), spoilt)) == []
    assert [t.change for t in transitions(_fed(_judging(), [*spoilt, *_rows(40, begin=24)]))] == ["raised"]


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
def test_neither_the_citys_clocks_nor_other_zones_show(timezone: str) -> None:
    alone = transitions(_fed(_judging(), _rows(60)))
    others = [row for k in range(3) for row in _rows(60, lambda hour: _line(hour, 3.3), f"x{k}", "b")]
    company = transitions(_fed(_judging(timezone=timezone), others + _rows(60), 4))

    def told(changes: Sequence[Any]) -> list[Any]:
        return [(t.change, t.at, t.value) for t in changes if t.asset == "c1"]

    assert told(company) == told(alone) != []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 480), max_size=8), st.integers(0, 9))
def test_neither_the_split_into_calls_nor_a_restart_shows(cuts: list[int], wobble: int) -> None:
    rows = _rows(60, lambda hour: _line(hour) + 0.01 * wobble * (int(hour) % 3 == 0))
    rows += _rows(60, lambda hour: _line(hour, 3.45), quantity="spare") + _rows(60, name="c2", zone="b")
    rows.sort(key=lambda row: row.received_at)

    def played(at: Sequence[int], restarts: bool) -> tuple[list[Any], list[Figure]]:
        made, results = _judging(), []
        for begin, end in pairwise(at):
            if end > begin:
                results.append(made.step(rows[begin:end], START + 90 * 86_400 * SECOND, False))
                if restarts:
                    made = ZoneEngine.restore(made.snapshot())
        figures = sorted(_figures(results), key=lambda f: (f.ts, f.asset))
        return sorted((t.change, t.asset, t.at, t.value or 0.0) for t in transitions(results)), figures

    whole = played([0, len(rows)], False)
    assert played([0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)], True) == whole
    assert whole[0]
    assert whole[1]


def test_a_changed_configuration_keeps_what_is_known_of_the_devices_that_stay() -> None:
    def listed(*names: str) -> Any:
        return made_of(TREND, devices=[device(name, "cell") for name in names], profiles=[CELL])

    made = _judging(devices=[device("c0", "cell"), device("c1", "cell")])
    assert [t.change for t in transitions(_fed(made, _rows(20, name="c0") + _rows(30)))] == ["raised"]
    # c0 goes, so that c1's series get other numbers
    made.step([config_row(listed("c1"), START + 30 * HOUR * SECOND)], START + 30 * HOUR * SECOND, True)

    told = _figures(_fed(made, _rows(33, begin=30)))
    assert [round(f.value) for f in told] == [20, 19, 18]
