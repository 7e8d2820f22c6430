"""The whole detector: what it raises, and that neither batches nor snapshots, nor what comes later, show in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.detectors.general import GeneralDetector, GeneralSettings
from tests.processors.detectors.support import HOUR, MINUTE

Judged = tuple[F64, NDArray[np.bool_]]
N = 5


def _step(detector: GeneralDetector, value: F64, step: int = 5 * MINUTE, start: int = 0) -> Judged:
    """Readings of series 0."""
    if not len(detector):
        detector.grow(1)
    return detector.step(np.zeros(len(value), np.int32), start + np.arange(len(value)) * step, value)


def _mixed(rng: np.random.Generator, rows: int = 400) -> tuple[I32, I64, F64]:
    """Readings of N series, irregular, some missing, some late, some odd."""
    series = rng.integers(0, N, rows).astype(np.int32)
    ts = np.cumsum(rng.integers(1, 40, rows)) * MINUTE - np.where(rng.random(rows) < 0.05, 2 * HOUR, 0)
    value = rng.normal(10.0 * series, 1.0 + series)
    value[rng.random(rows) < 0.03] = np.nan
    value[rng.random(rows) < 0.01] += 60
    return series, ts, value


def _same(a: Judged, b: Judged) -> bool:
    return np.array_equal(a[0], b[0], equal_nan=True) and np.array_equal(a[1], b[1])


def test_a_spike_is_raised_once(rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 1000)
    value[900:904] = 60
    assert np.flatnonzero(_step(GeneralDetector(), value)[1]).tolist() == [900]


def test_quiet_noise_raises_next_to_nothing(rng: np.random.Generator) -> None:
    _, raised = _step(GeneralDetector(), rng.normal(20, 1, 10_000))
    assert raised.sum() <= 3


def test_a_missing_value_is_not_judged_and_teaches_nothing(rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 800)
    holes = np.arange(800) % 7 == 3
    kept = GeneralDetector()
    kept.grow(1)
    score, _ = kept.step(np.zeros((~holes).sum(), np.int32), np.flatnonzero(~holes) * HOUR, value[~holes])

    with_holes, raised = _step(GeneralDetector(), np.where(holes, np.nan, value), HOUR)

    assert np.isnan(with_holes[holes]).all()
    assert not raised[holes].any()
    assert np.array_equal(with_holes[~holes], score, equal_nan=True)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_no_value(value: float) -> None:
    assert np.isnan(_step(GeneralDetector(), np.r_[np.arange(500) % 5.0, value], HOUR)[0][-1])


def test_zero_is_a_value(rng: np.random.Generator) -> None:
    score, raised = _step(GeneralDetector(), np.r_[rng.normal(20, 1, 500), 0.0])
    assert score[-1] > 10
    assert raised[-1]


def test_a_reading_that_is_not_newer_is_not_judged_and_teaches_nothing(rng: np.random.Generator) -> None:
    detector = GeneralDetector()
    _step(detector, rng.normal(20, 1, 500))
    before = detector.snapshot()

    for ts in (499 * 5 * MINUTE, 3 * MINUTE):
        score, raised = _step(detector, np.array([90.0]), start=ts)
        assert np.isnan(score[0])
        assert not raised[0]

    assert all(np.array_equal(column, before[name]) for name, column in detector.snapshot().items())


def test_a_new_series_is_not_judged_for_a_day(rng: np.random.Generator) -> None:
    score, raised = _step(GeneralDetector(), rng.normal(20, 1, 600) + np.where(np.arange(600) == 200, 90, 0))
    assert np.isnan(score[:289]).all()
    assert not np.isnan(score[289:]).any()
    assert not raised[:289].any()


def test_local_time_says_which_hour_it_is(rng: np.random.Generator) -> None:
    value = 20 + 10 * np.sin(np.arange(2000) / 96 * 2 * np.pi) + rng.normal(0, 1, 2000)
    series, ts, ahead = np.zeros(2000, np.int32), np.arange(2000) * 15 * MINUTE, 5 * HOUR + 30 * MINUTE
    found = []
    for shift, offset in ((0, ahead), (ahead, 0), (0, np.full(2000, ahead)), (0, 0)):
        detector = GeneralDetector()
        detector.grow(1)
        found.append(detector.step(series, ts + shift, value, offset))
    assert _same(found[0], found[1])
    assert _same(found[0], found[2])
    assert not _same(found[0], found[3])


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=4), seed=st.integers(0, 50))
def test_neither_batches_nor_snapshots_show(cuts: list[int], seed: int) -> None:
    series, ts, value = _mixed(np.random.default_rng(seed))
    whole = GeneralDetector()
    whole.grow(N)
    expected = whole.step(series, ts, value)

    detector, parts = GeneralDetector(), []
    detector.grow(N)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(ts)], strict=True):
        other = GeneralDetector()
        other.restore(detector.snapshot())
        detector = other
        parts.append(detector.step(series[start:end], ts[start:end], value[start:end]))

    assert _same((np.concatenate([s for s, _ in parts]), np.concatenate([r for _, r in parts])), expected)
    assert all(np.array_equal(column, whole.snapshot()[name]) for name, column in detector.snapshot().items())


@settings(max_examples=25, deadline=None)
@given(end=st.integers(1, 399), seed=st.integers(0, 50))
def test_what_comes_later_never_shows(end: int, seed: int) -> None:
    series, ts, value = _mixed(np.random.default_rng(seed))
    found = []
    for changed in (value, np.where(np.arange(len(value)) < end, value, -1e5)):
        detector = GeneralDetector()
        detector.grow(N)
        score, raised = detector.step(series, ts, changed)
        found.append((score[:end], raised[:end]))
    assert _same(*found)


def test_series_do_not_know_of_each_other(rng: np.random.Generator) -> None:
    series, ts, value = _mixed(rng)
    together = GeneralDetector()
    together.grow(N)
    score, raised = together.step(series, ts, value)

    for each in range(N):
        mine = series == each
        alone = GeneralDetector()
        alone.grow(N)
        assert _same(alone.step(series[mine], ts[mine], value[mine]), (score[mine], raised[mine]))


def test_growing_changes_nothing_that_is_there(rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 900)
    grown, other = GeneralDetector(), GeneralDetector()
    expected = _step(other, value)

    first = _step(grown, value[:450])
    grown.grow(5000)
    second = _step(grown, value[450:], start=450 * 5 * MINUTE)

    assert len(grown) == 5000
    assert _same((np.r_[first[0], second[0]], np.r_[first[1], second[1]]), expected)


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**40])
def test_the_unit_of_a_series_does_not_matter(factor: float, rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 1000)
    value[700] = 30
    plain, scaled = _step(GeneralDetector(), value), _step(GeneralDetector(), value * factor)
    assert np.allclose(plain[0], scaled[0], atol=0.01, equal_nan=True)
    assert np.array_equal(plain[1], scaled[1])


@pytest.mark.parametrize("value", [0.0, 1e300, -1e300, 5e-324])
def test_a_constant_series_and_extreme_numbers_raise_nothing_and_warn_of_nothing(value: float) -> None:
    assert not _step(GeneralDetector(), np.full(1000, value))[1].any()


def test_an_extreme_number_among_others_spoils_nothing_for_long(rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 4000)
    value[500] = 1e300
    value[3900] = 60
    score, raised = _step(GeneralDetector(), value, 15 * MINUTE)
    assert raised[500]
    assert raised[3900]
    assert np.nanmedian(score[600:]) < 2


@pytest.mark.parametrize("others", [0.0, 20.0])
@pytest.mark.parametrize("row", [0, 5, 800])
def test_the_largest_of_numbers_fits_wherever_it_comes(row: int, others: float) -> None:
    for extreme in (1.7e308, -1.7e308):
        score, _ = _step(GeneralDetector(), np.where(np.arange(900) == row, extreme, others))
        assert np.isfinite(score[400:]).all()


def test_what_is_usual_follows_the_hours_that_were_seen(rng: np.random.Generator) -> None:
    ts = np.arange(10 * 288) * 5 * MINUTE
    value = 20 + 5 * np.sin(2 * np.pi * ts / (24 * HOUR)) + rng.normal(0, 0.5, len(ts))
    detector = GeneralDetector()
    _step(detector, value)
    before = detector.snapshot()
    later = ts[-1] + np.arange(1, 25) * HOUR
    found = detector.usual(0, later)
    assert found is not None
    middle, sigma = found
    assert np.abs(middle - 20 - 5 * np.sin(2 * np.pi * later / (24 * HOUR))).max() < 1.0
    assert ((sigma > 0.3) & (sigma < 2.0)).all()
    assert all(np.array_equal(column, before[name]) for name, column in detector.snapshot().items())


def test_what_is_usual_is_not_known_before_anything_is_judged(rng: np.random.Generator) -> None:
    detector = GeneralDetector()
    _step(detector, rng.normal(20, 1, 288))
    assert detector.usual(0, np.array([0])) is None
    _step(detector, rng.normal(20, 1, 20), start=288 * 5 * MINUTE)
    assert detector.usual(0, np.array([0])) is not None


def test_a_reading_is_raised_where_it_leaves_the_usual_by_the_threshold(rng: np.random.Generator) -> None:
    calm = GeneralDetector()
    _step(calm, rng.normal(20, 1, 3000))
    at = np.array([3000 * 5 * MINUTE])
    found = calm.usual(0, at)
    assert found is not None
    within, beyond = (float(found[0][0] + factor * found[1][0]) for factor in (3.5, 6.0))
    state = calm.snapshot()
    for value, raised in ((within, False), (beyond, True)):
        calm.restore(state)
        assert bool(calm.step(np.zeros(1, np.int32), at, np.array([value]))[1][0]) is raised


def test_an_empty_batch_is_none() -> None:
    score, raised = GeneralDetector().step(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))
    assert len(score) == len(raised) == 0


def test_a_state_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="no part"):
        GeneralDetector().restore({"other.column": np.zeros(1)})
    with pytest.raises(ValueError, match="state of"):
        GeneralDetector().restore({})


def test_a_series_takes_less_than_a_kilobyte() -> None:
    assert GeneralDetector().bytes_per_series() <= 1000


def test_the_threshold_is_a_setting(rng: np.random.Generator) -> None:
    value = rng.normal(20, 1, 1000)
    value[700] = 28
    assert _step(GeneralDetector(GeneralSettings(threshold=4.5)), value)[1][700]
    assert not _step(GeneralDetector(GeneralSettings(threshold=12.0)), value)[1].any()
