"""Conditions of drains: how full, how fast the water rises, and whether rain explains it.

Each takes levels of one profile or of several. A built-in one does without profiles of its list that a city does not
have, but for the first; in a file of one's own each must be there.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import (
    ConditionModel,
    Input,
    NotNegative,
    Positive,
    Problem,
    Steps,
    Surroundings,
    rising,
)
from gateway.config.conditions.places import Place, misplaced
from gateway.config.profiles import Profile
from gateway.config.units import conversion

__all__ = ["KINDS", "BlockageCondition", "BlockagePlace", "FillingCondition", "FillingPlace", "RiseCondition",
           "RisePlace"]  # fmt: skip

_REMEDY = "Give what differs there."
LONGEST_RISE = 4
"""A level older than so many times `over_secs` is no base of a rate."""


class _LevelCondition(ConditionModel):
    """Judges levels, m above the invert (of a well without a pipe: above its floor)."""

    profile: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    quantity: str

    @property
    def profiles(self) -> tuple[str, ...]:
        """All of them."""
        return (self.profile,) if isinstance(self.profile, str) else self.profile

    def _levels(self, window_secs: int | None = None) -> Sequence[Input]:
        names = (self.quantity,)
        return [
            Input("profile", name, "quantity", names, window_secs, optional=k > 0)
            for k, name in enumerate(self.profiles)
        ]

    def _absent(self, around: Surroundings) -> Iterator[Problem]:
        """Profiles beyond the first, which a city may not have; whoever writes them down wants them judged."""
        for k, name in enumerate(self.profiles):
            if self.profiles.index(name) < k:
                yield "profile", f"{name!r} is there twice", "Name each once."
            elif k and name not in around.profiles:
                yield "profile", f"{name!r} is no profile", f"Name some of {', '.join(sorted(around.profiles))}."
            elif k and self.quantity not in around.profiles[name].fields:
                remedy = f"Name one of {', '.join(around.profiles[name].fields)}."
                yield "quantity", f"{self.quantity!r} is no quantity of {name}", remedy
            elif _is_no_length(around.profiles.get(name), self.quantity):
                yield "quantity", f"{self.quantity!r} of {name} is no level", "Name one in m, cm, mm or ft."


class FillingPlace(Place):
    """Other limits somewhere."""

    filling: Positive | None = None
    margin_m: NotNegative | None = None


class FillingCondition(_LevelCondition):
    """Level 1 high, 2 surcharge (over the pipe's crown), 3 risk of overflow (near the street)."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"filling", "margin_m", "deadband_m", "where"}

    kind: Literal["filling"]
    filling: Positive = 0.8
    """Filling degree (level / diameter) of level 1."""
    margin_m: NotNegative = 0.5
    """Below the street, or the height at which it spills: level 3."""
    deadband_m: NotNegative = 0.05
    where: tuple[FillingPlace, ...] = ()

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return 3

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return self._levels()

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from self._absent(around)
        yield from misplaced(self.where, self.profiles, around, _REMEDY)


class RisePlace(Place):
    """Other steps somewhere."""

    rise: Steps | None = None
    """Empty: none there."""


class RiseCondition(_LevelCondition):
    """Rate at which a level rises."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"rise", "deadband", "where"}

    kind: Literal["rise"]
    rise: Steps
    """m/h, ascending."""
    deadband: NotNegative = 0.0
    over_secs: Annotated[float, Field(ge=60, le=86_400)] = 900.0
    """The rate is that of so long, or somewhat longer."""
    where: tuple[RisePlace, ...] = ()

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return max(len(self.rise), *(len(each.rise or ()) for each in self.where), 0)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return self._levels()

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from self._absent(around)
        if not self.rise:
            yield "rise", "has no step", "Give the rates (m/h) that make levels."
        yield from self._steps("rise", self.rise)
        for n, where in enumerate(self.where):
            yield from self._steps(f"where[{n}].rise", where.rise or ())
        yield from misplaced(self.where, self.profiles, around, _REMEDY)
        for name in self.profiles:
            profile = around.profiles.get(name)
            if profile is not None and profile.interval_secs > LONGEST_RISE * self.over_secs:
                problem = f"is too short for {name}, which sends every {profile.interval_secs:g} s"
                yield "over_secs", problem, f"Give at least {profile.interval_secs / LONGEST_RISE:g}."

    def _steps(self, key: str, steps: Sequence[float]) -> Iterator[Problem]:
        yield from rising(key, steps)
        if steps and steps[0] <= self.deadband:
            yield key, "does not begin above the deadband", "A level that stands still must be able to end an alarm."


class BlockagePlace(Place):
    """Other limits somewhere."""

    wet_mm: Positive | None = None
    times: Positive | None = None
    least_excess_m: Positive | None = None
    enough_rain_mm: Positive | None = None
    least_response_m: Positive | None = None


class BlockageCondition(_LevelCondition):
    """Level 1: no response to rain; level 2: backed up in dry weather."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "times",
        "least_excess_m",
        "enough_rain_mm",
        "least_response_m",
        "where",
        "least_count",
    }

    kind: Literal["blockage"]
    rain_profile: str
    rain: str
    """Depth of rain since the reading before."""
    window_secs: Literal[900, 3600] = 900
    wet_mm: Positive = 0.2
    """From so much rain in a window on it rains: one tip of many gauges."""
    dry_for_secs: Annotated[float, Field(ge=900, le=7 * 86_400)] = 21_600.0
    """Dry weather is so long without rain."""
    times: Positive = 4.0
    """Backed up: more than so many spreads ..."""
    least_excess_m: Positive = 0.15
    """... and more than this above what is usual at that hour."""
    enough_rain_mm: Positive = 8.0
    """A rain of so much ..."""
    least_response_m: Positive = 0.03
    """... must raise the level by this ..."""
    response_secs: Annotated[float, Field(ge=900, le=86_400)] = 5_400.0
    """... within so long."""
    gain: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Share of a new level in what is usual."""
    least_count: Annotated[int, Field(ge=1, le=10_000)] = 12
    """Windows of an hour of the day until it is judged."""
    where: tuple[BlockagePlace, ...] = ()

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return 2

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        rain = Input("rain_profile", self.rain_profile, "rain", (self.rain,), self.window_secs)
        return [*self._levels(self.window_secs), rain]

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from self._absent(around)
        yield from misplaced(self.where, self.profiles, around, _REMEDY)
        if self.rain_profile in self.profiles and self.rain == self.quantity:
            yield "rain", "is the level itself", "Name the quantity of the gauges."
        elif _is_no_length(around.profiles.get(self.rain_profile), self.rain):
            yield "rain", f"{self.rain!r} is no depth of rain", "Name one in mm (not the intensity, in mm/h)."


def _is_no_length(profile: Profile | None, quantity: str) -> bool:
    if profile is None or quantity not in profile.fields:
        return False
    unit = profile.fields[quantity].unit or "1"
    return conversion(unit, senml=profile.is_senml).canonical != "m"


KINDS: tuple[type[ConditionModel], ...] = (FillingCondition, RiseCondition, BlockageCondition)
