"""One fault, and those that hold for a whole run, as a list such as `duplicate=0.02,late=0.05:90,clock=0.01:94608000`.

A part of the list is a fault's name, the share of messages (or of devices) that it hits, and for some a size; the
table of catalogue.py has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from device_sims.city.devices import Device
from device_sims.faults.catalogue import RULES
from device_sims.troubles.trouble import Place
from device_sims.world.local_time import SECOND

__all__ = ["Fault", "Faults", "checked_size"]


EVERYWHERE = Place()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong on the way. Times are UTC ns."""

    name: str
    place: Place = EVERYWHERE
    profile: str = ""
    """Only devices of this profile; "": of any."""
    quantity: str = ""
    """What a value fault changes; "": the first of its kind, or all of them (stuck)."""
    start: int | None = None
    """None: before the run."""
    end: int | None = None
    """None: after the run."""
    size: float = 0.0
    share: float = 1.0
    """Of the messages, or of the devices."""
    channel: str = ""
    """Which noise chooses what it hits; two faults of one name choose independently."""
    sentence: str = ""
    """What an operator should see."""

    def has(self, device: Device) -> bool:
        """Whether the device is one that it may hit."""
        return (not self.profile or device.profile == self.profile) and self.place.has(device)

    @property
    def length(self) -> int:
        """The size as nanoseconds."""
        return round(self.size * SECOND)


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of a run; those of one place and time come together."""

    every: tuple[Fault, ...] = ()

    @classmethod
    def parse(cls, specification: str) -> Self:
        """Read a specification; an empty one has no faults.

        Raises:
            ValueError: it names an unknown fault, one twice, or a share or size that can't be.
        """
        found: dict[str, Fault] = {}
        for part in filter(None, (text.strip() for text in specification.split(","))):
            name, _, rest = part.partition("=")
            share, colon, size = rest.partition(":")
            if name not in RULES:
                raise ValueError(f"unknown fault {name!r}; there are {', '.join(RULES)}")
            if name in found:
                raise ValueError(f"{name} is given twice; once is enough")
            chance = _number(share, f"the share of {name}")
            if not 0.0 <= chance <= 1.0:
                raise ValueError(f"the share of {name} must lie between 0 and 1, not {share}")
            given = _number(size, f"the size of {name}") if colon else None
            try:
                found[name] = Fault(name, size=checked_size(name, given), share=chance, channel=name)
            except ValueError as error:
                raise ValueError(f"{error}: {part}") from error
        return cls(tuple(found.values()))

    def and_(self, more: Sequence[Fault]) -> "Faults":
        """These and those of a scenario."""
        return Faults((*self.every, *more))


def checked_size(name: str, size: float | None) -> float:
    """The size of the fault `name`, or what holds where none is given.

    Raises:
        ValueError: it must have one, can't have one, or not this one.
    """
    rule = RULES[name]
    if size is None:
        if rule.size and rule.default is None:
            raise ValueError(f"{name} needs a size ({rule.size})")
        return rule.default or 0.0
    if not rule.size:
        raise ValueError(f"{name} takes no size")
    if rule.least is not None and size != rule.default and not size > rule.least:
        raise ValueError(f"the size of {name} must be above {rule.least:g}, not {size:g}")
    if size > rule.most:
        raise ValueError(f"the size of {name} must be at most {rule.most:,.0f}, not {size:,.0f}")
    return size


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError(f"{what} is {text!r}, which is no number") from error
    if number != number or abs(number) == float("inf"):  # noqa: PLR0124 - NaN only differs from itself
        raise ValueError(f"{what} is {text!r}, which is no number that it can be")
    return number
