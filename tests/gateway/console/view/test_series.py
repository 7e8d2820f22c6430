"""What a chart draws of columns: thinned, with its gaps, flags apart."""

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.console.view.series import MOST_POINTS, local_ms, readings_of, step_for, thinned, usual_of, windows_of
from processors.flags import Flag, Why

GUANGZHOU = ZoneInfo("Asia/Shanghai")
SECOND = 1_000_000_000
START = 1_772_435_700 * SECOND


def _times(n: int, step: int = 60) -> np.ndarray:
    return START + np.arange(n, dtype=np.int64) * step * SECOND


def test_times_are_local() -> None:
    assert local_ms(np.array([START]), GUANGZHOU).tolist() == [(START / SECOND + 8 * 3600) * 1000]


def test_a_change_of_the_clocks_is_followed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    change = 1_774_746_000 * SECOND  # 2026-03-29T01:00:00Z
    before, after = local_ms(np.array([change - SECOND, change]), berlin).tolist()
    assert after - before == 3_601_000.0


def test_extremes_survive_thinning() -> None:
    value = np.sin(np.arange(100_000) / 50)
    value[54_321] = 9.0
    which = thinned(_times(100_000), value)
    assert len(which) <= MOST_POINTS
    assert 54_321 in which


def test_what_is_usual_is_a_band_with_holes_where_it_is_not_known() -> None:
    answer = {
        "ts": [START, START + SECOND],
        "series": [
            {"quantity": "occ", "unit": "ratio", "by": "x", "low": [0.1, None], "middle": [0.2, None],
             "high": [0.4, None]},
            {"quantity": "none", "unit": "m", "by": "x", "low": [None] * 2, "middle": [None] * 2, "high": [None] * 2},
        ],
    }  # fmt: skip
    found = usual_of(answer, GUANGZHOU)
    assert list(found) == ["occ"]
    band = found["occ"]
    assert [y for _, y in band.middle] == [20.0, None]
    assert [y for _, y in band.low] == [10.0, None]
    assert [y for _, y in band.spread] == [30.0, None]
    assert (band.min, band.max) == (10.0, 40.0)
    json.dumps([band.middle, band.low, band.spread])


def test_a_long_gap_breaks_the_line() -> None:
    ts = np.concatenate([_times(10), _times(10) + 7200 * SECOND])
    made = readings_of("u_a", "V", ts, np.full(20, 230.0), np.ones(20, np.uint8), np.zeros(20, np.uint32), GUANGZHOU)
    assert [y for _, y in made.line].count(None) == 1


def test_flags_are_marks_and_failed_ones_no_line() -> None:
    value = np.array([1.0, 2.0, 900.0, np.nan, 5.0])
    flag = np.array([Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING, Flag.GOOD], np.uint8)
    why = np.array([0, Why.SPIKE, Why.GROSS_RANGE, Why.MISSING_VALUE, 0], np.uint32)
    made = readings_of("u_a", "V", _times(5), value, flag, why, GUANGZHOU)
    assert [y for _, y in made.line if y is not None] == [1.0, 2.0, 5.0]
    assert (made.low, made.high) == (1.0, 5.0)
    assert {flag: rows[0][1] for flag, rows in made.marks.items()} == {3: 2.0, 4: 900.0, 9: None}


def test_ratios_are_percentages() -> None:
    made = readings_of(
        "pf", "ratio", _times(1), np.array([0.95]), np.ones(1, np.uint8), np.zeros(1, np.uint32), GUANGZHOU
    )
    assert made.line[0][1] == pytest.approx(95.0)


def test_nothing_at_all() -> None:
    empty = np.empty(0)
    made = readings_of(
        "x", "V", empty.astype(np.int64), empty, empty.astype(np.uint8), empty.astype(np.uint32), GUANGZHOU
    )
    assert made.line == []


def test_windows_with_revisions_pending_ones_and_holes() -> None:
    start = np.array([0, 900, 2_700], np.int64) * SECOND + START
    made = windows_of(
        "u_a",
        "V",
        900,
        {
            "start": start,
            "mean": np.array([1.0, 2.0, np.nan]),
            "min": np.array([0.5, 1.0, np.nan]),
            "max": np.array([1.5, 4.0, np.nan]),
            "revision": np.array([1, 2, 1]),
            "pending": np.array([True, False, False]),
        },
        GUANGZHOU,
    )
    assert [y for _, y in made.mean] == [1.0, 2.0, None, None]
    assert [y for _, y in made.spread][:2] == [1.0, 3.0]
    assert len(made.revised) == len(made.pending) == 1
    assert (made.min, made.max) == (0.5, 4.0)
    json.dumps([made.mean, made.low, made.spread])


@pytest.mark.parametrize(
    ("hours", "interval", "step"),
    [
        (1, 60, 0),
        (24, 60, 0),
        (24, 1, 60),
        (24 * 7, 60, 900),
        (24 * 30, 60, 3_600),
        (24 * 400, 60, 86_400),
        (24, None, 0),
    ],
)
def test_the_step_fits_the_span(hours: float, interval: float | None, step: int) -> None:
    assert step_for(round(hours * 3_600 * SECOND), interval) == step
