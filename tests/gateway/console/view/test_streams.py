"""What arrives, by profile and zone."""

from dataclasses import replace
from typing import Any

from gateway.console.view.alarm_book import Alarm
from gateway.console.view.streams import Arrivals, by_profile, by_zone, profile_totals

SECOND = 1_000_000_000
SILENT = Alarm(
    alarm="a1",
    change="raised",
    state="unacknowledged",
    condition="device.silent",
    asset="b",
    zone="z",
    domain="device",
    level=1,
    priority=4,
    value=None,
    who="",
    text="",
    at=0,
    now=0,
    since=0,
)


def _device(name: str, offset: int | None, zone: str = "z", heard: int = 5) -> dict[str, Any]:
    return {"id": name, "profile": "p", "zone": zone, "asset": "", "offset": offset, "heard": heard}


DEVICES = [_device("a", 2 * SECOND), _device("b", -90 * SECOND, heard=1), _device("c", None, "y")]
LEDGER = {
    "profiles": {
        "p": {"accepted": 10, "late": 2, "messages_decoded": 4, "messages_rejected": 1},
        "gone": {"accepted": 1},
    }
}
STATUS = {
    "city": [
        {"zone": "z", "profile": "p", "series": 3, "good": 1.0},
        {"zone": "y", "profile": "p", "series": 1, "good": 0.5},
    ]
}


def test_a_profile_in_a_row() -> None:
    rows = by_profile(LEDGER, STATUS, DEVICES, [SILENT], lambda name: 2.5 if name == "p messages" else None)
    assert [row.profile for row in rows] == ["gone", "p"]
    row = rows[1]
    assert (row.devices, row.silent, row.messages_rate, row.readings_rate) == (3, 1, 2.5, None)
    assert (row.late, row.rejected, row.good) == (2, 1, 0.875)
    assert (row.offset_median, row.offset_worst) == (-44.0, -90.0)


def test_a_silence_that_is_over_is_none() -> None:
    rows = by_profile(LEDGER, STATUS, DEVICES, [replace(SILENT, state="returned")], lambda _: None)
    assert rows[1].silent == 0


def test_zones_with_silent_devices_come_first() -> None:
    rows = by_zone(STATUS, DEVICES, [SILENT])
    assert [(row.zone, row.silent, row.series, row.good, row.heard) for row in rows] == [
        ("z", 1, 3, 1.0, 1),
        ("y", 0, 1, 0.5, 5),
    ]


def test_totals_of_profiles() -> None:
    assert profile_totals(LEDGER)["p messages"] == 5.0


def test_arrivals_are_bounded_and_searched() -> None:
    arrivals = Arrivals(most=2)
    for name in ("a", "b", "c"):
        arrivals.take({"device": f"gas-{name}", "zone": "Tianhe", "profile": "gas", "asset": None})
    assert [data["device"] for _, data in arrivals.rows()] == ["gas-c", "gas-b"]
    assert [data["device"] for _, data in arrivals.rows("tianhe GAS-B")] == ["gas-b"]
    assert arrivals.rows("<script>") == []
