"""Figures across zones: from aggregates only, newest closed window of each lane."""

import numpy as np

from gateway.engine.city import CityEngine
from processors.columns import AggregateBatch
from tests.support.engine import SECOND, START

LANES = [("a", "loop"), ("b", "loop"), ("a", "meter")]
LANE_OF = np.array([0, 0, 1, 2], np.int32)
PANE = np.array([10, 10, 10, 900], np.int32)


def aggregates(*rows: tuple[int, int, int, int, float]) -> AggregateBatch:
    """(series, step, start in s after START, count, good)."""
    series, step, start, count, good = zip(*rows, strict=True)
    nothing = np.zeros(len(rows))
    others = dict.fromkeys(("min", "max", "mean", "twmean", "std", "first", "last", "p50", "p95"), nothing)
    return AggregateBatch.of(
        series=series, step=step, start=START + np.array(start) * SECOND, revision=nothing, count=count, good=good,
        **others,
    )  # fmt: skip


def step(city: CityEngine, batch: AggregateBatch) -> None:
    city.step((), batch, (), START, lane=LANE_OF, pane_secs=PANE)


def test_the_newest_minute_of_each_lane_counts_and_longer_panes_count_themselves() -> None:
    city = CityEngine()
    step(city, aggregates((0, 60, 0, 6, 1), (1, 60, 0, 6, 0.5), (0, 10, 60, 1, 1), (3, 900, 0, 1, 1)))
    step(city, aggregates((0, 60, 60, 5, 1), (2, 60, 0, 4, 1), (0, 900, 0, 99, 1)))

    found = {(figure.zone, figure.profile): figure for figure in city.figures(LANES)}

    assert {key: (f.series, f.readings, f.good) for key, f in found.items()} == {
        ("a", "loop"): (1, 5, 1.0),
        ("b", "loop"): (1, 4, 1.0),
        ("a", "meter"): (1, 1, 1.0),
    }
    assert city.totals(LANES)["loop"] == {"zones": 2, "series": 2, "readings": 9}


def test_windows_of_one_minute_that_close_in_two_calls_add_up() -> None:
    city = CityEngine()
    step(city, aggregates((0, 60, 0, 6, 1)))
    city = CityEngine.restore(city.snapshot(), None)
    step(city, aggregates((1, 60, 0, 6, 0.5)))

    (figure,) = city.figures(LANES)
    assert (figure.series, figure.readings, figure.good) == (2, 12, 0.75)
