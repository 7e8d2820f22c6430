"""Titles of conditions, as people read them; asked for again every minute."""

import time
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from gateway.link.link import Link

__all__ = ["titles_of"]

_FRESH_SECS = 60.0
_kept: WeakKeyDictionary[Link, tuple[float, Mapping[str, str]]] = WeakKeyDictionary()


async def titles_of(link: Link) -> Mapping[str, str]:
    """Title of each condition by its name. Raises as `Link.ask`."""
    known = _kept.get(link)
    if known is None or time.monotonic() - known[0] > _FRESH_SECS:
        found = {str(each["name"]): str(each["title"]) for each in await link.ask("conditions")}
        known = _kept[link] = time.monotonic(), found
    return known[1]
