"""Figures of the city page, reduced over the city."""

import numpy as np
import pytest

from gateway.console.texts.terms import TERMS
from gateway.console.texts.words import TEXTS
from gateway.console.view.judged import Limit
from gateway.console.view.strips import QUARTER, SPAN, STRIPS, drawn, over_time, reduce_windows, trend

END = 100 * QUARTER + 5


def test_every_figure_has_its_words_and_its_domain() -> None:
    assert all(f"strip.{each.key}" in TEXTS and each.domain in TERMS["domain"] for each in STRIPS)


def test_of_each_asset_the_last_of_a_quarter_counts() -> None:
    rows = [
        ("c", "a", "tpi", "1", END - 2, 3.0),
        ("c", "a", "tpi", "1", END - 1, 5.0),
        ("c", "b", "tpi", "1", END - 1, 7.0),
        ("c", "b", "tpi", "1", END - QUARTER, 1.0),
        ("c", "b", "tpi", "1", 0, 99.0),
    ]
    assert over_time(rows, "mean", END)[-2:] == [1.0, 6.0]
    assert over_time(rows, "max", END)[-1] == 7.0
    assert over_time(rows, "sum", END)[-1] == 12.0


def test_windows_by_quarter() -> None:
    start = np.array([END - QUARTER, END - QUARTER, END - 5], np.int64) // QUARTER * QUARTER
    values = {
        "mean": np.array([2.0, 4.0, np.nan]),
        "min": np.array([1.0, 3.0, np.nan]),
        "max": np.array([9.0, 5.0, np.nan]),
    }
    assert reduce_windows(start, values, "min", END)[-2:] == [1.0, None]
    assert reduce_windows(start, values, "max", END)[-2] == 9.0
    assert reduce_windows(start, values, "mean", END)[-2] == 3.0
    assert len(reduce_windows(start, values, "sum", END)) == SPAN


def test_the_worst_breach_counts() -> None:
    figure = next(each for each in STRIPS if each.how == "max")
    limits = [Limit(6.0, True, 4, "c"), Limit(8.0, True, 3, "c"), Limit(1.0, False, 1, "c")]
    assert drawn(figure, [1.0, 9.0], limits).breach == 3
    assert drawn(figure, [1.0, 5.0], limits).breach == 0
    assert [each.value for each in drawn(figure, [1.0], limits).limits] == [6.0, 8.0]
    assert drawn(figure, [None], limits).now is None


@pytest.mark.parametrize(
    ("values", "said"),
    [([1, 2, 3, 4, 5, 6], "up"), ([6, 5, 4, 3, 2, 1], "down"), ([5] * 8, "flat"), ([1, None], ""), ([], "")],
)
def test_trends(values: list[float | None], said: str) -> None:
    assert trend(values) == said
