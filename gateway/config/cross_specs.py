"""Which quantities of a record must fit together: the tables [[cross_checks.RULE]] of a profile.

Each names fields of the profile, and the first is the one that is flagged. Values are in the field's own unit. The
rules and sources: processors/quality/cross_quantity.py.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CrossChecksSpec", "FlowThroughClosedValve", "PowerWithoutItsParts", "SpeedWithoutFlow", "canonical_units"]

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpeedWithoutFlow(_Rule):
    """Nobody passed, yet they were fast."""

    speed: str
    """Field of a speed; flagged."""
    flow: str
    """Field of vehicles an hour, of the same interval."""
    no_flow: NotNegative = 0.0
    """So little is nobody."""
    fastest: NotNegative
    """What the speed may still be."""


class PowerWithoutItsParts(_Rule):
    """The power is not the sum of U * I * PF of the phases."""

    power: str
    """Field of the active power of all phases; flagged."""
    voltage: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    """Fields, a phase each, phase to neutral."""
    current: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    power_factor: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    """One field for all phases, or one each."""
    suspect: Annotated[float, Field(ge=0, le=1)]
    """Share of the larger of the two that they may differ by; 0: no such level."""
    fail: Annotated[float, Field(ge=0, le=1)] = 0.0
    floor: Positive
    """A power below which a difference counts as a share of this."""


class FlowThroughClosedValve(_Rule):
    """Something flows where nothing can."""

    flow: str
    """Field of a flow, in either direction; flagged."""
    opening: str
    """Field of the valve's opening, a ratio."""
    closed: Annotated[float, Field(ge=0)] = 0.01
    """No further open is closed."""
    leakage: NotNegative
    """What may pass all the same."""


class CrossChecksSpec(_Rule):
    """Quantities of one record that are compared with each other."""

    speed_without_flow: tuple[SpeedWithoutFlow, ...] = ()
    power_without_its_parts: tuple[PowerWithoutItsParts, ...] = ()
    flow_through_closed_valve: tuple[FlowThroughClosedValve, ...] = ()


_UNITS: dict[type[_Rule], dict[str, tuple[str, ...]]] = {
    SpeedWithoutFlow: {"speed": ("km/h",), "flow": ("veh/h",)},
    PowerWithoutItsParts: {"power": ("kW",), "voltage": ("V",), "current": ("A",), "power_factor": ("1", "ratio")},
    FlowThroughClosedValve: {"flow": ("m3/h",), "opening": ("ratio",)},
}


def canonical_units(rule: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(key, field that it names, canonical units that the field may have) of a rule; of a draft what it holds."""
    for key, units in _UNITS[type(rule)].items():
        named = vars(rule).get(key, ())
        for name in (named,) if isinstance(named, str) else named:
            yield key, name, units
