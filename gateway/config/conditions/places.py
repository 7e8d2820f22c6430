"""Other thresholds somewhere: the tables [[conditions.where]] of a condition.

The narrowest place counts, for each key by itself: device, then asset, then zone, then the condition's own value.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.config.conditions.model import Problem, Surroundings, Table

__all__ = ["Place", "Thresholds", "misplaced"]

_KINDS = ("zone", "asset", "device")
"""From the widest to the narrowest."""


class Place(Table):
    """One of zone, asset and device. A kind of condition adds the keys that may differ there; None: as elsewhere."""

    zone: str | None = None
    asset: str | None = None
    device: str | None = None

    @property
    def kind(self) -> str:
        """zone, asset or device."""
        return next((kind for kind in _KINDS if getattr(self, kind) is not None), "")

    @property
    def place(self) -> str:
        """Its id."""
        return getattr(self, self.kind) if self.kind else ""

    @property
    def own(self) -> dict[str, Any]:
        """What differs there."""
        names = [name for name in type(self).model_fields if name not in _KINDS]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class Thresholds:
    """Looked up once for each device that is met."""

    def __init__(self, where: Sequence[Place]) -> None:
        self._own = {(each.kind, each.place): each.own for each in where}

    def at(self, zone: str, asset: str, device: str) -> Mapping[str, Any]:
        """What differs for a device."""
        found: dict[str, Any] = {}
        for place in zip(_KINDS, (zone, asset, device), strict=True):
            found |= self._own.get(place, {})
        return found


def misplaced(where: Sequence[Place], profiles: Sequence[str], around: Surroundings, remedy: str) -> Iterator[Problem]:
    """What is wrong with the places themselves. `profiles`: those that are judged; `remedy`: what a place is for."""
    times = Counter((each.kind, each.place) for each in where)
    for n, each in enumerate(where):
        at = f"where[{n}]"
        if sum(getattr(each, kind) is not None for kind in _KINDS) != 1:
            yield at, "needs one of zone, asset and device", "Write a table for each place."
            continue
        if not each.own:
            names = [name for name in type(each).model_fields if name not in _KINDS]
            yield at, f"needs {' or '.join(names)}", remedy
        if not _is_there(each, profiles, around):
            file = "the devices file" if each.kind == "device" else "city.toml"
            yield f"{at}.{each.kind}", f"{each.place!r} is no {each.kind}", f"Name one of {file}."
        elif times[each.kind, each.place] > 1:
            yield f"{at}.{each.kind}", f"{each.place!r} is there twice", "Write one table for it."


def _is_there(where: Place, profiles: Sequence[str], around: Surroundings) -> bool:
    """Devices may be met on the wire, but for those of profiles that take listed ones only."""
    known = [around.profiles.get(name) for name in profiles]
    if where.kind == "device" and any(each is None or each.provisioning.policy != "closed" for each in known):
        return True
    return where.place in around.places[where.kind]
