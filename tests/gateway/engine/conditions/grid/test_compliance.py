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


# -- limits by voltage level: the last hours of a week are known, and are enough here ---------------------------------

LAST = 24
"""Tens."""


def _volts(*of_tens: float, thd: float = 0.01) -> Of:
    """These voltages on all phases, ten minutes each; then the last one."""
    return lambda k: WELL | dict.fromkeys(("u_a", "u_b", "u_c"), of_tens[min(k, len(of_tens) - 1)]) | {"thd": thd}


def _last(of: Of, name: str = "m1") -> list[Row]:
    return _rows(of, LAST + 2, MONDAY + (WEEK - LAST) * TEN, name)


def _judged(of: Of, **changed: Any) -> list[StepResult]:
    return _played(_last(of), start=MONDAY + (WEEK - LAST) * TEN, **{"coverage": 0.01} | changed)


@pytest.mark.parametrize(("nominal", "outside", "ends"), [
    (220, (197.9, 235.5), (198.0, 235.4)),
    (230, (206.9, 246.2), (207.0, 246.1)),
    (380, (353.3, 406.7), (353.4, 406.6)),
    (10_000, (9_290, 10_710), (9_300, 10_700)),
    (20_000, (18_590, 21_410), (18_600, 21_400)),
])  # fmt: skip
def test_the_ends_of_the_limits_belong_inside(
    nominal: float, outside: tuple[float, float], ends: tuple[float, float]
) -> None:
    results = _judged(_volts(*outside, *ends, nominal), nominal=nominal, thd_high=0.05)

    assert _told(results)["voltage_share"] == (LAST - 2) / LAST


@pytest.mark.parametrize(("nominal", "limit"), [
    (220, 0.05), (380, 0.05), (6_000, 0.04), (10_000, 0.04), (35_000, 0.03), (66_000, 0.03), (110_000, 0.02),
])  # fmt: skip
def test_distortion_has_the_limit_of_the_voltage_level(nominal: float, limit: float) -> None:
    for thd, share in ((limit, 1.0), (limit + 0.001, 0.0)):
        assert _told(_judged(_volts(nominal, thd=thd), nominal=nominal))["thd_share"] == share


@pytest.mark.parametrize(("lowest", "change"), [
    (63_360.0, []),
    (63_294.0, [("grid.compliance", "m1", "raised", 1, MONDAY + WEEK * TEN)]),
])  # fmt: skip
def test_at_66_kv_the_weeks_spread_may_be_10_percent(lowest: float, change: list[Any]) -> None:
    """+6 % once and -4 % once: 10 %; one value of -4.1 % is too much, as no share forgives it."""
    results = _judged(_volts(69_960.0, lowest, 66_000.0), nominal=66_000)

    told = _told(results)
    assert told["voltage_spread"] == pytest.approx(0.06 + 1 - lowest / 66_000)
    assert told["voltage_coverage"] == pytest.approx(LAST / WEEK)
    assert "voltage_share" not in told
    assert changes(results) == change


def test_the_value_of_a_spread_that_is_too_wide_is_the_spread() -> None:
    results = _judged(_volts(36_750.0, 31_500.0, 35_000.0), nominal=35_000)

    (raised,) = [t for result in results for t in result.transitions]
    assert raised.value == pytest.approx(0.15)


def test_deviations_to_one_side_are_no_spread() -> None:
    results = _judged(_volts(38_150.0, 36_750.0), nominal=35_000)

    assert _told(results)["voltage_spread"] == pytest.approx(0.09)
    assert changes(results) == []


def test_a_spread_of_too_little_is_no_verdict() -> None:
    results = _judged(_volts(38_500.0, 31_500.0), nominal=35_000, coverage=0.9)

    assert _told(results)["voltage_spread"] == pytest.approx(0.2)
    assert changes(results) == []


def test_limits_that_are_given_are_for_every_voltage() -> None:
    given = {"voltage_low": -0.05, "voltage_high": 0.05, "thd_high": 0.01}
    results = _judged(_volts(69_960.0, 63_360.0, 66_000.0, thd=0.015), nominal=66_000, **given)

    told = _told(results)
    assert told["voltage_share"] == (LAST - 1) / LAST
    assert told["thd_share"] == 0.0
    assert "voltage_spread" not in told


def test_voltages_to_neutral_of_a_feeder_have_its_limits() -> None:
    results = _judged(_volts(5_360.0, 5_774.0, thd=0.041), nominal=5_774, measured="to-neutral")

    assert _told(results)["voltage_share"] == (LAST - 1) / LAST
    assert _told(results)["thd_share"] == 0.0


def test_devices_of_one_profile_have_limits_of_their_own() -> None:
    """-8 % each: well at 220 V, too low at 380 V and 10 kV, and a spread that is well at 35 kV."""
    volts = {"m1": 220.0, "m2": 380.0, "m3": 10_000.0, "m4": 35_000.0}
    rows = [row for name, nominal in volts.items() for row in _last(_volts(nominal * 0.92), name)]
    where = [{"device": name, "nominal": nominal} for name, nominal in volts.items()]
    results = _played(
        sorted(rows, key=lambda row: row.received_at), start=MONDAY + (WEEK - LAST) * TEN, where=where, coverage=0.01
    )

    told = {(figure.asset, figure.name): figure.value for figure in figures(results)}
    assert {name: told.get((name, "voltage_share")) for name in volts} == {"m1": 1.0, "m2": 0.0, "m3": 0.0, "m4": None}
    assert told["m4", "voltage_spread"] == pytest.approx(0.08)
    assert sorted(change[1:3] for change in changes(results)) == [("m2", "raised"), ("m3", "raised")]


def test_restarts_dont_show_in_a_spread() -> None:
    rows, start = _last(_volts(*range(33_000, 37_000, 250), 35_000)), MONDAY + (WEEK - LAST) * TEN
    whole = _played(rows, 2000, start=start, nominal=35_000, coverage=0.01)
    parts = _played(rows, 7, restarts=True, start=start, nominal=35_000, coverage=0.01)

    assert changes(whole) == changes(parts)
    assert figures(whole) == figures(parts)
    assert [change[2] for change in changes(whole)] == ["raised"]


# -- weeks, cuts ------------------------------------------------------------------------------------------------------


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
