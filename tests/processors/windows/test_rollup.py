"""
minutes   |0  |1  |2  | ...  |14 |15 |16 |
900 s     [-----------------------)[------     closes at minute 15
"""

import numpy as np
import pytest

from processors.columns import I64
from processors.windows.aggregate import Windows, aggregate, publish, sketch_readings
from processors.windows.day import DAY
from processors.windows.rollup import Rollup
from processors.windows.sketch import Sketches
from tests.processors.windows.support import S, midnights, utc

T = utc("2026-05-01T10:00")
NO_EDGES = np.empty(0, np.int64)


def _minutes(*readings: tuple[int, int, float]) -> tuple[Windows, Sketches]:
    series, minute, value = zip(*readings, strict=True)
    made, ordered = aggregate(
        np.array(series, np.int32), T + np.array(minute, np.int64) * 60 * S, np.array(value, np.float64),
        np.ones(len(readings), np.uint8), 60,
    )  # fmt: skip
    return made, sketch_readings(made, ordered)


def _nothing() -> tuple[Windows, Sketches]:
    return Windows.empty(), Sketches.empty()


def _until(*minutes: int) -> I64:
    return T + np.array(minutes, np.int64) * 60 * S


def _rollup(series: int, step: int = 900) -> Rollup:
    made = Rollup(step)
    made.grow(series)
    return made


def test_a_window_takes_its_parts_and_leaves_when_the_watermark_passes_its_end() -> None:
    rollup = _rollup(1)

    early, _ = rollup.fold(*_minutes((0, 0, 1.0), (0, 1, 3.0)), _until(2), NO_EDGES)
    later, _ = rollup.fold(*_minutes((0, 13, 8.0)), _until(14), NO_EDGES)
    ready, sketches = rollup.fold(*_nothing(), _until(15), NO_EDGES)

    assert len(early) == len(later) == 0
    assert (ready.start.tolist(), ready.end.tolist()) == ([T], [T + 900 * S])
    assert (ready.count.tolist(), ready.mean.tolist(), ready.last.tolist()) == ([3], [4.0], [8.0])
    assert sketches.count.sum() == 3
    assert len(rollup.fold(*_nothing(), _until(99), NO_EDGES)[0]) == 0


def test_parts_of_the_next_window_close_the_open_one_first() -> None:
    rollup = _rollup(2)
    rollup.fold(*_minutes((0, 0, 1.0), (1, 3, 9.0)), _until(4, 4), NO_EDGES)

    ready, _ = rollup.fold(*_minutes((0, 2, 3.0), (0, 16, 5.0), (0, 31, 7.0)), _until(32, 4), NO_EDGES)
    last, _ = rollup.fold(*_nothing(), _until(45, 45), NO_EDGES)

    assert ((ready.start - T) // S).tolist() == [0, 900]
    assert ready.mean.tolist() == [2.0, 5.0]
    assert (last.series.tolist(), last.mean.tolist()) == ([0, 1], [7.0, 9.0])


def test_windows_that_only_close_lie_before_what_came_later_of_the_same_series() -> None:
    rollup = _rollup(3)
    rollup.fold(*_minutes((0, 0, 1.0), (1, 0, 2.0), (2, 0, 3.0)), _until(1, 1, 1), NO_EDGES)

    ready, _ = rollup.fold(*_minutes((2, 20, 4.0), (1, 20, 5.0)), _until(30, 30, 30), NO_EDGES)

    assert ready.series.tolist() == [0, 1, 1, 2, 2]
    assert ((ready.start - T) // (900 * S)).tolist() == [0, 0, 1, 0, 1]
    assert ready.mean.tolist() == [1.0, 2.0, 5.0, 3.0, 4.0]


def test_the_watermarks_of_other_series_close_nothing() -> None:
    rollup = _rollup(2)
    rollup.fold(*_minutes((0, 0, 1.0), (1, 0, 2.0)), _until(1, 1), NO_EDGES)

    assert rollup.fold(*_nothing(), _until(15, 14), NO_EDGES)[0].series.tolist() == [0]
    assert rollup.fold(*_nothing(), _until(15, 15), NO_EDGES)[0].series.tolist() == [1]


def test_a_part_belongs_to_the_day_it_begins_in() -> None:
    """
    local days (+5:30)        18:30 UTC
    hours of readings     |18 ---|19 ---|         the hour from 18:00 lies in the old day, whole
    """
    edges = midnights("Asia/Kolkata", "2026-05-01", 2)
    rollup = _rollup(1, DAY)
    times = [utc(f"2026-05-01T{text}") for text in ("18:10", "18:45", "19:15")]
    made, ordered = aggregate(
        np.zeros(3, np.int32), np.array(times), np.array([8.0, 2.0, 6.0]), np.ones(3, np.uint8), 3600
    )

    ready, _ = rollup.fold(made, sketch_readings(made, ordered), edges[2:], edges)
    batch = publish(ready, DAY)

    assert ready.start.tolist() == edges[:2].tolist()
    assert batch.mean.tolist() == [5.0, 6.0]
    # 8 for 35 minutes, 2 until the hour ends
    np.testing.assert_allclose(batch.twmean, [(8 * 35 + 2 * 15) / 50, 6.0])


def test_an_open_window_keeps_its_bounds_when_the_edges_of_days_change() -> None:
    rollup = _rollup(1, DAY)
    before, after = midnights("Asia/Shanghai", "2026-04-30", 4), midnights("Europe/Berlin", "2026-04-30", 4)
    end = utc("2026-05-01T16:00")
    rollup.fold(*_minutes((0, 0, 1.0)), _until(1), before)

    ready, _ = rollup.fold(*_minutes((0, 60, 3.0), (0, 600, 5.0)), np.array([end + 7 * 3600 * S]), after)

    assert ready.end.tolist() == [end, utc("2026-05-01T22:00")]
    assert ready.mean.tolist() == [2.0, 5.0]


def test_a_window_starts_with_an_empty_sketch() -> None:
    rollup = _rollup(1)
    medians = []
    for minute in range(60):
        rollup.snapshot()  # brings what waits into the packed sketch
        value = [1.0, 1000.0, 50.0, -7.0][minute // 15]
        ready, _ = rollup.fold(*_minutes((0, minute, value)), _until(minute + 1), NO_EDGES)
        medians += ready.p50.tolist()

    np.testing.assert_allclose(medians, [1.0, 1000.0, 50.0, -7.0], rtol=0.0201)


@pytest.mark.parametrize("at", range(6))
def test_a_restored_rollup_goes_on_to_the_same_bits(rng: np.random.Generator, at: int) -> None:
    calls = [
        [(one, minute, float(rng.normal(0, 100))) for one in range(3) for minute in (5 * k, 5 * k + 2)]
        for k in range(6)
    ]
    plain, broken = _rollup(3), _rollup(3)
    for k, call in enumerate(calls):
        if k == at:
            again = _rollup(3)
            again.restore(broken.snapshot())
            broken = again
        one = plain.fold(*_minutes(*call), _until(*[5 * k + 3] * 3), NO_EDGES)
        other = broken.fold(*_minutes(*call), _until(*[5 * k + 3] * 3), NO_EDGES)
        for name, column in one[0].arrays().items():
            np.testing.assert_array_equal(column, getattr(other[0], name), err_msg=name)


def test_a_series_costs_little_more_than_350_bytes() -> None:
    assert _rollup(10_000).nbytes / 10_000 < 360
