"""NAB's measure: cases worked by hand from its formula, and a plain reading of the benchmark's loop as a reference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.score.nab import PROFILES, judge, probation_rows, scaled_sigmoid

ROWS = np.arange(100)
WINDOW = [(50, 59)]


def _standard(raised: list[int], windows: list[tuple[int, int]] = WINDOW) -> float | None:
    return judge(ROWS, windows, np.isin(ROWS, raised)).scores["standard"]


@pytest.mark.parametrize(("position", "earned"), [(-1.0, 0.98661), (-0.5, 0.84828), (0.0, 0.0), (1.0, -0.98661)])
def test_the_sigmoid_is_the_one_of_the_benchmark(position: float, earned: float) -> None:
    assert scaled_sigmoid(np.array([position]))[0] == pytest.approx(earned, abs=5e-6)


def test_three_widths_behind_a_window_nothing_has_to_do_with_it() -> None:
    assert scaled_sigmoid(np.array([3.0, 1e6])).tolist() == [-1.0, -1.0]


@pytest.mark.parametrize(
    ("rows", "probation"), [(0, 0), (1, 0), (100, 15), (2380, 357), (2495, 374), (5000, 750), (22695, 750)]
)
def test_probation_is_fifteen_percent_and_750_rows_at_most(rows: int, probation: int) -> None:
    assert probation_rows(rows) == probation


def test_a_window_hit_at_its_first_row_is_a_hundred() -> None:
    assert _standard([50]) == pytest.approx(100.0)


def test_nothing_raised_is_zero_in_every_profile() -> None:
    assert judge(ROWS, WINDOW, np.zeros(100, np.bool_)).scores == dict.fromkeys(PROFILES, 0.0)


def test_only_the_best_detection_of_a_window_counts() -> None:
    assert _standard([50, 51, 55, 59]) == pytest.approx(100.0)


def test_a_hit_in_the_middle_earns_by_its_position() -> None:
    # row 55 of 50..59: position -(59 - 55 + 1) / 10 = -0.5
    assert _standard([55]) == pytest.approx(100 * (0.84828 / 0.98661 + 1) / 2, abs=1e-3)


def test_a_false_one_before_any_window_costs_its_weight() -> None:
    assert _standard([20]) == pytest.approx(-100 * 0.11 / 2)


def test_a_false_one_soon_after_a_window_costs_less() -> None:
    # row 60: one row past the window, of a width of 10 - 1
    cost = 2 / (1 + math.exp(5 / 9)) - 1
    assert _standard([60]) == pytest.approx(100 * 0.11 * cost / 2)


def test_the_profiles_weigh_misses_and_false_ones() -> None:
    judged = judge(ROWS, [(50, 59), (80, 89)], np.isin(ROWS, [20, 50]))
    assert (judged.windows, judged.hit, judged.missed, judged.false) == (2, 1, 1, 1)
    assert judged.scores["standard"] == pytest.approx(100 * (1 - 0.11 - 1 + 2) / 4)
    assert judged.scores["low_fp"] == pytest.approx(100 * (1 - 0.22 - 1 + 2) / 4)
    assert judged.scores["low_fn"] == pytest.approx(100 * (1 - 0.11 - 2 + 4) / 6)


def test_what_is_raised_in_the_probation_never_counts() -> None:
    assert judge(ROWS, WINDOW, ROWS < 15).false == 0
    assert judge(ROWS, WINDOW, ROWS < 16).false == 1


def test_a_window_in_the_probation_does_not_count_and_is_no_false_positive() -> None:
    judged = judge(ROWS, [(5, 10), (50, 59)], np.isin(ROWS, [7, 50]))
    assert (judged.windows, judged.hit, judged.false) == (1, 1, 0)


def test_a_file_without_windows_has_false_ones_and_no_score() -> None:
    judged = judge(ROWS, [], np.isin(ROWS, [30, 40]))
    assert (judged.windows, judged.false, judged.scores["standard"]) == (0, 2, None)


def test_a_window_of_one_row_has_no_width_to_divide_by() -> None:
    assert _standard([50], [(50, 50)]) == pytest.approx(100.0)
    assert _standard([51], [(50, 50)]) == pytest.approx(100 * 0.11 * -0.98661 / 2, abs=1e-3)


def test_a_time_that_stands_twice_ends_the_window_at_its_first_row() -> None:
    ts = np.array([*range(60), 59, *range(60, 99)])
    assert judge(ts, WINDOW, np.arange(100) == 60).false == 1


def test_an_empty_file_has_no_score() -> None:
    assert judge(np.empty(0, np.int64), WINDOW, np.empty(0, np.bool_)).scores["standard"] is None


def _reference(n: int, windows: list[tuple[int, int]], raised: set[int], fn: float, fp: float) -> float | None:
    """The benchmark's loop over rows, in plain words."""

    def sigmoid(y: float) -> float:
        return -1.0 if y >= 3 else 2 / (1 + math.exp(5 * y)) - 1

    best: dict[tuple[int, int], float] = {}
    total, last = 0.0, None
    for row in range(n):
        inside = next((w for w in windows if w[0] <= row <= w[1]), None)
        last = max((w for w in windows if w[1] < row), default=None)
        if row < math.floor(0.15 * n):
            continue
        if inside is not None:
            best.setdefault(inside, -fn)
            if row in raised:
                width = inside[1] - inside[0] + 1
                best[inside] = max(best[inside], sigmoid(-(inside[1] - row + 1) / width) / sigmoid(-1.0))
        elif row in raised:
            total += fp * (-1.0 if last is None else sigmoid((row - last[1]) / max(last[1] - last[0], 1)))
    if not best:
        return None
    null, perfect = -fn * len(best), len(best)
    return 100 * (total + sum(best.values()) - null) / (perfect - null)


@given(
    n=st.integers(1, 200),
    edges=st.lists(st.integers(0, 199), max_size=8, unique=True),
    raised=st.sets(st.integers(0, 199)),
)
def test_scores_are_those_of_the_benchmarks_loop(n: int, edges: list[int], raised: set[int]) -> None:
    edges = sorted(edge for edge in edges if edge < n)
    windows = list(zip(edges[::2], edges[1::2], strict=False))
    scores = judge(np.arange(n), windows, np.isin(np.arange(n), list(raised))).scores

    for name, costs in PROFILES.items():
        expected = _reference(n, windows, raised, costs.missed, costs.false)
        assert scores[name] == (None if expected is None else pytest.approx(expected, abs=1e-9))
