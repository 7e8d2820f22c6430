"""A real day: 50 road segments of Guangzhou, ten-minute speeds (seeds/recordings), judged by all parts together.

The plain computations here are loops of their own over the file's text; they share nothing with what they check.
"""

import csv
import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray

import seeds
from processors.conditions.traffic.congestion_events import CongestionEvents, EventKind
from processors.conditions.traffic.delay import (
    DTP_EDGES,
    Level,
    delay_time_proportion,
    level_from_edges,
    performance_index,
)
from processors.conditions.traffic.free_flow import FreeFlow
from processors.conditions.traffic.zone_index import zone_index

SLOT = 600 * 10**9
SLOTS_AN_HOUR = 6
SILENT = 47

F64 = NDArray[np.float64]


@pytest.fixture(scope="module")
def text() -> list[list[str]]:
    """The file's cells without the header: 144 rows of 50."""
    return list(csv.reader(io.StringIO(seeds.recording("guangzhou_speed.csv").decode())))[1:]


@pytest.fixture(scope="module")
def speed(text: list[list[str]]) -> F64:
    """km/h, (144 slots, 50 segments)."""
    return np.array([[float(cell) if cell else math.nan for cell in row] for row in text])


@pytest.fixture(scope="module")
def free_flow(speed: F64) -> F64:
    """km/h, the 85th percentile of each segment's day; NaN for the segment that is silent."""
    ordered = np.sort(speed, axis=0)
    free = np.full(speed.shape[1], np.nan)
    for segment in range(speed.shape[1]):
        known = ordered[~np.isnan(ordered[:, segment]), segment]
        if len(known):
            free[segment] = np.percentile(known, 85)
    return free


@pytest.fixture(scope="module")
def index(speed: F64, free_flow: F64) -> F64:
    """Mean TPI of all segments, a value a slot."""
    tpi = performance_index(delay_time_proportion(speed, free_flow))
    everywhere = np.zeros(speed.shape[1], np.int64)
    return np.array([zone_index(slot, everywhere, 1).value[0] for slot in tpi])


def slots(begin: float, end: float) -> slice:
    """The slots between two times of day, in hours."""
    return slice(round(begin * SLOTS_AN_HOUR), round(end * SLOTS_AN_HOUR))


def test_learned_free_flow_is_within_a_bin_of_the_percentile_of_the_day(speed: F64, free_flow: F64) -> None:
    model = FreeFlow(half_life=30 * 144 * SLOT, least=30)
    model.grow(50)
    for slot, row in enumerate(speed):
        learned = model.learn(np.arange(50), np.full(50, slot * SLOT), row, np.full(50, np.nan))

    assert np.isnan(learned).tolist() == np.isnan(free_flow).tolist() == [k == SILENT for k in range(50)]
    assert np.nanmax(np.abs(learned - free_flow)) < 1.0


def test_the_share_of_readings_in_each_band_equals_a_plain_computation(
    text: list[list[str]], speed: F64, free_flow: F64
) -> None:
    level = level_from_edges(delay_time_proportion(speed, free_flow), DTP_EDGES)

    # by v/vf, over the cells as they stand in the file
    count = dict.fromkeys(("over 70 %", "50-70 %", "40-50 %", "30-40 %", "up to 30 %", "none"), 0)
    for column in range(50):
        cells = [row[column] for row in text]
        known = sorted(float(cell) for cell in cells if cell)
        if not known:
            count["none"] += len(cells)
            continue
        rank = 0.85 * (len(known) - 1)
        low = int(rank)
        free = known[low] + (known[min(low + 1, len(known) - 1)] - known[low]) * (rank - low)
        for cell in cells:
            if not cell:
                count["none"] += 1
            elif float(cell) > 0.7 * free:
                count["over 70 %"] += 1
            elif float(cell) > 0.5 * free:
                count["50-70 %"] += 1
            elif float(cell) > 0.4 * free:
                count["40-50 %"] += 1
            elif float(cell) > 0.3 * free:
                count["30-40 %"] += 1
            else:
                count["up to 30 %"] += 1

    got = np.bincount(level.ravel(), minlength=6)
    assert got[1:].tolist() == list(count.values())[:5]
    assert got[Level.UNKNOWN] == count["none"] == 144
    assert got.sum() == 144 * 50
    assert all(got[1:] > 0)


def test_the_evening_peak_is_the_worst_of_the_day(index: F64) -> None:
    # the worst slot, and the worst stretch of two and a half hours wherever it begins
    peak = slots(17, 19.5)
    assert peak.start <= int(np.argmax(index)) < peak.stop
    stretch = np.convolve(index, np.ones(15) / 15, mode="valid")
    assert abs(int(np.argmax(stretch)) - peak.start) <= 1
    apart = np.abs(np.arange(len(stretch)) - peak.start) >= 15
    assert stretch[peak.start] > 1.1 * stretch[apart].max()


def test_the_morning_peak_of_this_day_comes_at_ten(index: F64) -> None:
    # a Thursday in August: from 7:30 to 9:30 traffic stands far out of the night and goes on getting worse, but the
    # forenoon's worst slot is 10:00 to 10:10, and the day's second peak lies at half past three
    night, rush = index[slots(2, 5)].mean(), index[slots(7.5, 9.5)].mean()
    assert rush > 10 * night
    assert index[slots(9, 9.5)].mean() > index[slots(7.5, 8)].mean()
    assert int(np.argmax(index[: slots(0, 12).stop])) == slots(10, 11).start
    assert index[slots(9.5, 11)].mean() > 1.5 * index[slots(12, 13.5)].mean()  # it is a peak: noon is better
    assert slots(15, 16).start <= int(np.argmax(index[: slots(0, 17).stop])) < slots(15, 16).stop


def test_congestion_events_cover_the_slots_that_a_plain_scan_finds(speed: F64, free_flow: F64) -> None:
    level = level_from_edges(delay_time_proportion(speed, free_flow), DTP_EDGES)
    events = CongestionEvents(start_level=4, end_level=2, least=0, patience=0)
    events.grow(50)
    told = [
        events.step(np.arange(50), np.full(50, slot * SLOT), np.full(50, (slot + 1) * SLOT), row)
        for slot, row in enumerate(level)
    ]

    started = ended = congested = 0
    for segment in range(50):
        on = False
        for slot in range(144):
            here = int(level[slot, segment])
            was, on = on, here >= 3 if on else here >= 4
            started += on and not was
            ended += was and not on
            congested += on
    kinds = np.concatenate([rows.kind for rows in told])
    assert (kinds == EventKind.STARTED).sum() == started > 50
    assert (kinds == EventKind.ENDED).sum() == ended
    still_open = events.expire(np.full(50, 145 * SLOT))
    assert len(still_open) == started - ended
    length = sum(int(rows.length[rows.kind == EventKind.ENDED].sum()) for rows in [*told, still_open])
    assert length == congested * SLOT
