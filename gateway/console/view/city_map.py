"""The map's model: what is drawn where, and what state it is in. JSON-ready; the state goes by differences.

city file --> features (zones, assets, as points and lines)          once
devices' cells --> H3 cells of a kilometre or so                     when devices change
alarms --> {feature: [priority, waits]}                              as they come
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import h3

from gateway.console.view.alarm_book import Alarm
from gateway.console.view.places import Place, Places

__all__ = ["CELL_RESOLUTION", "boundary", "cells_of", "features_of", "geojson", "states_of"]

CELL_RESOLUTION = 7
"""H3: cells of 5 km2, some 1.4 km a side."""

Features = list[dict[str, Any]]


def features_of(places: Places, named: Mapping[str, str]) -> Features:
    """Zones, then assets: id, kind, domain, points; `named`: what people call them."""
    zones = [_feature(zone, named, "zone") for zone in places.zones.values()]
    assets = [_feature(asset, named, asset.kind) for asset in places.assets.values()]
    return [*zones, *assets]


def _feature(place: Place, named: Mapping[str, str], kind: str) -> dict[str, Any]:
    points = place.line if place.line is not None else ((place.lon, place.lat),)
    about: dict[str, Any] = {
        "id": place.id, "kind": kind, "domain": place.domain, "name": named.get(place.id, place.id),
        "at": [[round(lon, 6), round(lat, 6)] for lon, lat in points],
    }  # fmt: skip
    if kind == "zone":
        about["level"] = 0 if place.kind == "district" else 1
    return about


def cells_of(devices: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """H3 cell -> devices in it."""
    found: dict[str, list[str]] = defaultdict(list)
    for device in devices:
        cell = _cell(device)
        if cell:
            found[cell].append(str(device["id"]))
    return dict(sorted(found.items()))


def _cell(device: Mapping[str, Any]) -> str:
    cell = str(device.get("cell") or "")
    if cell and h3.is_valid_cell(cell) and h3.get_resolution(cell) >= CELL_RESOLUTION:
        return str(h3.cell_to_parent(cell, CELL_RESOLUTION))
    if device.get("lon") is not None and device.get("lat") is not None:
        return str(h3.latlng_to_cell(device["lat"], device["lon"], CELL_RESOLUTION))
    return ""


def states_of(
    alarms: Iterable[Alarm], places: Places, devices: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[int]]:
    """Feature -> [priority of its most urgent alarm, whether one waits to be acknowledged]. An alarm of a device shows
    at its asset, and every one in its cell; one of a zone at the zone. What is over or put aside is left out."""
    out: dict[str, list[int]] = {}
    for alarm in alarms:
        if not alarm.stands:
            continue
        for name in _shown_at(alarm, places, devices):
            worst, waits = out.get(name, [9, 0])
            out[name] = [min(worst, alarm.priority), max(waits, int(alarm.waits))]
    return out


def _shown_at(alarm: Alarm, places: Places, devices: Mapping[str, Mapping[str, Any]]) -> set[str]:
    device = devices.get(alarm.asset)
    if device is not None:
        names = {str(device.get("asset") or ""), _cell(device)}
    else:
        place = places.get(alarm.asset)
        names = {alarm.asset}
        if place is not None and place.id in places.assets:
            names.add(str(h3.latlng_to_cell(place.lat, place.lon, CELL_RESOLUTION)))
    return names - {""}


def boundary(cell: str) -> list[list[float]]:
    """Corners of a cell: longitude, latitude."""
    return [[round(lon, 6), round(lat, 6)] for lat, lon in h3.cell_to_boundary(cell)]


def geojson(features: Sequence[Mapping[str, Any]], states: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """The same as GeoJSON (RFC 7946), for whoever has a map of their own."""
    out = []
    for feature in features:
        line = len(feature["at"]) > 1
        geometry = {
            "type": "LineString" if line else "Point",
            "coordinates": feature["at"] if line else feature["at"][0],
        }
        priority = states.get(feature["id"], (None,))[0]
        about = {key: value for key, value in feature.items() if key != "at"} | {"priority": priority}
        out.append({"type": "Feature", "id": feature["id"], "geometry": geometry, "properties": about})
    return {"type": "FeatureCollection", "features": out}
