import numpy as np

from processors.quality.limits import QualityLimits
from processors.quality.shared_limits import SharedLimits


def test_series_with_the_same_settings_share_a_row() -> None:
    shared = SharedLimits()
    shared.grow(6)
    shared.put(np.array([1, 2, 4]), QualityLimits.of(3, rate_suspect=[2.0, 3.0, 2.0], flat_tolerance=0.5))

    rows, of = shared.of(np.arange(6))

    assert len(rows) == 3  # nothing, and two
    assert of[1] == of[4] != of[2]
    assert rows.rate_suspect[of].tolist()[1:5:3] == [2.0, 2.0]
    assert np.isnan(rows.rate_suspect[of[[0, 3, 5]]]).all()


def test_zero_is_not_none_and_switches_count() -> None:
    shared = SharedLimits()
    shared.grow(3)
    shared.put(np.array([0]), QualityLimits.of(1, spike_suspect=2.0))
    shared.put(np.array([1]), QualityLimits.of(1, spike_suspect=2.0, spike_differential=True))
    shared.put(np.array([2]), QualityLimits.of(1, spike_suspect=2.0, climatology_weeks=0.0))

    rows, of = shared.of(np.arange(3))

    assert rows.spike_differential[of].tolist() == [False, True, False]
    assert rows.climatology_weeks[of].tolist() == [4.0, 4.0, 0.0]


def test_what_is_put_again_makes_no_new_row() -> None:
    shared = SharedLimits()
    shared.grow(2)
    for _ in range(3):
        shared.put(np.array([0, 1]), QualityLimits.of(2, rate_suspect=2.0))
        shared.put(np.array([1]), QualityLimits.none(1))

    rows, of = shared.of(np.arange(2))

    assert (len(rows), of.tolist()) == (2, [1, 0])
