"""Devices and their keys, over changes and restarts."""

from gateway.engine.registry import Registry
from gateway.engine.results import DeviceRecord


def record(device: str, *keys: str, zone: str = "a") -> DeviceRecord:
    return DeviceRecord(device, "loop", zone, keys, None, None, "", "", "known", 0)


def filled(*records: DeviceRecord) -> Registry:
    made = Registry()
    for one in records:
        made.put(one, ["speed"])
    return made


def keys_of(registry: Registry, *keys: str) -> list[str]:
    found = [registry.find("loop", key) for key in keys]
    return ["" if index < 0 else registry.records[index].id for index in found]


def test_two_devices_may_swap_their_keys() -> None:
    registry = filled(record("a", "k1"), record("b", "k2"))
    registry.put(record("a", "k2"), ["speed"])
    registry.put(record("b", "k1"), ["speed"])

    assert keys_of(registry, "k1", "k2") == ["b", "a"]
    assert keys_of(Registry.restore(registry.snapshot()), "k1", "k2") == ["b", "a"]


def test_a_device_that_takes_over_a_key_keeps_it_after_a_restart() -> None:
    registry = filled(record("sensor", "s"), record("met", "met"))
    registry.put(record("sensor", "s", "met"), ["speed"])

    assert keys_of(registry, "s", "met") == ["sensor", "sensor"]
    assert keys_of(Registry.restore(registry.snapshot()), "s", "met") == ["sensor", "sensor"]


def test_a_stranger_never_gets_a_name_that_is_taken() -> None:
    registry = filled(record("x", "x"), record("loop/x", "y"))

    assert registry.free_id("loop", "x") == "loop/x/2"


def test_changing_a_device_to_what_it_is_changes_nothing() -> None:
    registry = filled(record("a", "k1"))

    assert registry.put(record("a", "k1"), ["speed"]) == (0, False)
    assert registry.put(record("a", "k1", zone="b"), ["speed"]) == (0, True)
    assert registry.lanes == [("a", "loop"), ("b", "loop")]


def test_a_device_keeps_its_series_over_changes_and_restarts() -> None:
    registry = filled(record("a", "k1"), record("b", "k2"))
    for device in (0, 1):
        registry.name_series(device, 0, "speed", "km/h")

    registry.put(record("b", "k2", zone="b"), ["flow", "speed"])
    registry.name_series(1, 0, "flow", "veh/h")
    registry.relayout({"loop": ["speed", "flow"]})
    again = Registry.restore(registry.snapshot())
    again.put(record("b", "k3"), ["flow", "speed"])

    assert registry.table.tolist()[:2] == [[0, -1], [1, 2]]
    assert again.table.tolist()[:2] == [[0, -1], [2, 1]]
    assert again.series == registry.series


def test_a_snapshot_of_an_older_version_is_read() -> None:
    registry = filled(record("a", "k1"))
    registry.name_series(0, 0, "speed", "km/h")
    plain = registry.snapshot() | {
        "records": [["a", "loop", "a", ["k1"], None, None, "", "", "known", 0]],
        "series": [["a", "speed", "loop", "km/h"]],
    }

    again = Registry.restore(plain)

    assert (again.records, again.series) == (registry.records, registry.series)
