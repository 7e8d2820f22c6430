"""Devices that nobody listed: so many in a lane, so many a minute; a flood in one lane leaves the others theirs."""

from gateway.engine.new_devices import NewDevices
from gateway.engine.results import DeviceRecord

SECOND = 1_000_000_000
START = 1_772_366_400 * SECOND
LANE, OTHER = ("a", "loop"), ("b", "loop")


def known(device: str, zone: str = "a", state: str = "provisioned") -> DeviceRecord:
    return DeviceRecord(device, "loop", zone, (device,), None, None, "", "", state, START)


def limited(most: int = 0, per_minute: int = 0, *records: DeviceRecord) -> NewDevices:
    made = NewDevices()
    made.configure(most, per_minute, records)
    return made


def test_a_lane_is_full_of_those_that_were_met_and_not_of_those_that_are_listed() -> None:
    made = limited(3, 0, known("1"), known("2", state="pending"), known("3", state="known"), known("4", "b"))
    assert not made.is_full(LANE)
    made.met(LANE)
    assert made.is_full(LANE)
    assert not made.is_full(OTHER)


def test_so_many_are_new_at_once_and_then_so_many_a_minute() -> None:
    made = limited(0, 60)
    assert [made.too_soon(LANE, START) for _ in range(61)] == [False] * 60 + [True]
    assert not made.too_soon(OTHER, START)
    assert [made.too_soon(LANE, START + SECOND) for _ in range(2)] == [False, True]
    assert sum(not made.too_soon(LANE, START + 3600 * SECOND) for _ in range(100)) == 60


def test_zero_is_no_limit() -> None:
    made = limited()
    for _ in range(100):
        made.met(LANE)
    assert not made.is_full(LANE)
    assert not any(made.too_soon(LANE, START) for _ in range(100))


def test_a_restart_and_a_new_configuration_forget_nothing() -> None:
    made = limited(0, 60)
    for _ in range(60):
        made.too_soon(LANE, START)
    again = NewDevices.restore(made.snapshot())
    again.configure(0, 60, [])
    assert again.too_soon(LANE, START)
