"""Nominal voltages that differ by place."""

from collections import Counter
from collections.abc import Iterator, Sequence

from gateway.config.conditions.model import Positive, Problem, Surroundings, Table

__all__ = ["NominalAt", "misplaced", "nominal_of"]


class NominalAt(Table):
    """Another nominal voltage somewhere. The narrowest place counts: device, then asset, then zone."""

    zone: str | None = None
    asset: str | None = None
    device: str | None = None
    nominal: Positive

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Kind and id of the places that it names; one is right."""
        named = (("zone", self.zone), ("asset", self.asset), ("device", self.device))
        return tuple((kind, place) for kind, place in named if place is not None)


def misplaced(tables: Sequence[NominalAt], around: Surroundings) -> Iterator[Problem]:
    """What is wrong with the places. Devices may be met on the wire, so any name will do for one."""
    times = Counter(table.places for table in tables)
    for n, table in enumerate(tables):
        if len(table.places) != 1:
            yield f"where[{n}]", "needs one of zone, asset and device", "Write a table for each place."
            continue
        ((kind, place),) = table.places
        if kind != "device" and place not in around.places[kind]:
            yield f"where[{n}].{kind}", f"{place!r} is no {kind}", "Name one of city.toml."
        elif times[table.places] > 1:
            yield f"where[{n}].{kind}", f"{place!r} is there twice", "Write one table for it."


def nominal_of(tables: Sequence[NominalAt], usual: float, zone: str, asset: str, device: str) -> float:
    """The nominal voltage of a device."""
    at = {table.places[0]: table.nominal for table in tables}
    for place in (("zone", zone), ("asset", asset), ("device", device)):
        usual = at.get(place, usual)
    return usual
