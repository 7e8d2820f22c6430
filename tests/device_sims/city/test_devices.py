"""What the simulators read from the seeds."""

from collections import Counter

import pytest

from device_sims.city.devices import load_city
from device_sims.world.local_time import MINUTE


def test_a_part_of_the_city_has_devices_of_all_large_kinds() -> None:
    some = Counter(device.profile for device in load_city(40).devices)
    assert some.total() == 40
    assert {"loop-detector", "segment-speed", "meter-3p", "water-pressure"} <= some.keys()
    assert load_city(len(load_city().devices)) == load_city()


@pytest.mark.parametrize("number", [0, -1, 1_000_001])
def test_a_city_of_no_devices_or_of_too_many_is_an_error(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 1,000,000 devices"):
        load_city(number)


def test_intervals_are_those_of_the_profiles() -> None:
    intervals = load_city().intervals
    assert intervals["loop-detector"] == MINUTE
    assert intervals["gas-detector"] == MINUTE // 2
    assert intervals["segment-speed"] == 10 * MINUTE
