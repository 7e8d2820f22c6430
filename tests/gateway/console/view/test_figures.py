"""Figures of an asset over a day."""

from gateway.console.view.figures import figures_over_time

NEWEST = [{"condition": "c", "asset": "a", "name": "tpi", "unit": "1", "value": 5.0}]


def test_values_by_forty_eighths_with_short_gaps_bridged() -> None:
    rows = [("c", "a", "tpi", "1", 0, 1.0), ("c", "a", "tpi", "1", 10, 2.0), ("c", "b", "tpi", "1", 10, 9.0)]
    (made,) = figures_over_time(NEWEST, rows, 0, 480)
    assert made.values[:5] == (1.0, 2.0, 2.0, 2.0, None)
    assert made.now == 5.0


def test_one_without_a_past() -> None:
    (made,) = figures_over_time(NEWEST, [], 0, 480)
    assert made.values == (None,)
