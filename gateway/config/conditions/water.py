"""Conditions of metered areas (DMA): leaks by night, the balance of a day; and jumps of pressure."""

from collections import Counter
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
    Table,
    rising,
)
from gateway.config.units import UnknownUnitError, conversion

__all__ = ["KINDS", "AreaCondition", "AreaWhere", "NightFlowCondition", "TransientCondition", "WaterBalanceCondition"]

QUARTER = 900
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):(00|15|30|45)$")]


class AreaWhere(Table):
    """What holds in one metered area."""

    zone: str
    floor: Positive | None = None
    legitimate: NotNegative | None = None


class AreaCondition(ConditionModel):
    """Flows over the border of an area, and levels of the tanks in it, as means of a quarter of an hour."""

    flow_profile: str
    flow: str
    level_profile: str | None = None
    """Gauges of tanks; without them, or where this profile is not there, no tank's change is known."""
    level: str | None = None
    level_rate: Positive = 2.0
    """m/h: faster no tank's level changes; what a gauge says beside such a jump counts as not known."""

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        flows = Input("flow_profile", self.flow_profile, "flow", (self.flow,), QUARTER)
        if self.level_profile is None or self.level is None:
            return (flows,)
        return (flows, Input("level_profile", self.level_profile, "level", (self.level,), QUARTER, optional=True))

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from _in_unit(around, self.flow_profile, "flow", self.flow, "m3/h")
        yield from _in_unit(around, self.level_profile, "level", self.level, "m")


class NightFlowCondition(AreaCondition):
    """Least flow of each night into an area: a lasting step or rise of it is a leak."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "least_coverage", "floor", "per_connection", "where", "level_rate"
    }  # fmt: skip

    kind: Literal["night-flow"]
    night: tuple[ClockTime, ClockTime] = ("02:00", "05:00")
    """By the city's clocks."""
    least_coverage: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the night's quarter hours that must be known."""
    floor: Positive = 1.0
    """m3/h: about the scatter of quiet nights."""
    per_connection: NotNegative | None = None
    """L/h that a connection takes at night."""
    new_usual_nights: Annotated[int, Field(ge=1, le=3650)] = 30
    """So long after its last rise the new flow is taken for the usual one."""
    where: tuple[AreaWhere, ...] = ()

    @property
    def night_minutes(self) -> tuple[int, int]:
        """Minutes after midnight of begin and end; the end is that of the next day where it isn't later."""
        begin, end = (int(each[:2]) * 60 + int(each[3:]) for each in self.night)
        return begin, end if end > begin else end + 1440

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from super().problems(around)
        begin, end = self.night_minutes
        if not 60 <= end - begin <= 720:
            yield "night", f"lasts {end - begin} minutes", "Give from one hour to twelve, such as 02:00 to 05:00."
        times = Counter(where.zone for where in self.where)
        for n, where in enumerate(self.where):
            at = f"where[{n}]"
            if where.floor is None and where.legitimate is None:
                yield at, "needs floor or legitimate", "Give what is another there, or remove it."
            if where.zone not in around.places["zone"]:
                yield f"{at}.zone", f"{where.zone!r} is no zone", "Name one of city.toml."
            elif times[where.zone] > 1:
                yield f"{at}.zone", f"{where.zone!r} is there twice", "Write one table for it."


class WaterBalanceCondition(AreaCondition):
    """What went into an area in a local day and was neither passed on, stored nor metered."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "least_coverage", "least_metered", "share", "deadband", "level_rate"
    }  # fmt: skip

    kind: Literal["water-balance"]
    metered_profile: str | None = None
    """Customers' meters; without them, or where this profile is not there, nothing is known of the use."""
    metered: str | None = None
    """A counter in m3."""
    least_coverage: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of the day's quarter hours that each meter at the border must have."""
    least_metered: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the area's customers' meters that must have counted."""
    share: Steps = ()
    """Shares of the supply that are unaccounted for, ascending, above 0 and below 1; none: figures only."""
    deadband: NotNegative = 0.02

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.share)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        found = tuple(super().inputs())
        if self.metered_profile is None or self.metered is None:
            return found
        return (*found, Input("metered_profile", self.metered_profile, "metered", (self.metered,), None, optional=True))

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from super().problems(around)
        yield from _in_unit(around, self.metered_profile, "metered", self.metered, "m3")
        yield from rising("share", self.share)
        if not all(0 < step < 1 for step in self.share):
            yield "share", "needs steps between 0 and 1", "Write such as [0.15, 0.3]."
        if self.share and (self.metered_profile is None or self.metered is None):
            yield "share", "needs customers' meters", "Name metered_profile and metered, or remove it."


class TransientCondition(ConditionModel):
    """Pressure that changes by much within a short time."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"amplitude", "rate"}

    kind: Literal["transient"]
    profile: str
    quantity: str
    amplitude: Positive
    """kPa between two readings ..."""
    rate: Positive
    """... and kPa/s ..."""
    within_secs: Annotated[float, Field(gt=0, le=3600)]
    """... no further apart than this."""

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", (self.quantity,)),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from _in_unit(around, self.profile, "quantity", self.quantity, "kPa")
        found = around.profiles.get(self.profile)
        if found is not None and self.within_secs < found.interval_secs:
            yield (
                "within_secs",
                f"is shorter than the {found.interval_secs:g} s between two readings of {self.profile}",
                "Give more: two readings are compared.",
            )


def _in_unit(around: Surroundings, profile: str | None, key: str, quantity: str | None, unit: str) -> Iterator[Problem]:
    """The arithmetic is in that unit. What is not there is said elsewhere."""
    known = around.profiles.get(profile or "")
    if known is None or quantity not in known.fields:
        return
    wire = known.fields[quantity].unit
    try:
        stored = conversion(wire, senml=known.is_senml).canonical
    except UnknownUnitError:
        return
    if wire and stored != unit:
        yield key, f"{quantity!r} of {profile} is in {stored}", f"Name a quantity in {unit}."


KINDS: tuple[type[ConditionModel], ...] = (NightFlowCondition, WaterBalanceCondition, TransientCondition)
