"""Unbalance of the voltages between lines."""

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
    rising,
)

__all__ = ["Lines", "UnbalanceCondition"]

Lines = Annotated[tuple[str, ...], Field(min_length=3, max_length=3)]


class UnbalanceCondition(ConditionModel):
    """Values of ten minutes, and each local day the one that 95 % of them do not exceed."""

    kind: Literal["unbalance"]
    profile: str
    lines: Lines
    """Voltages ab, bc, ca between lines; those of phases do not tell unbalance."""
    high: Steps = (0.02, 0.04)
    """Ratio of negative to positive sequence. GB/T 15543-2008: 2 %, for a short time 4 %."""
    deadband: NotNegative = 0.002

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.high)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "lines", self.lines, 600),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        yield from rising("high", self.high)
        if not self.high or not all(0 < step < 1 for step in self.high):
            yield "high", "needs steps between 0 and 1", "Write ratios such as [0.02, 0.04]."
