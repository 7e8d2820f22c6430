"""
values 10 12 14    level 10, 10 + 2/2 = 11, 11 + 3/3 = 12      a plain mean while the series is young
"""

import numpy as np
import pytest

from processors.detectors.level import Level
from tests.processors.detectors.support import HOUR, MINUTE, ROW, meets


def test_at_first_the_level_is_the_mean() -> None:
    level = Level(4.0, 7.0)

    found = meets(level, np.array([10.0, 12.0, 14.0]))

    assert [float(met.residual[0]) for met in found] == [0.0, 2.0, 3.0]
    assert level.snapshot()["level"].tolist() == [12.0]


def test_nothing_is_far_before_ten_readings() -> None:
    found = meets(Level(4.0, 7.0), np.array([0.0, 1.0] * 4 + [500.0]))
    assert all(met.young[0] and met.z[0] == 0.0 for met in found)


def test_distance_is_in_robust_sigmas(rng: np.random.Generator) -> None:
    level = Level(4.0, 7.0)
    meets(level, rng.normal(50.0, 2.0, 3000))

    (met,) = meets(level, np.array([60.0]), start=20 * 24 * HOUR)

    assert met.z[0] == pytest.approx(5.0, rel=0.1)


def test_an_outlier_teaches_no_more_than_a_few_sigmas(rng: np.random.Generator) -> None:
    level, other = Level(4.0, 7.0), Level(4.0, 7.0)
    value = rng.normal(50.0, 2.0, 500)

    meets(level, np.append(value, 1e9))
    meets(other, np.append(value, 70.0))

    assert level.snapshot()["level"] == other.snapshot()["level"]
    assert level.snapshot()["spread"] == other.snapshot()["spread"]


def test_the_level_follows_a_lasting_change_within_weeks(rng: np.random.Generator) -> None:
    level = Level(4.0, 7.0)
    meets(level, np.r_[rng.normal(50.0, 2.0, 24 * 14), rng.normal(60.0, 2.0, 24 * 28)], step=HOUR)
    assert level.snapshot()["level"][0] == pytest.approx(60.0, abs=1.0)


def test_a_reading_behind_a_long_gap_counts_like_one_an_hour_later(rng: np.random.Generator) -> None:
    value = rng.normal(50.0, 2.0, 2500)
    after = []
    for gap in (HOUR, 1000 * HOUR):
        level = Level(4.0, 7.0)
        meets(level, value)
        meets(level, np.array([55.0]), start=2499 * 5 * MINUTE + gap)
        after.append(level.snapshot()["level"][0])
    assert after[0] == after[1]


def test_a_series_that_never_moved_has_a_spread_to_divide_by() -> None:
    found = meets(Level(4.0, 7.0), np.full(50, 3.5))
    assert all(met.z[0] == 0.0 for met in found)


def test_a_time_that_is_not_newer_is_not_fresh() -> None:
    level = Level(4.0, 7.0)
    level.grow(1)
    assert level.fresh(ROW, np.array([-5])).tolist() == [True]

    meets(level, np.array([1.0]), start=100)

    assert [level.fresh(ROW, np.array([ts])).tolist() for ts in (99, 100, 101)] == [[False], [False], [True]]
