"""The city: zones and the assets that devices stand on. seeds/README.md describes the format of city.toml.

`parse_city` is pure: text in, frozen model out, or ConfigErrors with everything that contradicts itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gateway.config.drafts import draft_of, judge
from gateway.config.problems import key_of, problems_of
from gateway.config.toml_text import read_toml
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["Asset", "City", "Zone", "parse_city"]

SCHEMA = 1


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError("must be an IANA time zone, such as Asia/Shanghai") from error
    return name


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class _Placed(_Table):
    id: Id
    lon: Lon
    lat: Lat


class CityTable(_Table):
    """The table [city]."""

    id: Id
    name: str
    name_en: str = ""
    timezone: Annotated[str, AfterValidator(_known_zone)]
    bounds: tuple[Lon, Lat, Lon, Lat]
    """West, south, east, north."""


class Zone(_Placed):
    """What a device belongs to. Feeders and metered areas lie in a district, their parent."""

    kind: Literal["district", "feeder", "dma"]
    name: str
    name_en: str = ""
    parent: Id | None = None


class Segment(_Placed):
    """A stretch of road."""

    zone: Id
    road: str
    road_en: str = ""
    class_: Annotated[Literal["expressway", "primary", "secondary"], Field(alias="class")]
    lanes: Annotated[int, Field(ge=1)]
    free_flow_kmh: Positive
    length_m: Positive
    line: tuple[tuple[Lon, Lat], tuple[Lon, Lat]]
    neighbours: tuple[Id, ...] = ()


class Transformer(_Placed):
    """A transformer of a feeder."""

    kva: Positive


class Feeder(_Table):
    """A medium-voltage feeder; its id is that of its zone."""

    id: Id
    zone: Id
    substation: str
    kv: Positive
    capacity_kva: Positive
    transformers: tuple[Transformer, ...] = ()


class Inlet(_Placed):
    """Where water comes into a metered area, or leaves it for another one."""

    dn_mm: Positive


class CriticalPoint(_Placed):
    """The place with the lowest pressure of a metered area."""

    elevation_m: float


class Storage(_Placed):
    """A tank with upright walls: `m3` of water at a level of `height_m` above its floor."""

    m3: Positive
    height_m: Positive


class Dma(_Table):
    """A district metered area; its id is that of its zone."""

    id: Id
    zone: Id
    connections: Count
    mains_km: Positive
    inlets: tuple[Inlet, ...] = ()
    outlets: tuple[Inlet, ...] = ()
    critical_points: tuple[CriticalPoint, ...] = ()
    storage: tuple[Storage, ...] = ()


class GasAsset(_Placed):
    """A section of a utility tunnel, or a regulator station."""

    zone: Id
    kind: Literal["tunnel-section", "regulator-station"]
    name: str
    name_en: str = ""
    length_m: Positive | None = None
    inlet_kpa: Positive | None = None
    outlet_kpa: Positive | None = None


class Drain(_Placed):
    """A pump station or a manhole."""

    zone: Id
    kind: Literal["pump-station", "manhole"]
    name: str
    name_en: str = ""
    crest_m: float
    """Level at which it spills, above the sensor's zero: the invert, or the floor of a well."""
    diameter_m: Positive | None = None
    """Of the pipe; a well has none."""
    invert_m: float | None = None
    """Height of the invert above the city's datum."""
    ground_m: float | None = None
    """Height of the street above the same."""


class Asset(NamedTuple):
    """Anything that a device can stand on, and where in the file it is."""

    id: str
    zone: str
    lon: float
    lat: float
    key: str


class City(_Table):
    """A parsed city.toml."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    city: CityTable
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)]
    segments: tuple[Segment, ...] = ()
    feeders: tuple[Feeder, ...] = ()
    dmas: tuple[Dma, ...] = ()
    gas_assets: tuple[GasAsset, ...] = ()
    drains: tuple[Drain, ...] = ()

    @property
    def timezone(self) -> str:
        """IANA name of the city's time."""
        return self.city.timezone

    def assets(self) -> Iterator[Asset]:
        """All assets, in the order of the file."""
        single: tuple[tuple[str, tuple[Segment | GasAsset | Drain, ...]], ...] = (
            ("segments", self.segments), ("gas_assets", self.gas_assets), ("drains", self.drains),
        )  # fmt: skip
        for table, rows in single:
            for k, row in enumerate(rows):
                yield Asset(row.id, row.zone, row.lon, row.lat, f"{table}[{k}]")
        groups: list[tuple[str, str, tuple[_Placed, ...]]] = []
        for k, feeder in enumerate(self.feeders):
            groups.append((f"feeders[{k}].transformers", feeder.zone, feeder.transformers))
        for k, dma in enumerate(self.dmas):
            groups.append((f"dmas[{k}].inlets", dma.zone, dma.inlets))
            groups.append((f"dmas[{k}].outlets", dma.zone, dma.outlets))
            groups.append((f"dmas[{k}].critical_points", dma.zone, dma.critical_points))
            groups.append((f"dmas[{k}].storage", dma.zone, dma.storage))
        for key, zone, parts in groups:
            for k, part in enumerate(parts):
                yield Asset(part.id, zone, part.lon, part.lat, f"{key}[{k}]")


