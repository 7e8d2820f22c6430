"""
10:00:00          :02        :06       :10
[ 5 . . . . . . . . 7 . . . . 3 . . . . )        5 for 2 s, 7 for 4 s, 3 for 4 s
"""

import numpy as np
import pytest

from processors.columns import AggregateBatch
from processors.windows.aggregate import Windows, aggregate, append, publish, sketch_readings
from tests.processors.windows.support import S, utc

T = utc("2026-05-01T10:00")


def _windows(step: int, *readings: tuple[int, float, float, int]) -> Windows:
    series, secs, value, flag = zip(*readings, strict=True) if readings else ((), (), (), ())
    made, _ = aggregate(
        np.array(series, np.int32),
        T + (np.array(secs, np.float64) * S).astype(np.int64),
        np.array(value, np.float64),
        np.array(flag, np.uint8),
        step,
    )
    return made


def _row(batch: AggregateBatch, k: int = 0) -> dict[str, float]:
    return {name: column[k].item() for name, column in batch.arrays().items()}


def _stats(step: int, *readings: tuple[float, float]) -> dict[str, float]:
    return _row(publish(_windows(step, *[(0, at, value, 1) for at, value in readings]), step))


def test_statistics_of_the_picture() -> None:
    row = _stats(10, (0, 5.0), (2, 7.0), (6, 3.0))

    assert (row["series"], row["step"], row["start"], row["revision"]) == (0, 10, T, 0)
    assert (row["count"], row["good"]) == (3, 1.0)
    assert (row["min"], row["max"], row["first"], row["last"]) == (3.0, 7.0, 5.0, 3.0)
    assert row["mean"] == pytest.approx(5.0)
    assert row["twmean"] == pytest.approx((5 * 2 + 7 * 4 + 3 * 4) / 10)
    assert row["std"] == pytest.approx(np.std([5, 7, 3]))
    assert [row["p50"], row["p95"]] == [5.0, pytest.approx(6.8)]


def test_time_is_weighed_from_the_first_reading_on() -> None:
    assert _stats(10, (5, 1.0), (9, 2.0))["twmean"] == pytest.approx((1 * 4 + 2 * 1) / 5)


def test_one_reading_is_its_own_statistics() -> None:
    row = _stats(10, (9.999999999, -4.0))

    assert [row[name] for name in ("min", "max", "mean", "twmean", "first", "last", "p50", "p95")] == [-4.0] * 8
    assert row["std"] == 0.0


def test_a_constant_signal_has_exactly_its_value_as_mean_and_no_spread() -> None:
    row = _stats(10, *[(k, 0.1) for k in range(10)])

    assert (row["mean"], row["twmean"], row["std"], row["p95"]) == (0.1, 0.1, 0.0, 0.1)


def test_a_large_offset_costs_no_digits() -> None:
    values = [1e9 + d for d in (0.25, 0.5, 0.75)]

    row = _stats(10, *enumerate(values))

    assert [row["mean"], row["std"]] == [1e9 + 0.5, pytest.approx(np.std([0.25, 0.5, 0.75]), rel=1e-12)]


@pytest.mark.parametrize(
    ("flags", "count", "good", "last"),
    [([1, 2, 3], 3, 2 / 3, 3.0), ([1, 4, 9], 1, 1 / 3, 1.0), ([3, 1, 4], 2, 1 / 3, 2.0), ([4, 4, 3], 1, 0.0, 3.0)],
)
def test_failed_and_missing_readings_are_left_out(flags: list[int], count: int, good: float, last: float) -> None:
    readings = [(0, k, np.nan if flag == 9 else k + 1.0, flag) for k, flag in enumerate(flags)]

    row = _row(publish(_windows(10, *readings), 10))

    assert [row["count"], row["good"], row["last"]] == [count, pytest.approx(good), last]


