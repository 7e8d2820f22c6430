"""What every condition has: name, title, priorities, delays; and what a kind says of itself, for the checks.

A kind is a frozen model in the file of its domain. `kinds.py` lists them, `checks.py` compares them with what there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.config.profiles import Profile

__all__ = [
    "ConditionModel", "Input", "NotNegative", "Positive", "Problem", "Secs", "Steps", "Surroundings", "Table", "Window",
    "apart", "rising",
]  # fmt: skip

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Secs = Annotated[float, Field(ge=0, le=7 * 86_400)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Steps = Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(max_length=9)]
Window = Literal[60, 600, 900, 3600]
"""Seconds of a mean that can be judged."""

Problem = tuple[str, str, str]
"""Key, problem, remedy."""


@dataclass(frozen=True, slots=True)
class Input:
    """Quantities of a profile that a condition judges, and the keys that name them."""

    profile_key: str
    profile: str
    quantity_key: str
    quantities: Sequence[str]
    window_secs: int | None = None
    """Windows that it needs of them; None: readings."""
    optional: bool = False
    """Where the profile or a quantity is not there, the condition does without."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is besides conditions."""

    profiles: Mapping[str, Profile]
    places: Mapping[str, frozenset[str]]
    """Ids of each kind: zone, asset, device."""


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConditionModel(Table):
    """Keys of every kind. Each kind adds `kind: Literal[...]`."""

    TUNING: ClassVar[frozenset[str]] = frozenset({"title", "priorities", "on_delay_secs", "off_delay_secs", "latching"})
    """Keys that say how it judges, not what it has seen: what it has learned stays when they change."""

    kind: str
    name: Name
    """domain.what, in lower case with hyphens."""
    title: Annotated[str, Field(min_length=1, max_length=80)]
    priorities: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1, max_length=5)]
    """One a level, 1 critical to 4 low; the last one goes for all above."""
    on_delay_secs: Secs = 0.0
    off_delay_secs: Secs = 0.0
    latching: bool = False

    @property
    def domain(self) -> str:
        """traffic, grid, water, gas, drainage, device."""
        return self.name.partition(".")[0]

    @property
    def levels(self) -> int:
        """How many there are."""
        return 1

    def inputs(self) -> Sequence[Input]:
        """What it judges."""
        return ()

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """What is wrong with it besides its types and inputs."""
        yield from ()


def rising(key: str, steps: Sequence[float], falling: bool = False) -> Iterator[Problem]:
    """A problem where `steps` don't ascend (descend), each another."""
    if any((a <= b) if falling else (a >= b) for a, b in pairwise(steps)):
        way = "descend" if falling else "ascend"
        yield key, f"must {way}, each step another", "Order them; level 1 is the first."


def apart(key: str, high: Sequence[float], low: Sequence[float], deadband: float) -> Iterator[Problem]:
    """Between both sides, deadbands included, there must be room for what is normal, or no alarm would ever end."""
    if high and low and high[0] - deadband <= low[0] + deadband:
        yield (
            key,
            f"leaves nothing normal between {low[0]:g} and {high[0]:g}",
            "Set them apart, or the deadband smaller.",
        )