def parse_city(text: str, file: str) -> City:
    """Read a city. Raises ConfigErrors."""
    table = read_toml(text, file)
    city: City | None
    try:
        city = City.model_validate(table)
        problems: list[ConfigError] = []
    except ValidationError as error:
        problems = problems_of(error, City, lambda _: file, "seeds/README.md")
        city = draft_of(City, table)
    if city is not None:
        rules = judge(_RULES, city, draft=bool(problems))
        problems += [ConfigError(file, key, problem, remedy) for key, problem, remedy in rules]
    if problems or city is None:
        raise ConfigErrors(problems)
    return city


def _zone_ids(city: City) -> Iterator[tuple[str, str, str]]:
    yield from _twice({f"zones[{k}].id": zone.id for k, zone in enumerate(city.zones)}, "zone")


def _asset_ids(city: City) -> Iterator[tuple[str, str, str]]:
    yield from _twice({f"{asset.key}.id": asset.id for asset in city.assets()}, "asset")


def _parents(city: City) -> Iterator[tuple[str, str, str]]:
    kinds = {zone.id: zone.kind for zone in city.zones}
    for k, zone in enumerate(city.zones):
        if zone.kind == "district" and zone.parent is not None:
            yield f"zones[{k}].parent", "a district has no parent", "Remove it."
        elif zone.kind != "district" and kinds.get(zone.parent or "") != "district":
            yield f"zones[{k}].parent", f"{zone.parent!r} is no district", "Name the district that it lies in."


def _zones_of_assets(city: City) -> Iterator[tuple[str, str, str]]:
    kinds = {zone.id: zone.kind for zone in city.zones}
    owners: tuple[tuple[str, str, tuple[Segment | Feeder | Dma | GasAsset | Drain, ...]], ...] = (
        ("segments", "district", city.segments), ("feeders", "feeder", city.feeders), ("dmas", "dma", city.dmas),
        ("gas_assets", "district", city.gas_assets), ("drains", "district", city.drains),
    )  # fmt: skip
    for table, kind, rows in owners:
        for k, row in enumerate(rows):
            if kinds.get(row.zone) != kind:
                yield f"{table}[{k}].zone", f"{row.zone!r} is no zone of kind {kind}", "Name one of [[zones]]."
            elif kind != "district" and row.id != row.zone:
                yield f"{table}[{k}].id", f"{row.id!r} is not its zone {row.zone!r}", "Give both the same id."


def _neighbours(city: City) -> Iterator[tuple[str, str, str]]:
    segments = {segment.id for segment in city.segments}
    for k, segment in enumerate(city.segments):
        for n, other in enumerate(segment.neighbours):
            if other not in segments or other == segment.id:
                yield f"segments[{k}].neighbours[{n}]", f"{other!r} is no other segment", "Name one, or remove it."


def _depths(city: City) -> Iterator[tuple[str, str, str]]:
    for k, drain in enumerate(city.drains):
        if drain.invert_m is None or drain.ground_m is None:
            continue
        depth = drain.ground_m - drain.invert_m
        if depth <= 0:
            yield f"drains[{k}].ground_m", "is not above invert_m", "Both are heights above the same datum, in m."
        elif drain.diameter_m is not None and drain.diameter_m > depth:
            yield f"drains[{k}].diameter_m", f"is more than the depth of {depth:g} m", "Correct one of the three."


def _twice(ids: Mapping[str, str], what: str) -> Iterator[tuple[str, str, str]]:
    times = Counter(ids.values())
    for key, name in ids.items():
        if times[name] > 1:
            yield key, f"{name!r} is the id of {times[name]} {what}s", "Ids are for one thing each."


def _outside(city: City) -> Iterator[tuple[str, str, str]]:
    west, south, east, north = city.city.bounds
    if not (west < east and south < north):
        yield "city.bounds", "must be west, south, east, north", "Write the smaller longitude and latitude first."
        return
    places = [(f"zones[{k}]", zone.lon, zone.lat) for k, zone in enumerate(city.zones)]
    for key, lon, lat in places + [(asset.key, asset.lon, asset.lat) for asset in city.assets()]:
        if not (west <= lon <= east and south <= lat <= north):
            yield (
                key_of((key,)),
                f"({lon}, {lat}) lies outside city.bounds",
                "Longitude comes first; or widen the bounds.",
            )


_RULES = (_zone_ids, _asset_ids, _parents, _zones_of_assets, _neighbours, _depths, _outside)
