"""How the city goes on beyond its seeds: copies of all of it, with names by rule and shifted to where nothing is yet.

    copy 0 = the seeds     copy 1: loop-0001-c1 on tianhe-road-1-c1 in tianhe-c1     copy 2: ...-c2     without end

Each copy has its own square of a spiral around the seeds' one, so no two of them touch.
"""

import re

__all__ = ["copy_key", "copy_name", "original", "shift"]

MARGIN = 0.05
"""Degrees between two copies."""
_HEX = re.compile(r"[0-9a-fA-F]{16}(?=:?$)")
_KEYS = 256
"""Numbers that one kind of EUI has for a copy; the seeds use fewer."""


def copy_name(name: str, copy: int) -> str:
    """The name of a zone, an asset or a device in a copy; nothing has none."""
    return f"{name}-c{copy}" if copy and name else name


def original(name: str, copy: int) -> str:
    """The name in the seeds of what is called `name` in a copy: what is known of it there holds here too."""
    return name.removesuffix(f"-c{copy}") if copy else name


def copy_key(key: str, copy: int) -> str:
    """The key on the wire of a device: an EUI-64 is counted on, anything else is named as its copy."""
    if not copy:
        return key
    found = _HEX.search(key)
    if found is None:
        return copy_name(key, copy)
    text = found.group()
    counted = f"{int(text, 16) + copy * _KEYS:016x}"
    return key[: found.start()] + (counted.upper() if text.upper() == text else counted) + key[found.end() :]


def shift(copy: int, bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    """Degrees by which a copy lies east and north of the seeds, whose `bounds` are (west, south, east, north)."""
    column, row = _spiral(copy)
    west, south, east, north = bounds
    return column * (east - west + MARGIN), row * (north - south + MARGIN)


def _spiral(number: int) -> tuple[int, int]:
    """Column and row of a square: 0 in the middle, then ring by ring, from the south-east corner on to the north."""
    ring = 0
    while (2 * ring + 1) ** 2 <= number:
        ring += 1
    if not ring:
        return 0, 0
    side, along = divmod(number - (2 * ring - 1) ** 2, 2 * ring)
    far = along + 1 - ring
    return ((ring, far), (-far, ring), (-ring, -far), (far, -ring))[side]
