"""Gauges of tanks agree with the flows into their areas."""

import numpy as np

from device_sims.city.devices import load_city
from device_sims.kinds import groups_of
from device_sims.world.local_time import DAY, HOUR, MINUTE

MIDNIGHT = 1_772_467_200_000_000_000  # 2026-03-03T00:00:00+08:00


def _levels(hours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Volume (m3) of each tank at each hour, and the mean inflow of its area."""
    city = load_city()
    (group,) = [group for group in groups_of(city, 5) if group.profile == "reservoir-level"]
    volume, inflow = [], []
    for which, device in enumerate(group.devices):
        rows = group.measure(np.full(len(hours), which), MIDNIGHT + (hours * HOUR).astype(np.int64))
        surface = float(device.extra["m3"]) / float(device.extra["height_m"])
        volume.append([row[0] / 1000 * surface for row in rows])
        inflow.append(float(device.extra["connections"]) * 0.0075 * 3.6)
    return np.array(volume), np.array(inflow)[:, None]


def test_a_tank_takes_less_than_a_night_brings_and_gains_nothing_in_a_day() -> None:
    volume, inflow = _levels(np.arange(0, 49, 1.0))

    taken = np.diff(volume, axis=1) / inflow
    assert np.abs(taken).max() < 0.25  # nights bring 0.4 and more
    assert (volume[:, 3] > volume[:, 0]).all()
    assert np.abs(volume[:, 24] - volume[:, 0]).max() < 0.1 * inflow.max()


def test_a_tank_is_never_empty_nor_over_its_height() -> None:
    city = load_city()
    (group,) = [group for group in groups_of(city, 5) if group.profile == "reservoir-level"]
    for which, device in enumerate(group.devices):
        ts = MIDNIGHT + np.arange(0, 7 * DAY, 37 * MINUTE)
        levels = [row[0] / 1000 for row in group.measure(np.full(len(ts), which), ts)]
        assert 0.3 < min(levels) < max(levels) < float(device.extra["height_m"])


def test_what_is_said_is_in_metres() -> None:
    (group,) = [group for group in groups_of(load_city(), 5) if group.profile == "reservoir-level"]

    ((reading),) = group.readings(MIDNIGHT, (2614, 93))

    assert (reading.quantity, reading.ts, reading.value) == ("level", MIDNIGHT, 2.614)
    assert group.topics[0] == "city/dma-tianhe-1/water/reservoir/tank-0001/level"
