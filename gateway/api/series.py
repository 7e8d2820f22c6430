"""Which series a question is about: named as device or device:quantity, within the asker's zones."""

from collections.abc import Sequence
from typing import Any

from gateway.access.principal import Principal
from gateway.api.doors import zone_of
from gateway.api.problems import Problem
from gateway.link.link import Link, Series

__all__ = ["check_zones", "named_series"]


def named_series(devices: Sequence[str], series: Sequence[str], most: int) -> list[Series]:
    """Those that are named; a device stands for all that it has. Raises Problem."""
    named: list[Series] = [(each, "") for each in devices]
    for each in series:
        name, colon, quantity = each.rpartition(":")
        if not colon or not name or not quantity:
            raise Problem("wrong-question", f"series: {each!r} has no quantity.", "Write device:quantity.")
        named.append((name, quantity))
    if len(named) > most:
        raise Problem("too-much", f"These are {len(named)} series.", f"Ask for {most} at most in one question.")
    return named


async def check_zones(link: Link, who: Principal, series: Sequence[Series]) -> None:
    """Refuse series of devices that `who` may not see, as if they were not there. Raises Problem."""
    if not who.zones:
        return
    names = list(dict.fromkeys(name for name, _ in series))
    records: list[dict[str, Any]] = await link.ask("device_records", devices=names)
    zones = {each["id"]: each["zone"] for each in records}
    for name in names:
        zone_of(who, zones.get(name, ""), f"device {name!r}")
