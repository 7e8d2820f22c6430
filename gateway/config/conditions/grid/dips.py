"""Sags, swells and interruptions: records of devices that measure half cycles, or telemetry of meters."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.grid.nominal import NominalAt, misplaced
from gateway.config.conditions.model import ConditionModel, Input, Positive, Problem, Surroundings

__all__ = ["DipsCondition"]

Share = Annotated[float, Field(gt=0, lt=1)]


class DipsCondition(ConditionModel):
    """Level 1: a sag or swell of up to 3 s, or momentary or longer; 2: a longer one; 3: an interruption."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"sag", "swell", "hysteresis", "interruption"}

    kind: Literal["dips"]
    profile: str
    event: str | None = None
    """Of records: quantity with the kind of event: 1 none, 2 sag, 3 swell, 4 interruption."""
    duration: str | None = None
    """Of records: quantity in s; missing of an event that goes on."""
    residual: str | None = None
    """Of records: quantity, ratio of nominal."""
    phases: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """Of telemetry: quantities with the voltage of each phase."""
    nominal: Positive = 220.0
    """Of telemetry: V."""
    where: tuple[NominalAt, ...] = ()
    sag: Share = 0.9
    swell: Annotated[float, Field(gt=1, le=3)] = 1.1
    hysteresis: Annotated[float, Field(ge=0, le=0.1)] = 0.02
    interruption: Share = 0.1

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return 3

    @property
    def of_records(self) -> tuple[str, ...]:
        """Event, duration, residual, as far as they are given."""
        return tuple(name for name in (self.event, self.duration, self.residual) if name is not None)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        if self.phases:
            return (Input("profile", self.profile, "phases", self.phases),)
        keys = [key for key in ("event", "duration", "residual") if getattr(self, key) is not None]
        return [Input("profile", self.profile, key, (getattr(self, key),)) for key in keys]

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if bool(self.phases) == bool(self.of_records) or len(self.of_records) not in (0, 3):
            remedy = "Give phases for telemetry, or event, duration and residual for records."
            yield "phases", "and event, duration, residual: needs either the one or all of the others", remedy
        if self.interruption >= self.sag:
            yield "interruption", "is not below sag", "Give less, such as 0.1."
        yield from misplaced(self.where, around)
