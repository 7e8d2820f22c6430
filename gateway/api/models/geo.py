"""GeoJSON (RFC 7946): zones, assets, cells. Longitude comes first, WGS 84."""

from typing import Any, Literal

from gateway.api.models.base import Document, Time, example

__all__ = ["CityDocument", "FeatureCollection", "RollupCollection"]

_POINT = {"type": "Point", "coordinates": [113.3245, 23.1351]}


class Geometry(Document):
    """Where it is."""

    type: Literal["Point", "LineString", "Polygon"]
    coordinates: list[Any]


class Feature(Document):
    """One thing with its place."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: dict[str, Any]


class FeatureCollection(Document):
    """Things with their places."""

    model_config = example({
        "type": "FeatureCollection",
        "features": [{
            "type": "Feature", "id": "tianhe", "geometry": _POINT,
            "properties": {"kind": "district", "name": "天河区", "name_en": "Tianhe", "parent": None},
        }],
    })  # fmt: skip

    type: Literal["FeatureCollection"]
    features: list[Feature]


class RollupProperties(Document):
    """What there is in a cell or a zone. Figures are null where nothing is known."""

    name: str | None
    """Of a zone."""
    count: int
    """Series, or figures, that have a value."""
    mean: float | None
    min: float | None
    max: float | None
    worst_flag: int | None
    """QARTOD, of the newest readings: 1 good to 4 fail, 9 missing."""
    newest: str | None
    """The latest of their times."""
    open_alarms: int
    worst_priority: int | None
    """Of the open alarms: 1 critical to 4 low."""


class RollupFeature(Document):
    """A cell or a zone."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: RollupProperties


class RollupCollection(Document):
    """Cells or zones with what there is in each."""

    model_config = example({
        "type": "FeatureCollection", "of": "speed", "unit": "km/h",
        "features": [{
            "type": "Feature", "id": "tianhe", "geometry": _POINT,
            "properties": {
                "name": "天河区", "count": 42, "mean": 38.2, "min": 8.0, "max": 61.5, "worst_flag": 3,
                "newest": "2026-03-01T23:15:00.000000000Z", "open_alarms": 3, "worst_priority": 2,
            },
        }],
    })  # fmt: skip

    type: Literal["FeatureCollection"]
    of: str | None
    """The quantity or the figure; null: alarms only."""
    unit: str | None
    features: list[RollupFeature]


class CityDocument(Document):
    """The city, and what time it is there."""

    model_config = example({
        "id": "guangzhou", "name": "广州", "name_en": "Guangzhou", "timezone": "Asia/Shanghai",
        "bounds": [113.0, 22.9, 113.6, 23.4], "now": "2026-03-01T23:15:00.000000000Z", "speed": 1.0,
    })  # fmt: skip

    id: str
    name: str
    name_en: str
    timezone: str
    bounds: list[float]
    """West, south, east, north."""
    now: Time
    """By the city's clock."""
    speed: float
    """How many of its seconds a real one has: 1, but in a demonstration."""
