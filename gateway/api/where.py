"""In which zone a place is: an asset, a device, or a zone itself."""

from typing import Any

from gateway.link.link import Link

__all__ = ["zone_of_device", "zone_of_place"]


async def zone_of_place(link: Link, place: str) -> str:
    """The zone's id; "" where there is no such place, or it lies in none. Raises as `Link.ask`."""
    if any(zone.id == place for zone in link.city.zones):
        return place
    for asset in link.city.assets():
        if asset.id == place:
            return asset.zone
    return await zone_of_device(link, place)


async def zone_of_device(link: Link, device: str) -> str:
    """That of the device, also where it is called as a place: those met on the wire name themselves. "" as above."""
    found: list[dict[str, Any]] = await link.ask("device_records", devices=[device])
    return str(found[0]["zone"]) if found else ""
