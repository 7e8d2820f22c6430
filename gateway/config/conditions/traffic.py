"""Conditions of roads."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.conditions.model import (
    ConditionModel,
    Input,
    NotNegative,
    Problem,
    Steps,
    Surroundings,
    Window,
    rising,
)

__all__ = ["KINDS", "CongestionCondition"]


class CongestionCondition(ConditionModel):
    """Speed of a road segment against its learned free flow."""

    kind: Literal["congestion"]
    profile: str
    quantity: str
    window_secs: Window | None = None
    """The mean of so long; absent: every reading, which is a mean already."""
    delay: Steps = (0.5, 0.6, 0.7)
    """Delay time proportions, ascending, above 0 and below 1."""
    deadband: NotNegative = 0.05
    least: Annotated[int, Field(ge=1, le=100_000)] = 144
    """Readings until a segment's own free flow is believed rather than its limit."""
    half_life_days: Annotated[float, Field(ge=0.01, le=3650)] = 15.0
    """How long what was learned counts half."""

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.delay)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", (self.quantity,), self.window_secs),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("delay", self.delay)
        if not self.delay or not all(0 < step < 1 for step in self.delay):
            yield "delay", "needs steps between 0 and 1", "Write such as [0.5, 0.6, 0.7]."


KINDS: tuple[type[ConditionModel], ...] = (CongestionCondition,)
