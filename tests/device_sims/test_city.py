"""What the simulators read from the seeds."""

from collections import Counter

import pytest

from device_sims.city import load_city
from device_sims.local_time import MINUTE


def test_a_part_of_the_city_has_devices_of_all_large_kinds() -> None:
    some = Counter(device.profile for device in load_city(40).devices)
    assert some.total() == 40
    assert {"loop-detector", "segment-speed", "meter-3p", "water-pressure"} <= some.keys()
    assert load_city(366) == load_city()


@pytest.mark.parametrize("number", [0, -1, 367])
def test_more_devices_than_there_are_is_an_error(number: int) -> None:
    with pytest.raises(ValueError, match="366 devices"):
        load_city(number)


def test_intervals_are_those_of_the_profiles() -> None:
    intervals = load_city().intervals
    assert intervals["loop-detector"] == MINUTE
    assert intervals["gas-detector"] == MINUTE // 2
    assert intervals["segment-speed"] == 10 * MINUTE
