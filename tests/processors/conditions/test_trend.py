"""Trend: hand-worked lines, and any series against a plain reference, whatever is missing, however split."""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.columns import F64
from processors.conditions.trend import Ahead, Heading, Trends, nearing

HOUR = 3_600_000_000_000
START = 100 * HOUR
NAN = float("nan")
Said = tuple[float, float, float, float]


def _said(heading: Heading, k: int = -1) -> Said:
    return float(heading.level[k]), float(heading.slope[k]), float(heading.errors[k]), float(heading.steady[k])


def _after(values: Sequence[float], hours: int = 8, of: Trends | None = None, begin: int = 0) -> Heading:
    """Means of hours, NaN: missing; the last one is known."""
    trends = Trends(HOUR, hours * HOUR) if of is None else of
    trends.grow(1)
    known = [k for k, value in enumerate(values) if not math.isnan(value)]
    ts = np.array([START + (begin + k + 1) * HOUR for k in known])
    return trends.step(np.zeros(len(known), np.int32), ts, np.array([values[k] for k in known]))


def _reference(values: Sequence[float], hours: int, at: int) -> Said:
    """The definition, said plainly: the row `at` sees the hours before its own. An hour is a point."""
    points = [(k + 0.5, values[k]) for k in range(max(0, at - hours), at) if not math.isnan(values[k])]
    middle = at - hours // 2
    newer, older = [p for p in points if p[0] > middle], [p for p in points if p[0] < middle]
    if 3 * len(points) < 2 * hours or min(len(newer), len(older)) < hours / 4:
        return NAN, NAN, NAN, NAN
    slope, *halves = (median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(part, 2))
                      for part in (points, newer, older))  # fmt: skip
    residuals = [y - slope * x for x, y in points]
    scatter = 1.4826 * median(abs(r - median(residuals)) for r in residuals)
    mean = sum(x for x, _ in points) / len(points)
    error = scatter / math.sqrt(sum((x - mean) ** 2 for x, _ in points))
    level = median(residuals[-3:]) + slope * (at + 1)
    if slope == 0:
        return level, 0.0, 0.0, 0.0
    return level, slope, abs(slope) / error if error else math.inf, min(half / slope for half in halves)


def test_a_straight_line_is_found_and_goes_on_to_now() -> None:
    level, slope, errors, steady = _said(_after([100.0 - 2.0 * k for k in range(9)]))

    # the mean of an hour is of its middle: 84 at 8.5 h, so 83 at its end
    assert [level, slope, steady] == pytest.approx([83.0, -2.0, 1.0])
    assert errors == math.inf


def test_nothing_is_known_before_two_thirds_of_the_span_are() -> None:
    heading = _after([5.0 + k for k in range(9)])

    assert [math.isfinite(slope) for slope in heading.slope.tolist()] == [False] * 6 + [True] * 3


def test_wild_points_do_not_move_it_and_scatter_makes_it_less_sure() -> None:
    line = [50.0 + k for k in range(9)]
    wild = [*line[:2], 900.0, *line[3:6], -900.0, *line[7:]]

    _, slope, errors, _ = _said(_after(wild))

    assert slope == pytest.approx(1.0, abs=0.01)
    rough = [value + (3.0 if k % 2 else -3.0) for k, value in enumerate(line)]
    assert _said(_after(rough))[2] < 6 < errors


def test_a_step_moves_one_half_only_and_so_does_a_turn() -> None:
    step = _after([3.6] * 10 + [3.5] * 14 + [3.5], 24)
    turn = _after([abs(12.0 - k) for k in range(25)], 24)

    assert _said(step)[1] < 0
    assert _said(step)[3] == 0.0
    assert _said(turn)[3] <= 0.0


def test_the_newest_points_say_where_it_is_now() -> None:
    changed = [30.0 - k for k in range(14)] + [100.0, 99.0]

    level, slope, *_ = _said(_after([*changed, 98.0], 16))

    assert slope < 0
    assert level > 90


def test_after_a_gap_of_more_than_a_third_nothing_is_known_until_the_span_is_filled_again() -> None:
    line = [100.0 - k for k in range(12)]
    heading = _after([*line, NAN, NAN, *[NAN] * 3, *[83.0 - k for k in range(8)]])

    known = [math.isfinite(slope) for slope in heading.slope.tolist()]
    assert known[11]
    assert not any(known[12:15])
    assert known[-1]


