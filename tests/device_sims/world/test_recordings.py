"""Recorded days lie on the city's local day."""

import csv
import io

import numpy as np

from device_sims.world.local_time import DAY, MINUTE, SECOND, LocalTime
from device_sims.world.recordings import guangzhou_speed, household_power, minute_of_day, slot_that_ended
from seeds import recording

SHANGHAI = LocalTime("Asia/Shanghai")
MIDNIGHT = 1_772_380_800 * SECOND  # 2026-03-02T00:00:00+08:00


def test_the_reading_at_ten_past_midnight_is_the_first_slot_and_at_midnight_the_last_of_the_day_before() -> None:
    ends = MIDNIGHT + np.array([0, 10, 20, 1430, 1440]) * MINUTE
    assert slot_that_ended(SHANGHAI, ends).tolist() == [143, 0, 1, 142, 143]


def test_every_day_plays_the_same() -> None:
    minutes = MIDNIGHT + np.array([0, 1, 1439]) * MINUTE + 30 * SECOND
    assert minute_of_day(SHANGHAI, minutes).tolist() == [0, 1, 1439]
    assert minute_of_day(SHANGHAI, minutes + 5 * DAY).tolist() == [0, 1, 1439]


def test_what_is_read_is_what_the_files_say() -> None:
    speeds = list(csv.reader(io.StringIO(recording("guangzhou_speed.csv").decode())))
    assert guangzhou_speed()[7, 3] == float(speeds[8][3])
    assert np.isnan(guangzhou_speed()[:, 47]).all()
    assert np.isnan(guangzhou_speed()).sum() == 144
    power = list(csv.reader(io.StringIO(recording("household_power.csv").decode())))
    assert household_power()[2, 61].tolist() == [float(cell) for cell in power[1 + 2 * 1440 + 61][2:]]
