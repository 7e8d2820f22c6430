import numpy as np
import pytest

from processors.quality.limits import Check, QualityLimits


def test_nothing_is_asked_for_until_it_is_set_and_zero_and_nan_set_nothing() -> None:
    assert QualityLimits.none(2).asked().tolist() == [0, 0]
    assert QualityLimits.of(2, rate_suspect=0.0, spike_fail=np.nan).asked().tolist() == [0, 0]
    assert QualityLimits.of(2, rate_suspect=[0.0, 1.0]).asked().tolist() == [0, Check.RATE_OF_CHANGE]


def test_an_attenuated_signal_needs_a_period_and_a_tolerance_alone_asks_for_nothing() -> None:
    assert QualityLimits.of(1, attenuated_suspect=1.0).asked().tolist() == [0]
    assert QualityLimits.of(1, attenuated_suspect=1.0, attenuated_period=60.0).asked().tolist() == [16]
    assert QualityLimits.of(1, flat_tolerance=0.0).asked().tolist() == [0]


def test_a_tolerance_of_zero_is_a_tolerance() -> None:
    assert QualityLimits.of(1, flat_tolerance=0.0).flat_tolerance.tolist() == [0.0]


def test_a_limit_below_zero_or_of_no_check_is_an_error() -> None:
    with pytest.raises(ValueError, match="rate_fail is not below 0"):
        QualityLimits.of(1, rate_fail=-1.0)
    with pytest.raises(ValueError, match="no such limit: rat"):
        QualityLimits.of(1, rat=1.0)


def test_rows_are_put_and_new_ones_ask_for_nothing() -> None:
    held = QualityLimits.none(1)
    held.grow(3)
    held.put(np.array([1]), QualityLimits.of(1, gap_fail=9.0, spike_suspect=1.0, silent_within=5.0))

    assert len(held) == 3
    assert held.asked().tolist() == [0, Check.TIME_GAP | Check.SPIKE | Check.DATA_RECEPTION, 0]