def test_windows_are_gathered_into_at_most_16_points() -> None:
    week = Trends(HOUR, 168 * HOUR)

    assert week.points == 16
    assert _said(_after([7.0 - 0.01 * k for k in range(200)], of=week))[1] == pytest.approx(-0.01)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-40, 40).map(lambda n: n / 8), st.just(NAN)), min_size=10, max_size=40),
    st.integers(8, 16).map(lambda n: n // 2 * 2), st.lists(st.integers(0, 40), max_size=6), st.booleans(),
)  # fmt: skip
def test_any_series_in_any_split_is_as_the_plain_reference_says(
    values: list[float], hours: int, cuts: list[int], restarts: bool
) -> None:
    other = [float(k % 5) for k in range(len(values))]
    rows = [(k, s, v) for k in range(len(values)) for s, v in ((0, values[k]), (1, other[k])) if not math.isnan(v)]
    trends = Trends(HOUR, hours * HOUR)
    trends.grow(2)
    said: list[Said] = []
    edges = sorted({0, len(rows), *(min(2 * cut, len(rows)) for cut in cuts)})
    for begin, end in pairwise(edges):
        part = rows[begin:end]
        heading = trends.step(
            np.array([s for _, s, _ in part], np.int32), np.array([START + (k + 1) * HOUR for k, _, _ in part]),
            np.array([v for _, _, v in part]),
        )  # fmt: skip
        said += [_said(heading, n) for n in range(len(part))]
        if restarts:
            state, trends = trends.snapshot(), Trends(HOUR, hours * HOUR)
            trends.restore(state)

    for (k, series, _), found in zip(rows, said, strict=True):
        expected = _reference([values, other][series], hours, k)
        assert found[:2] == pytest.approx(expected[:2], rel=1e-9, abs=1e-9, nan_ok=True)
        if abs(expected[1]) > 1e-9 and expected[2] < 1e9:
            assert found[2:] == pytest.approx(expected[2:], rel=1e-6, abs=1e-6)


def test_nothing_in_is_nothing_out() -> None:
    trends = Trends(HOUR, 8 * HOUR)

    assert len(trends.step(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)).slope) == 0


# -- thresholds -------------------------------------------------------------------------------------------------------


def _near(value: float, slope: float, errors: float = 20.0, steady: float = 0.9, level: float | None = None,
          **more: float) -> tuple[int, int, float]:  # fmt: skip
    """Between 0 and 100, told ten hours ahead."""

    def one(number: float) -> F64:
        return np.array([number])

    heading = Heading(one(value if level is None else level), one(slope), one(errors), one(steady))
    told, held, hours = nearing(heading, one(value), one(100.0), one(0.0), Ahead(10.0, **more))
    return int(told[0]), int(held[0]), float(hours[0])


def test_the_threshold_that_it_moves_to_counts() -> None:
    assert _near(90.0, 2.0) == (1, 1, 5.0)
    assert _near(10.0, -2.0) == (1, 1, 5.0)
    assert _near(90.0, -2.0) == (0, 0, 45.0)


def test_what_stands_stands_on_under_easier_terms() -> None:
    assert _near(80.0, 2.0)[:2] == (1, 1)
    assert _near(75.0, 2.0)[:2] == (0, 1)
    assert _near(69.0, 2.0)[:2] == (0, 0)
    assert _near(90.0, 2.0, errors=5.0)[:2] == (0, 1)
    assert _near(90.0, 2.0, errors=2.0)[:2] == (0, 0)
    assert _near(90.0, 2.0, steady=0.3)[:2] == (0, 1)
    assert _near(90.0, 2.0, steady=0.0)[:2] == (0, 0)
    assert _near(97.0, 2.0, deadband=5.0)[:2] == (0, 1)


def test_what_is_crossed_is_not_ahead() -> None:
    assert _near(100.0, 2.0, level=99.0)[:2] == (0, 0)
    assert _near(-3.0, -2.0)[:2] == (0, 0)
    assert _near(99.0, 2.0, level=101.0) == (1, 1, 0.0)


@pytest.mark.parametrize("slope", [0.0, NAN])
def test_without_a_slope_nothing_is_ahead(slope: float) -> None:
    level, held, hours = _near(50.0, slope, errors=0.0 if slope == 0 else NAN)

    assert (level, held) == (0, 0)
    assert math.isnan(hours)
