"""Lag in milliseconds."""

from device_sims.lag import Lag


def test_quantiles_are_within_a_millisecond() -> None:
    lag = Lag()
    for number in range(1, 101):
        lag.add(number + 0.5)
    assert lag.summary() == {"p50": 50.0, "p99": 99.0, "max": 100.5}


def test_no_message_has_no_lag_and_a_long_one_stays_counted() -> None:
    lag = Lag()
    assert lag.summary() == {"p50": 0.0, "p99": 0.0, "max": 0.0}
    lag.add(1e9)
    assert lag.summary() == {"p50": 60_000.0, "p99": 60_000.0, "max": 1e9}
