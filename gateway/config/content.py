"""What the engines are configured with, whole, as the bytes of one CONFIG row of the inbox. Pure; holds no secret.

Same content, same bytes, same digest: keys and devices are sorted, and only what can change a result is in it. How long
to gather or where a store is are no part of it, so changing those appends no row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.config.bounds import Bounds
from gateway.config.places import Place, places_of
from gateway.errors import VersionError

if TYPE_CHECKING:
    from gateway.config.city import City, Segment
    from gateway.config.settings import Settings

__all__ = ["AssetFacts", "Device", "EngineContent", "EngineOptions", "facts_of"]

_SECOND = 1_000_000_000


class Device(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A device as the operator lists it. `cell` is its H3 cell; `installed` an ISO date or ""."""

    id: str
    profile: str
    keys: tuple[str, ...]
    zone: str
    lon: float | None
    lat: float | None
    cell: str
    asset: str
    installed: str
    figures: dict[str, float] = {}
    """What conditions need to know of it: `position_m` and `carriageway` of a loop."""


class AssetFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What conditions need to know of an asset. `kind`: segment, feeder, dma, gas, drain, or a part of one."""

    id: str
    kind: str
    zone: str
    figures: dict[str, float]
    """Such as free_flow_kmh, lanes, length_m of a segment; canonical units are in the names."""
    next: tuple[str, ...] = ()
    """Neighbouring assets of the same kind."""
    labels: dict[str, str] = {}
    """Such as the road and the class of a segment."""


class EngineOptions(msgspec.Struct, frozen=True):
    """The options that change what an engine computes."""

    bounds: Bounds
    max_ahead_ns: int
    """Further ahead of receipt than this = quarantined."""
    clock_bound_ns: int
    """A device whose estimated offset is beyond this moves no watermark."""
    idle_timeout_ns: int
    late_horizon_ns: int
    """Further behind receipt than this = expired."""
    max_devices: int
    reorder_ns: int = 5 * _SECOND
    """How long a Sparkplug message may be overtaken before a birth is asked for."""
    rebirth_ns: int = 60 * _SECOND
    """Between two requests to one edge node at least; 0: none is asked."""
    device_messages_per_sec: float = 0.0
    """What a device may send in the long run; 0, as in rows of versions before 0.4: any number."""
    device_burst: int = 0
    max_met_devices: int = 0
    """Devices that nobody listed, of a profile in a zone; 0: as many as there may be at all."""
    new_devices_per_min: int = 0
    """Of these, so many in a minute; 0: any number."""
    letters_per_sec: float = 0.0
    """Dead letters of a reason and a profile in the long run; 0: all are kept."""
    letters_burst: int = 0


class _Body(msgspec.Struct, frozen=True):
    """The wire form."""

    version: int
    timezone: str
    zones: list[str]
    options: EngineOptions
    profiles: dict[str, dict[str, Any]]
    devices: list[Device]
    conditions: list[dict[str, Any]] = []
    assets: list[AssetFacts] = []
    incidents: dict[str, Any] = {}
    places: list[Place] = []


_VERSION = 1
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class EngineContent:
    """Profiles (parsed TOML by name), devices and zones sorted by id, time zone, options."""

    profiles: Mapping[str, Mapping[str, Any]]
    devices: Sequence[Device]
    zones: Sequence[str]
    timezone: str
    options: EngineOptions
    conditions: Sequence[dict[str, Any]]
    """As `gateway.config.conditions` reads them."""
    assets: Sequence[AssetFacts]
    incidents: Mapping[str, Any]
    """Reports and links as `gateway.config.incidents` reads them; empty in rows of versions that had none."""
    places: Sequence[Place]
    digest: str
    """SHA-256 of the bytes, hex."""
    encoded: bytes

    @classmethod
    def of(
        cls,
        settings: "Settings",
        city: "City",
        devices: Sequence[Device],
        profile_docs: Mapping[str, Mapping[str, Any]],
        conditions: Sequence[Mapping[str, Any]] = (),
        incidents: Mapping[str, Any] | None = None,
    ) -> "EngineContent":
        """The content of a loaded configuration; `profile_docs` are parsed TOML tables by profile name."""
        engine = settings.engine
        options = EngineOptions(
            bounds=settings.bounds.bounds(),
            max_ahead_ns=round(engine.max_ahead_secs * _SECOND),
            clock_bound_ns=round(engine.clock_bound_secs * _SECOND),
            idle_timeout_ns=round(engine.idle_timeout_secs * _SECOND),
            late_horizon_ns=settings.late_horizon_ns,
            max_devices=engine.max_devices,
            reorder_ns=round(engine.sparkplug_reorder_secs * _SECOND),
            rebirth_ns=round(engine.sparkplug_rebirth_secs * _SECOND),
            device_messages_per_sec=engine.device_messages_per_sec,
            device_burst=engine.device_burst_messages,
            max_met_devices=engine.max_met_devices,
            new_devices_per_min=engine.new_devices_per_min,
            letters_per_sec=engine.dead_letters_per_sec,
            letters_burst=engine.dead_letters_burst,
        )
        zones = sorted(zone.id for zone in city.zones)
        return cls.build(
            profile_docs, devices, zones, city.city.timezone, options, conditions=conditions, assets=facts_of(city),
            incidents=incidents, places=places_of(city),
        )  # fmt: skip

    @classmethod
    def build(
        cls, profiles: Mapping[str, Mapping[str, Any]], devices: Sequence[Device], zones: Sequence[str], timezone: str,
        options: EngineOptions, *, conditions: Sequence[Mapping[str, Any]] = (), assets: Sequence[AssetFacts] = (),
        incidents: Mapping[str, Any] | None = None, places: Sequence[Place] = (),
    ) -> "EngineContent":  # fmt: skip
        """Put content together from its parts; any order of what has none gives the same bytes."""
        ordered = sorted(devices, key=lambda device: device.id)
        plain = {name: dict(profile) for name, profile in profiles.items()}
        judged = sorted((dict(condition) for condition in conditions), key=lambda condition: condition["name"])
        facts = sorted(assets, key=lambda asset: asset.id)
        where = sorted(places, key=lambda place: (place.id, place.kind))
        body = _Body(
            _VERSION, timezone, sorted(zones), options, plain, ordered, judged, facts, dict(incidents or {}), where
        )
        return cls.decode(_ENCODER.encode(body))

    @classmethod
    def decode(cls, data: bytes) -> "EngineContent":
        """Read the bytes of a CONFIG row. Raises ValueError where they are none, VersionError where a newer one did."""
        body = _DECODER.decode(data)
        if body.version > _VERSION:
            raise VersionError(
                f"The journal holds a configuration of version {body.version}, this CityLoom knows {_VERSION}.",
                "Install the version that wrote it, or a newer one.",
            )
        digest = hashlib.sha256(data).hexdigest()
        return cls(
            body.profiles,
            body.devices,
            body.zones,
            body.timezone,
            body.options,
            body.conditions,
            body.assets,
            body.incidents,
            body.places,
            digest,
            bytes(data),
        )

    def encode(self) -> bytes:
        """The bytes of a CONFIG row."""
        return self.encoded


def facts_of(city: "City") -> list[AssetFacts]:
    """What conditions need to know of a city's assets."""
    out = [
        AssetFacts(
            each.id, "segment", each.zone,
            {"free_flow_kmh": each.free_flow_kmh, "lanes": float(each.lanes), "length_m": each.length_m} | _ends(each),
            each.neighbours, {"road": each.road, "class": each.class_},
        )
        for each in city.segments
    ]  # fmt: skip
    for feeder in city.feeders:
        out.append(AssetFacts(feeder.id, "feeder", feeder.zone, {"kv": feeder.kv, "capacity_kva": feeder.capacity_kva}))
        out += [AssetFacts(each.id, "transformer", feeder.zone, {"kva": each.kva}) for each in feeder.transformers]
    for dma in city.dmas:
        figures = {"connections": float(dma.connections), "mains_km": dma.mains_km}
        out.append(AssetFacts(dma.id, "dma", dma.zone, figures))
        out += [AssetFacts(each.id, "inlet", dma.zone, {"dn_mm": each.dn_mm}) for each in dma.inlets]
        out += [AssetFacts(each.id, "outlet", dma.zone, {"dn_mm": each.dn_mm}) for each in dma.outlets]
        out += [
            AssetFacts(
                each.id, "storage", dma.zone,
                {"m3": each.m3, "height_m": each.height_m, "area_m2": each.m3 / each.height_m},
            )
            for each in dma.storage
        ]  # fmt: skip
        points = dma.critical_points
        out += [AssetFacts(each.id, "critical-point", dma.zone, {"elevation_m": each.elevation_m}) for each in points]
    out += [AssetFacts(each.id, each.kind, each.zone, {}) for each in city.gas_assets]
    for drain in city.drains:
        optional = {"diameter_m": drain.diameter_m, "invert_m": drain.invert_m, "ground_m": drain.ground_m}
        figures = {"crest_m": drain.crest_m} | {key: value for key, value in optional.items() if value is not None}
        out.append(AssetFacts(drain.id, drain.kind, drain.zone, figures))
    return out


def _ends(segment: "Segment") -> dict[str, float]:
    """Degrees of both ends of its line."""
    (lon_1, lat_1), (lon_2, lat_2) = segment.line
    return {"lon_1": lon_1, "lat_1": lat_1, "lon_2": lon_2, "lat_2": lat_2}
