"""Devices, their series, what kinds there are, and how they are judged."""

from typing import Any

from gateway.api.models.alarms import AlarmChangeDocument
from gateway.api.models.base import Document, Next, Time, TimeOrNone, example

__all__ = [
    "Conditions", "DeviceDocument", "DeviceRecordDocument", "Devices", "Profiles", "SeriesList",
]  # fmt: skip

_DEVICE = {
    "id": "loop-0001", "profile": "loop-detector", "keys": ["loop-0001"], "state": "known",
    "since": "2026-03-01T23:00:00.000000000Z", "zone": "tianhe", "asset": "tianhe-road-1", "cell": "8941187a5d3ffff",
    "lon": 113.31061, "lat": 23.13323, "heard": "2026-03-01T23:15:02.118000000Z",
    "newest": "2026-03-01T23:15:00.000000000Z", "clock_offset_secs": 0.021, "offline_since": None,
    "counts": {"accepted": 1204, "duplicate": 0, "conflict": 0, "quarantined": 0, "expired": 0, "invalid": 0, "late": 3,
               "missing": 0, "shed": 0},
}  # fmt: skip


class Counts(Document):
    """What became of a device's readings since it is known; of `shed`: its messages."""

    accepted: int
    duplicate: int
    conflict: int
    quarantined: int
    expired: int
    invalid: int
    late: int
    missing: int
    """By gaps in its numbering."""
    shed: int


class DeviceRecordDocument(Document):
    """A device in a list."""

    model_config = example(_DEVICE)

    id: str
    profile: str
    keys: list[str]
    """How it is called on the wire."""
    state: str
    """known (listed), provisioned (met on the wire) or pending (met, waits for an operator)."""
    since: TimeOrNone
    """When its record became what it is."""
    zone: str
    asset: str
    """Empty: it stands on none."""
    cell: str
    """H3, resolution 9; empty: no point is known."""
    lon: float | None
    lat: float | None
    heard: TimeOrNone
    """Receipt of its newest message; null: it was never heard."""
    newest: TimeOrNone
    """The latest time of its readings."""
    clock_offset_secs: float | None
    """Its clock minus ours, as estimated; null: not known."""
    offline_since: TimeOrNone
    """By its own word, or its broker's."""
    counts: Counts


class Devices(Document):
    """A page of devices, by id."""

    model_config = example({"devices": [_DEVICE], "next": None})

    devices: list[DeviceRecordDocument]
    next: Next


class SeriesOfDevice(Document):
    """One quantity of a device."""

    quantity: str
    unit: str
    profile: str


class Moment(Document):
    """Something on the time axis of a device."""

    at: Time
    what: str
    """installed, calibrated; known, provisioned, pending, replaced, moved; heard, offline; silent, online; fault, over
    (alarms)."""
    alarm: str | None
    """Of silences and faults."""
    condition: str | None
    text: str


class PlaceOfDevice(Document):
    """Where it is, with names. Null: not known."""

    lon: float | None
    lat: float | None
    cell: str | None
    zone: str | None
    zone_name: str | None
    asset: str | None
    asset_kind: str | None


class DeviceDocument(DeviceRecordDocument):
    """A device with its whole record."""

    model_config = example({
        **_DEVICE, "installed": "2022-10-24", "calibrated": None, "interval_secs": 30.0, "silent_since": None,
        "place": {
            "lon": 113.31061, "lat": 23.13323, "cell": "8941187a5d3ffff", "zone": "tianhe", "zone_name": "天河区",
            "asset": "tianhe-road-1", "asset_kind": "segments",
        },
        "series": [{"quantity": "speed", "unit": "km/h", "profile": "loop-detector"}],
        "time_axis": [
            {"at": "2022-10-23T16:00:00.000000000Z", "what": "installed", "text": "2022-10-24", "alarm": None,
             "condition": None},
        ],
        "history": [],
    })  # fmt: skip

    installed: str | None
    """A day, ISO 8601."""
    calibrated: str | None
    """Day of the last calibration."""
    interval_secs: float | None
    """As its profile says."""
    silent_since: TimeOrNone
    """Since when nothing has come that should have; null: it is not silent."""
    place: PlaceOfDevice
    series: list[SeriesOfDevice]
    time_axis: list[Moment]
    """The oldest first."""
    history: list[AlarmChangeDocument]
    """Changes of alarms about it, the newest first; 500 at most."""


class SeriesDocument(Document):
    """A series: (device, quantity) is its name."""

    device: str
    quantity: str
    unit: str
    profile: str
    zone: str
    asset: str
    cell: str


class SeriesList(Document):
    """A page of series, by device and quantity."""

    model_config = example({
        "series": [{"device": "loop-0001", "quantity": "speed", "unit": "km/h", "profile": "loop-detector",
                    "zone": "tianhe", "asset": "tianhe-road-1",
                    "cell": "8941187a5d3ffff"}],
        "next": None,
    })  # fmt: skip

    series: list[SeriesDocument]
    next: Next


class QuantityOfProfile(Document):
    """What a kind of device measures."""

    quantity: str
    unit: str
    """Canonical."""


class ProfileDocument(Document):
    """One kind of device."""

    name: str
    description: str
    codec: str
    topics: list[str]
    interval_secs: float
    quantities: list[QuantityOfProfile]


class Profiles(Document):
    """The kinds of devices that are configured."""

    model_config = example({"profiles": [{
        "name": "gas-detector", "description": "Gas in utility tunnels", "codec": "json",
        "topics": ["city/{zone}/gas/detector/{device}/reading"], "interval_secs": 30.0,
        "quantities": [{"quantity": "lel", "unit": "%LEL"}],
    }]})  # fmt: skip

    profiles: list[ProfileDocument]


class ConditionDocument(Document):
    """What is judged, and when it is an alarm."""

    name: str
    title: str
    kind: str
    domain: str
    priorities: list[int]
    """One a level, 1 critical to 4 low."""
    on_delay_secs: float
    off_delay_secs: float
    latching: bool
    settings: dict[str, Any]
    """What the kind has besides: profile, quantities, thresholds (`high`, `low`), deadband, exceptions (`where`)."""


class Conditions(Document):
    """Every condition that is configured."""

    model_config = example({"conditions": [{
        "name": "gas.lel", "title": "Combustible gas", "kind": "steps", "domain": "gas", "priorities": [2, 1, 1],
        "on_delay_secs": 0.0, "off_delay_secs": 60.0, "latching": False,
        "settings": {"profile": "gas-detector", "quantity": ["lel"], "high": [20.0, 25.0, 50.0], "deadband": 2.0},
    }]})  # fmt: skip

    conditions: list[ConditionDocument]