def test_a_window_of_failed_readings_only_has_no_statistics() -> None:
    row = _row(publish(_windows(10, (0, 1, 5.0, 4), (0, 2, np.nan, 9)), 10))

    assert (row["count"], row["good"]) == (0, 0.0)
    assert all(np.isnan(row[n]) for n in ("min", "max", "mean", "twmean", "std", "first", "last", "p50", "p95"))


def test_windows_of_several_series_and_times_do_not_mix() -> None:
    made = _windows(
        10, (0, 1, 1.0, 1), (0, 9, 2.0, 1), (0, 10, 3.0, 1), (4, 1, 9.0, 4), (7, 0, -5.0, 1), (7, 31, 0.0, 3)
    )
    batch = publish(made, 10)

    assert batch.series.tolist() == [0, 0, 4, 7, 7]
    assert ((batch.start - T) // S).tolist() == [0, 10, 0, 0, 30]
    np.testing.assert_array_equal(batch.mean, [1.5, 3.0, np.nan, -5.0, 0.0])
    assert batch.count.tolist() == [2, 1, 0, 1, 1]


def test_minus_zero_is_zero() -> None:
    for order in ([0.0, -0.0], [-0.0, 0.0]):
        row = _stats(10, *enumerate(order))
        assert not any(np.signbit(row[name]) for name in ("min", "max", "first", "last", "mean", "p50"))


def test_nothing_aggregates_to_nothing() -> None:
    made = _windows(60)

    assert len(made) == len(publish(made, 60)) == 0
    assert len(sketch_readings(made, np.empty(0)).level) == 0


def test_what_overflows_is_nan_and_the_rest_stands() -> None:
    row = _stats(10, (0, -1.7e308), (5, 1.7e308))

    assert (row["min"], row["max"], row["count"]) == (-1.7e308, 1.7e308, 2)
    assert np.isnan(row["std"])


def test_merging_two_minutes_gives_the_statistics_of_both() -> None:
    """
    |0       60      |120
    [   1..4.[.......2..)      4 holds until 2 comes, past the end of its own minute
    """
    minutes = _windows(60, (0, 20, 1.0, 1), (0, 40, 4.0, 1), (0, 100, 2.0, 3))
    both = minutes.take(np.array([0]))
    both.end[:] = T + 900 * S

    append(both, np.array([0]), minutes, np.array([1]))
    row = _row(publish(both, 900))

    assert [row["count"], row["good"], row["first"], row["last"]] == [3, pytest.approx(2 / 3), 1.0, 2.0]
    assert row["mean"] == pytest.approx(7 / 3)
    assert row["std"] == pytest.approx(np.std([1, 4, 2]))
    assert row["twmean"] == pytest.approx((1 * 20 + 4 * 60 + 2 * 800) / 880)


def test_merging_a_window_without_values_adds_to_the_good_share_only() -> None:
    minutes = _windows(60, (0, 20, 1.0, 4), (0, 70, 5.0, 1), (0, 130, 7.0, 9))
    both = minutes.take(np.array([0]))

    append(both, np.array([0]), minutes, np.array([1]))
    append(both, np.array([0]), minutes, np.array([2]))

    row = _row(publish(both, 60))
    assert [row["count"], row["good"]] == [1, pytest.approx(1 / 3)]
    assert [row[name] for name in ("min", "max", "first", "last", "mean", "std", "twmean")] == [5.0] * 5 + [0.0, 5.0]


def test_sketches_of_readings_count_each_used_value_once() -> None:
    made, ordered = aggregate(
        np.array([0, 0, 0, 1, 2, 2], np.int32), T + np.arange(6) * S, np.array([3.0, -1.0, 3.0, 8.0, 0.0, 0.0]),
        np.array([1, 1, 1, 4, 2, 3], np.uint8), 10,
    )  # fmt: skip

    sketches = sketch_readings(made, ordered)

    assert sketches.row.tolist() == [0, 0, 2]
    assert sketches.count.tolist() == [1, 2, 2]
    assert sketches.key[2] == 0
