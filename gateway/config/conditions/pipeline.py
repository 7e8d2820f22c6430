"""Conditions of water, gas and drainage networks."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import ConditionModel, Input, Positive, Problem, Surroundings, Window

__all__ = ["KINDS", "BurstCondition"]


class BurstCondition(ConditionModel):
    """A step of an area's inflow together with a fall of its pressure."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"times", "least_flow", "least_pressure"}

    kind: Literal["burst"]
    flow_profile: str
    flow: str
    pressure_profile: str
    pressure: str
    window_secs: Window
    """Means of so long."""
    size: Annotated[int, Field(ge=4, le=96)] = 12
    """Windows that make the base."""
    within_secs: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    """Flow and pressure must step within so long."""
    times: Positive = 6.0
    """Spreads that make a step."""
    least_flow: Positive = 20.0
    """A smaller step is none."""
    least_pressure: Positive = 25.0

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (
            Input("flow_profile", self.flow_profile, "flow", (self.flow,), self.window_secs),
            Input("pressure_profile", self.pressure_profile, "pressure", (self.pressure,), self.window_secs),
        )

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if self.within_secs < self.window_secs:
            yield "within_secs", "is shorter than the window", "Give at least window_secs."


KINDS: tuple[type[ConditionModel], ...] = (BurstCondition,)
