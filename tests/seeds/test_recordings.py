"""The recordings are the published data: cut, not changed."""

import csv
import io

import numpy as np
import pytest

from seeds import recording
from tests.support.public_data import public_data

DAY = 3


def _lines(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(recording(name).decode())))


def test_the_guangzhou_day_equals_its_source() -> None:
    source = np.load(public_data("traffic/guangzhou_speed_50x15d.npy"))[:, :, DAY]
    ours = np.array([[float(cell or 0) for cell in line] for line in _lines("guangzhou_speed.csv")[1:]])
    assert np.array_equal(ours, source)


def test_the_household_days_equal_their_source() -> None:
    dates = {"5/2/2007": "0", "6/2/2007": "1", "7/2/2007": "2"}
    with public_data("grid/uci_household_power_2007-02.csv").open(newline="") as file:
        source = [[dates[line[1]], line[2], *line[3:7]] for line in csv.reader(file) if line[1] in dates]
    assert _lines("household_power.csv")[1:] == source


def test_the_guangzhou_day_has_144_slots_of_50_segments_and_one_of_them_is_missing_not_zero() -> None:
    header, *slots = _lines("guangzhou_speed.csv")
    assert header == [f"segment_{number}" for number in range(50)]
    assert len(slots) == 144
    missing = {(slot, column) for slot, line in enumerate(slots) for column, cell in enumerate(line) if not cell}
    assert missing == {(slot, 47) for slot in range(144)}
    assert min(float(cell) for line in slots for cell in line if cell) > 1.0


def test_the_household_days_have_every_minute() -> None:
    lines = _lines("household_power.csv")[1:]
    clock = [f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(1440)]
    assert [(day, time) for day, time, *_ in lines] == [(day, time) for day in "012" for time in clock]
    assert all(len(line) == 6 and all(line) for line in lines)


def test_a_recording_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        recording("nothing.csv")


def test_all_recordings_together_stay_under_a_megabyte() -> None:
    assert sum(len(recording(name)) for name in ("guangzhou_speed.csv", "household_power.csv")) < 1_000_000
