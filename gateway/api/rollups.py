"""Newest values and open alarms gathered by place: a cell of H3, or a zone. Pure: rows in, features out.

values (place, value, flag, time) --+
                                    +--> place --> count, mean, min, max, worst flag, newest, alarms
open alarms (place, priority) ------+
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import h3

from gateway.api.documents import time_or_none
from gateway.config.city import City

__all__ = ["CELL_RESOLUTION", "Places", "Value", "gathered"]

CELL_RESOLUTION = 9
"""Of devices' cells: the finest there is."""
_FAIL = 4


@dataclass(frozen=True, slots=True)
class Value:
    """A newest value, where it is."""

    place: str
    value: float
    flag: int | None
    """QARTOD; None: figures have none."""
    time: int


@dataclass(slots=True)
class _Gathered:
    values: list[float] = field(default_factory=list)
    worst_flag: int | None = None
    newest: int = 0
    priorities: list[int] = field(default_factory=list)


class Places:
    """Where assets, zones and devices are: their cell of one resolution, or their zone. None: not known."""

    def __init__(self, city: City, resolution: int | None) -> None:
        """`resolution`: of cells; None: zones are asked for."""
        self._resolution = resolution
        self._zones = {zone.id: zone.id for zone in city.zones}
        self._assets = {asset.id: (asset.zone, asset.lon, asset.lat) for asset in city.assets()}

    def of_device(self, zone: str, cell: str) -> str | None:
        """By what the registry says of it."""
        if self._resolution is None:
            return zone or None
        return h3.cell_to_parent(cell, self._resolution) if cell and h3.is_valid_cell(cell) else None

    def of_asset(self, asset: str, zone: str) -> str | None:
        """Of an asset or a zone, which lies in `zone`; a zone has no cell."""
        if self._resolution is None:
            return zone or None
        found = self._assets.get(asset)
        return None if found is None else h3.latlng_to_cell(found[2], found[1], self._resolution)


def gathered(
    values: Iterable[Value], alarms: Iterable[tuple[str, int]], name_of: Callable[[str], str | None]
) -> Mapping[str, dict[str, Any]]:
    """Properties of each place, by its name. What failed a check counts for the worst flag only."""
    found: dict[str, _Gathered] = {}
    for each in values:
        here = found.setdefault(each.place, _Gathered())
        if each.flag is not None:
            here.worst_flag = max(each.flag, here.worst_flag or 0)
        here.newest = max(here.newest, each.time)
        if isfinite(each.value) and each.flag != _FAIL:
            here.values.append(each.value)
    for place, priority in alarms:
        found.setdefault(place, _Gathered()).priorities.append(priority)
    return {place: _properties(found[place], name_of(place)) for place in sorted(found)}


def _properties(here: _Gathered, name: str | None) -> dict[str, Any]:
    values = here.values
    return {
        "name": name, "count": len(values), "mean": sum(values) / len(values) if values else None,
        "min": min(values, default=None), "max": max(values, default=None), "worst_flag": here.worst_flag,
        "newest": time_or_none(here.newest), "open_alarms": len(here.priorities),
        "worst_priority": min(here.priorities, default=None),
    }  # fmt: skip
