"""Calibrations that fall due, by the city's days."""

from gateway.config.content import Device
from gateway.notify.reminders import Calibration, Calibrations
from tests.gateway.notify.support import CITY, at

RULE = Calibration("gas-detector", 365, 14, ("mail",))


def device(name: str, installed: str, profile: str = "gas-detector") -> Device:
    return Device(name, profile, (name,), "tianhe", None, None, "", "", installed)


DEVICES = [
    device("g1", "2025-03-10"),
    device("g2", "2025-06-01"),
    device("g3", ""),
    device("loop", "2020-01-01", "loop"),
]


def test_a_reminder_comes_so_many_days_ahead_and_once() -> None:
    found = Calibrations([RULE], DEVICES, {}, CITY)

    assert found.due(at("2026-02-23 23:59")) == []
    (first,) = found.due(at("2026-02-24 00:00"))
    assert (first.device, first.zone, first.due, first.channels) == ("g1", "tianhe", at("2026-03-10 00:00"), ("mail",))
    assert first.text == "gas-detector, installed 2025-03-10, no calibration on record."
    assert found.due(at("2026-02-25 00:00")) == []
    assert [each.device for each in found.due(at("2026-05-18 00:00"))] == ["g2"]
    assert found.due(at("2036-01-01 00:00")) == []


def test_a_calibration_counts_instead_of_the_installation() -> None:
    found = Calibrations([RULE], DEVICES, {"g1": "2025-12-24"}, CITY)
    later = found.due(at("2027-01-01 00:00"))
    assert [(each.device, each.due) for each in later] == [
        ("g2", at("2026-06-01 00:00")), ("g1", at("2026-12-24 00:00")),
    ]  # fmt: skip
    assert later[1].text == "gas-detector, last calibrated 2025-12-24."


def test_very_many_come_a_thousand_at_a_time() -> None:
    found = Calibrations([RULE], [device(f"g{k}", "2020-01-01") for k in range(2_500)], {}, CITY)
    now = at("2026-03-02 12:00")
    assert [len(found.due(now)) for _ in range(4)] == [1000, 1000, 500, 0]
