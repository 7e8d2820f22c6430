"""Signals run through their stages; by night the cycle is short."""

from itertools import pairwise

import numpy as np

from device_sims.city.devices import Device
from device_sims.kinds.base import Row
from device_sims.kinds.traffic import TrafficSignals
from device_sims.world.local_time import SECOND, LocalTime
from device_sims.world.noise import Noise

NOON = 1_772_337_600 * SECOND  # 2026-03-01 12:00 in Guangzhou


def _shown(start: int, seconds: int) -> list[Row]:
    """What one signal of three stages shows each second."""
    device = Device("signal-1", "traffic-signal", "signal-1", "tianhe", {"stages": "3"})
    group = TrafficSignals([device], 30 * SECOND, Noise(7, ["signal-1"]), LocalTime("Asia/Shanghai"))
    ts = start + SECOND * np.arange(seconds)
    return group.measure(np.zeros(seconds, np.int64), ts)


def test_the_main_direction_is_green_then_amber_in_its_stage_and_red_in_the_others() -> None:
    rows = _shown(NOON, 600)

    assert {(stage, colour) for stage, colour, *_ in rows} == {(1, "green"), (1, "amber"), (2, "red"), (3, "red")}
    turns = {(a[1], b[1]) for a, b in pairwise(rows) if a[1] != b[1]}
    assert turns == {("green", "amber"), ("amber", "red"), ("red", "green")}


def test_a_signal_adapts_by_day_and_has_a_minute_by_night() -> None:
    by_day, by_night = _shown(NOON, 1)[0], _shown(NOON - 10 * 3600 * SECOND, 1)[0]

    assert by_day[2] == "adaptive"
    assert 90 <= by_day[3] <= 120
    assert by_night[2:4] == ("fixed", 60)


def test_nothing_is_wrong_with_a_simulated_signal() -> None:
    assert {row[4:] for row in _shown(NOON, 200)} == {(False, False, False)}
