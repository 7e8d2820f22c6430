"""Which way queues travel."""

import pytest

from device_sims.city.devices import load_city
from device_sims.world.local_time import MINUTE
from device_sims.world.roads import load_roads, queue_reach, queue_times

ROADS = load_roads()


def test_a_carriageway_is_fed_by_those_that_end_where_it_begins() -> None:
    with_the_line = ROADS.upstream("huangpu-avenue-3", 1, 5000.0)
    against_it = ROADS.upstream("huangpu-avenue-3", 2, 5000.0)

    assert with_the_line == {
        ("huangpu-avenue-3", 1): 0.0, ("huangpu-avenue-2", 1): 720.0, ("huangpu-avenue-1", 1): 1960.0,
    }  # fmt: skip
    assert against_it == {
        ("huangpu-avenue-3", 2): 0.0, ("huangpu-avenue-4", 2): 720.0, ("huangpu-avenue-5", 2): 3420.0,
    }  # fmt: skip
    assert ROADS.downstream("huangpu-avenue-3", 1) == [("huangpu-avenue-4", 1)]
    assert ROADS.downstream("huangpu-avenue-5", 1) == []


def test_a_ring_ends_where_it_began() -> None:
    ring = ROADS.upstream("inner-ring-1", 1, 1e6)

    assert len(ring) == 9
    assert max(ring.values()) == sum(ROADS.length(f"inner-ring-{k}") for k in (1, *range(3, 10)))


def test_what_is_too_far_is_left_out() -> None:
    assert ROADS.upstream("huangpu-avenue-3", 1, 1000.0).keys() == {("huangpu-avenue-3", 1), ("huangpu-avenue-2", 1)}


def test_the_release_is_faster_than_the_tail_so_every_queue_ends() -> None:
    begin, end = queue_times(1500.0)

    assert begin == 10 * MINUTE
    assert end == 5 * MINUTE


@pytest.mark.parametrize("carriageway", [1, 2])
def test_detectors_of_the_other_carriageway_stay_free(carriageway: int) -> None:
    devices = load_city(recordings=False).devices
    reach = queue_reach(ROADS, devices, "huanan-expressway-4", carriageway, 6000.0)
    by_id = {device.id: device for device in devices}

    loops = [by_id[name] for part in reach.values() for name in part if by_id[name].profile == "loop-detector"]
    assert len(loops) >= 3
    assert {device.extra["carriageway"] for device in loops} == {str(carriageway)}
    assert not reach["queue"].keys() & reach["beyond"].keys()


def test_a_detector_nearer_to_the_head_is_reached_earlier() -> None:
    devices = load_city(recordings=False).devices
    queue = queue_reach(ROADS, devices, "huanan-expressway-4", 1, 9000.0)["queue"]
    along = {
        device.id: ROADS.upstream("huanan-expressway-4", 1, 9000.0)[device.asset, 1] + ROADS.metres_before_end(device)
        for device in devices
        if device.id in queue
    }

    assert sorted(queue, key=lambda name: queue[name][0]) == sorted(queue, key=lambda name: along[name])
