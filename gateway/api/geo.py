"""GeoJSON as bytes: features, and the cells of H3 as polygons."""

from collections.abc import Iterable, Mapping
from typing import Any

import h3
import msgspec
from starlette.responses import JSONResponse

from gateway.api.problems import problems

__all__ = ["GEO_JSON", "GeoResponse", "cell_shape", "collection", "feature", "geo_documented", "point"]

GEO_JSON = "application/geo+json"


def feature(name: str, geometry: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """One thing with its place."""
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": properties}


def point(lon: float, lat: float) -> dict[str, Any]:
    """Longitude first."""
    return {"type": "Point", "coordinates": (lon, lat)}


def cell_shape(cell: str) -> dict[str, Any]:
    """The edge of a cell, counter-clockwise and closed."""
    ring = [(round(lon, 6), round(lat, 6)) for lat, lon in h3.cell_to_boundary(cell)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def collection(features: Iterable[Mapping[str, Any]], **more: Any) -> bytes:
    """A FeatureCollection; `more` are members of its own."""
    return msgspec.json.encode({"type": "FeatureCollection", **more, "features": list(features)})


class GeoResponse(JSONResponse):
    """For `response_class`."""

    media_type = GEO_JSON


def geo_documented(model: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers GeoJSON."""
    shown = {GEO_JSON: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    known = {"description": "The same as what the asker has (If-None-Match)."}
    return {200: {"description": "GeoJSON.", "content": shown}, 304: known, **problems(*statuses)}
