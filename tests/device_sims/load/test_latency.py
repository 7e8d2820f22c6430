"""Percentiles of log buckets are those of the raw times, within a bucket."""

import numpy as np
import pytest

from device_sims.load.latency import LatencyHistogram

SHARES = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)


@pytest.mark.parametrize("scale", [50e3, 2e6, 700e6, 90e9])
def test_a_percentile_is_at_most_one_percent_too_high_and_never_too_low(scale: float) -> None:
    times = (np.random.default_rng(4).lognormal(0, 1.5, 70_001) * scale).astype(np.int64)
    histogram = LatencyHistogram()
    for piece in np.array_split(times, 37):
        histogram.add(piece)

    assert histogram.count == times.size
    for share in SHARES:
        exact = float(np.quantile(times, share, method="inverted_cdf")) / 1e6
        found = histogram.quantile_ms(share)
        assert exact <= found + 1e-9
        assert found <= exact * 1.008 + 0.001, "a bucket is 0.8 %, or a microsecond"


def test_figures_can_be_read_meanwhile() -> None:
    histogram = LatencyHistogram()
    assert histogram.summary() is None
    histogram.add(np.full(10, 2_000_000))
    assert histogram.quantile_ms(0.5) == pytest.approx(2, rel=0.008)
    histogram.add(np.full(90, 9_000_000))
    found = histogram.summary()
    assert found is not None
    assert found["p50"] == pytest.approx(9, rel=0.008)
    assert found["max"] == 9.0
    assert list(found) == ["p50", "p90", "p99", "p999", "max"]


def test_more_times_than_are_collected_at_once_and_times_below_zero_count() -> None:
    histogram = LatencyHistogram()
    histogram.add(np.full(100_000, 5_000))
    histogram.add(np.full(100_000, -7))
    assert histogram.count == 200_000
    assert histogram.quantile_ms(0.5) == 0.001
    assert histogram.quantile_ms(1.0) == pytest.approx(0.005)
