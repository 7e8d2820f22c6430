import numpy as np
import pytest

from processors.windows.open_readings import OpenReadings, Readings
from tests.processors.windows.support import S, utc

T = utc("2026-05-01T10:00")
Listed = list[tuple[int, float, float]]


def _readings(listed: Listed) -> Readings:
    return Readings(
        np.array([series for series, _, _ in listed], np.int32),
        np.array([T + round(at * S) for _, at, _ in listed], np.int64),
        np.array([value for _, _, value in listed], np.float64),
        np.ones(len(listed), np.uint8),
    )


def _listed(readings: Readings) -> Listed:
    ats = ((readings.ts - T) / S).tolist()
    return sorted(zip(readings.series.tolist(), ats, readings.value.tolist(), strict=True))


def _closed(*secs: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([T + round(at * S) for at in secs], np.int64)


def test_readings_leave_when_their_window_ends_at_the_watermark_of_their_series() -> None:
    kept = OpenReadings(10)
    kept.put(_readings([(0, 1, 1.0), (0, 9.5, 2.0), (1, 5, 3.0), (0, 10, 4.0)]))

    assert _listed(kept.take(_closed(9.9, 9.9))) == []
    assert _listed(kept.take(_closed(10, 9.9))) == [(0, 1, 1.0), (0, 9.5, 2.0)]
    assert _listed(kept.take(_closed(10, 10))) == [(1, 5, 3.0)]
    assert len(kept) == 1
    assert _listed(kept.take(_closed(20, 20))) == [(0, 10, 4.0)]
    assert len(kept) == kept.nbytes == 0


@pytest.mark.parametrize("batches", [1, 3, 200])
def test_many_batches_over_many_windows_keep_every_reading(rng: np.random.Generator, batches: int) -> None:
    times = rng.choice(200_000, 2000, replace=False) / 100  # 200 windows of 10 s
    listed = [(int(k % 5), float(at), float(k)) for k, at in enumerate(times)]
    kept = OpenReadings(10)
    for part in np.array_split(np.arange(len(listed)), batches):
        kept.put(_readings([listed[k] for k in part]))

    assert len(kept) == 2000
    out: Listed = []
    for at in range(0, 2010, 130):
        took = _listed(kept.take(_closed(*[at] * 5)))
        assert all(reading[1] < at // 10 * 10 for reading in took)
        out += took
    assert sorted(out + _listed(kept.take(_closed(*[2010.0] * 5)))) == sorted(listed)


def test_chunks_are_joined_as_they_become_many() -> None:
    kept = OpenReadings(3600)
    for k in range(1000):
        kept.put(_readings([(0, k, float(k))]))

    assert len(list(kept._chunks())) <= 4 * 8
    assert _listed(kept.everything()) == [(0, k, float(k)) for k in range(1000)]


@pytest.mark.parametrize("batches", [1, 50])
def test_lookup_finds_what_is_there_and_nothing_else(rng: np.random.Generator, batches: int) -> None:
    listed = [(int(rng.integers(0, 50)), k / 10, float(k)) for k in range(1000)]
    kept = OpenReadings(60)
    for part in np.array_split(np.arange(len(listed)), batches):
        kept.put(_readings([listed[k] for k in part]))
    there = [listed[k] for k in (3, 500, 999, 500)]
    absent = [(series + 1, at, 0.0) for series, at, _ in there] + [(60, 1.0, 0.0), (0, 1e6, 0.0), (0, -5.0, 0.0)]
    asked = _readings([*there, *absent])
    found, value = np.zeros(len(asked), np.bool_), np.full(len(asked), np.nan)

    kept.lookup(asked.series, asked.ts, found, value)

    assert found.tolist() == [True] * 4 + [False] * len(absent)
    assert value[:4].tolist() == [held for _, _, held in there]
    assert np.isnan(value[4:]).all()


def test_reflag_rewrites_what_it_finds() -> None:
    kept = OpenReadings(60)
    kept.put(_readings([(0, 1, 1.0), (2, 1, 2.0)]))
    kept.put(_readings([(0, 2, 3.0)]))
    asked = _readings([(0, 2, 0.0), (2, 1, 0.0), (1, 1, 0.0)])
    found = np.zeros(3, np.bool_)

    kept.reflag(asked.series, asked.ts, np.array([4, 3, 4], np.uint8), found)

    assert found.tolist() == [True, True, False]
    held = kept.everything()
    assert sorted(zip(held.value.tolist(), held.flag.tolist(), strict=True)) == [(1.0, 1), (2.0, 3), (3.0, 4)]


def test_nothing_asked_finds_nothing() -> None:
    kept = OpenReadings(60)
    kept.put(_readings([]))
    kept.put(_readings([(0, 1, 1.0)]))
    found = np.zeros(0, np.bool_)

    kept.lookup(np.empty(0, np.int32), np.empty(0, np.int64), found, np.empty(0))

    assert len(kept) == 1
