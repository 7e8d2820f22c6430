"""Where everything is that an alarm or a report can be about, for the city's engine: points, and the zones around."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gateway.config.city import City

__all__ = ["Place", "places_of"]


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A zone or an asset. `kind`: district, feeder or dma for zones, asset for what lies in one."""

    id: str
    kind: str
    zone: str
    """What it lies in: the zone of an asset, the parent of a zone; "" where there is none."""
    points: tuple[tuple[float, float], ...]
    """(lon, lat): a stretch of road has several."""


def places_of(city: "City") -> list[Place]:
    """Every zone and asset."""
    return list(_places(city))


def _places(city: "City") -> Iterator[Place]:
    lines = {segment.id: segment.line for segment in city.segments}
    for zone in city.zones:
        yield Place(zone.id, zone.kind, zone.parent or "", ((zone.lon, zone.lat),))
    for asset in city.assets():
        yield Place(asset.id, "asset", asset.zone, ((asset.lon, asset.lat), *lines.get(asset.id, ())))
