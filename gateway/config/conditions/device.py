"""Conditions of devices themselves, and of series that no rule is written for."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import ConditionModel, Input, Problem, Secs, Surroundings, Window

__all__ = ["KINDS", "SilenceCondition", "UnusualCondition"]


class SilenceCondition(ConditionModel):
    """A device of which nothing comes."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"intervals", "own_interval", "least_secs"}

    kind: Literal["silence"]
    intervals: Annotated[float, Field(gt=1, le=1000)] = 5.0
    """Usual intervals of the device itself, once they are known; of its profile until then."""
    own_interval: bool = True
    """Go by what is usual for the device; false: by its profile alone."""
    least_secs: Annotated[float, Field(ge=1, le=7 * 86_400)] = 300.0


class UnusualCondition(ConditionModel):
    """What departs from what a series itself has shown: the general detector."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"threshold", "quiet_hours"}

    kind: Literal["unusual"]
    profile: str
    quantity: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """One, or several that are judged each for itself."""
    window_secs: Window | None = None
    """The mean of so long; absent: every reading."""
    off_delay_secs: Secs = 3600.0
    """An anomaly is an instant: so long after the last one the alarm is over."""
    threshold: Annotated[float, Field(ge=2, le=30)] = 4.5
    """Robust sigmas. processors/detectors/README.md says what moves when it moves."""
    warm_days: Annotated[float, Field(ge=0.25, le=60)] = 7.0
    """After the first reading, in which nothing is raised: a week has been seen then."""
    quiet_hours: Annotated[float, Field(ge=0, le=7 * 24)] = 12.0
    """In which a series raises nothing after it raised something."""

    @property
    def quantities(self) -> tuple[str, ...]:
        """All of them."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", self.quantities, self.window_secs),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if self.on_delay_secs:
            yield "on_delay_secs", "must be 0: an anomaly is an instant and holds for no time", "Remove it."


KINDS: tuple[type[ConditionModel], ...] = (SilenceCondition, UnusualCondition)
