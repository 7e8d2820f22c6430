"""Weeks within limits, by rows."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.engine.results import StepResult
from gateway.rows import Row
from tests.support.engine import SECOND
from tests.support.grid import at, changes, figures, grid, play, values
from tests.support.speakers import utc

MINUTE = 60 * SECOND
TEN = 10 * MINUTE
HOUR = 60 * MINUTE
MONDAY = utc("2026-03-01T16:00")  # of Shanghai, 2026-03-02
WEEK = 1008
SPEC: dict[str, Any] = {
    "name": "grid.compliance", "title": "Week", "kind": "compliance", "profile": "three",
    "phases": ["u_a", "u_b", "u_c"], "thd": "thd", "frequency": "f", "priorities": [4],
}  # fmt: skip
Of = Callable[[int], dict[str, float | None]]
"""What is measured in the k-th ten minutes."""
WELL: dict[str, float | None] = {"u_a": 220.0, "u_b": 220.0, "u_c": 220.0, "thd": 0.02, "f": 50.0}


def _rows(of: Of, tens: int = WEEK + 2, start: int = MONDAY, name: str = "m1", zone: str = "a") -> list[Row]:
    """Five minutes of each ten: just enough for a value."""
    return [
        at("three", name, start + k * TEN + minute * MINUTE + 5 * SECOND, zone, **of(k))
        for k in range(tens)
        for minute in range(5)
    ]


def _played(rows: list[Row], size: int = 60, *, restarts: bool = False, start: int = MONDAY,
            timezone: str = "Asia/Shanghai", **changed: Any) -> list[StepResult]:  # fmt: skip
    return play(grid(SPEC | changed, start=start, timezone=timezone), rows, size, restarts=restarts)


def _low_for(tens: int) -> Of:
    return lambda k: WELL | ({"u_b": 197.0} if k < tens else {})


def _told(results: list[StepResult], ts: int = MONDAY + WEEK * TEN) -> dict[str, float]:
    return {figure.name: figure.value for figure in figures(results) if figure.ts == ts}


def test_a_week_may_have_50_of_1008_voltages_outside_and_not_51() -> None:
    """GB/T 12325: 220 V, 198.0 to 235.4; the phase that is furthest counts."""
    for outside, change in ((50, []), (51, [("grid.compliance", "m1", "raised", 1, MONDAY + WEEK * TEN)])):
        results = _played(_rows(_low_for(outside)))

        told = _told(results)
        assert told["voltage_share"] == (WEEK - outside) / WEEK
        assert told["voltage_coverage"] == told["thd_coverage"] == 1.0
        assert (told["thd_share"], told["frequency_share"]) == (1.0, 1.0)
        assert told["frequency_coverage"] == 0.5  # five minutes of ten: too little for a verdict
        assert told["voltage_lowest"] == pytest.approx(197 / 220 - 1)
        assert told["voltage_highest"] == 0.0
        assert changes(results) == change


def test_the_value_is_the_share_and_a_week_that_complies_ends_the_alarm() -> None:
    results = _played(_rows(lambda k: WELL | ({"thd": 0.06} if k < 100 else {}), 2 * WEEK + 2))

    assert [change[2:] for change in changes(results)] == [
        ("raised", 1, MONDAY + WEEK * TEN), ("returned", 1, MONDAY + 2 * WEEK * TEN)
    ]  # fmt: skip
    (raised, *_) = [t for result in results for t in result.transitions]
    assert raised.value == pytest.approx(908 / 1008)


def test_frequency_wants_99_5_percent_of_its_shortest_windows() -> None:
    results = _played(_rows(lambda k: WELL | ({"f": 50.3} if k < 11 else {})), coverage=0.5)

    assert _told(results)["frequency_share"] == pytest.approx(1 - 11 / 1008)
    assert [change[2] for change in changes(results)] == ["raised"]


def test_what_is_missing_is_neither_within_nor_outside() -> None:
    results = _played(_rows(lambda k: WELL | ({"u_c": None} if k < 500 else {"u_a": 190.0 if k < 540 else 220.0})))

    told = _told(results)
    assert told["voltage_share"] == pytest.approx(1 - 40 / 508)
    assert told["voltage_coverage"] == pytest.approx(508 / 1008)
    assert changes(results) == []  # too little is known of voltages, and the distortion complies


def test_an_interruption_is_left_out() -> None:
    results = _played(_rows(lambda k: WELL | (dict.fromkeys(("u_a", "u_b", "u_c"), 3.0) if k < 60 else {})))

    assert _told(results)["voltage_share"] == 1.0
    assert _told(results)["voltage_coverage"] == pytest.approx(948 / 1008)


def test_another_nominal_voltage_belongs_to_its_device() -> None:
    results = _played(_rows(lambda k: WELL | {"u_a": 236.0}), where=[{"device": "m1", "nominal": 230}])

    assert _told(results)["voltage_share"] == 1.0


def test_without_alarm_there_are_figures_only() -> None:
    results = _played(_rows(lambda k: WELL | {"u_a": 150.0}), alarm=False)

    assert _told(results)["voltage_share"] == 0.0
    assert changes(results) == []


@pytest.mark.parametrize(("start", "hours"), [("2026-03-22T23:00", 167), ("2026-10-18T22:00", 169)])
def test_a_week_of_berlin_with_a_change_of_the_clock_is_as_long_as_it_is(start: str, hours: int) -> None:
    begin = utc(start)
    rows = _rows(lambda k: WELL | ({"thd": 0.09} if k < 6 else {}), hours * 6 + 6, begin)
    results = _played(rows, start=begin, timezone="Europe/Berlin")

    told = _told(results, begin + hours * HOUR)
    assert told["thd_share"] == pytest.approx(1 - 1 / hours)
    assert told["thd_coverage"] == 1.0
    assert list(values(results, "thd_share")) == [begin + hours * HOUR]


def test_neither_cuts_nor_restarts_nor_company_show() -> None:
    start = MONDAY + 6 * 24 * HOUR
    mine = _rows(lambda k: WELL | {"u_a": 220.0 + k % 40, "thd": 0.04 + 0.001 * (k % 20)}, 200, start)
    others = _rows(lambda k: WELL | {"u_a": 180.0}, 200, start, "m2", "b")
    both = sorted(mine + others, key=lambda row: row.received_at)

    whole = _played(mine, 2000, start=start, coverage=0.01)
    parts = _played(mine, 7, restarts=True, start=start, coverage=0.01)
    beside = _played(both, 33, start=start, coverage=0.01)

    assert changes(whole) == changes(parts) == [change for change in changes(beside) if change[1] == "m1"]
    assert figures(whole) == figures(parts) == [figure for figure in figures(beside) if figure.asset == "m1"]
    assert [change[2] for change in changes(whole)] == ["raised"]
