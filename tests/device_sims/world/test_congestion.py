"""Queues of the peak reach the detectors upstream later, and weaker."""

from datetime import UTC, datetime

import numpy as np

from device_sims.city.devices import load_city
from device_sims.world.congestion import SLOWED, Congestion
from device_sims.world.local_time import MINUTE
from device_sims.world.noise import F64, Noise

CITY = load_city(recordings=False)
LOOPS = [device for device in CITY.devices if device.profile == "loop-detector"]
NOISE = Noise(1, [device.id for device in LOOPS])
MORNING = int(datetime(2026, 3, 3, 22, tzinfo=UTC).timestamp()) * 1_000_000_000
"""06:00 in Guangzhou on a Wednesday."""


def _left(start: int, minutes: int) -> F64:
    """Share of the speed, shape (loops, minutes)."""
    ts = start + MINUTE * np.arange(minutes)
    congestion = Congestion(LOOPS, NOISE, CITY.local)
    return np.array([congestion.left(np.full(minutes, k), ts) for k in range(len(LOOPS))])


def test_the_wave_comes_later_to_who_feels_it_less() -> None:
    left = _left(MORNING, 240)
    lowest = left.min(axis=1)
    slowed = np.flatnonzero(lowest < 0.99)
    begins = np.array([np.flatnonzero(left[k] < 0.999)[0] for k in slowed])

    assert 20 <= len(slowed) < len(LOOPS), "some stand behind a bottleneck, some beyond"
    order = np.argsort(-lowest[slowed], kind="stable")
    assert begins[order][0] - begins[order][-1] >= 15, "minutes that the wave needs"
    assert np.corrcoef(begins, lowest[slowed])[0, 1] > 0.9
    assert lowest.min() >= 1.0 - SLOWED


def test_nobody_queues_at_night_or_on_sunday() -> None:
    sunday = MORNING + 4 * 1440 * MINUTE

    assert (_left(MORNING - 180 * MINUTE, 120) == 1.0).all()
    assert (_left(sunday, 240) == 1.0).all()
