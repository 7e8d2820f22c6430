"""Unbalance of voltages: between lines, or phasors."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

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

__all__ = ["UnbalanceCondition"]

Three = Annotated[tuple[str, ...], Field(max_length=3)]


class UnbalanceCondition(ConditionModel):
    """Values of ten minutes, and each local day the one that 95 % of them do not exceed."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"high", "deadband"}

    kind: Literal["unbalance"]
    profile: str
    lines: Three = ()
    """Voltages ab, bc, ca between lines; those of phases do not tell unbalance without their angles."""
    phases: Three = ()
    """Magnitudes of the phasors a, b, c, in place of `lines`."""
    angles: Three = ()
    """Their angles. They are averaged over a minute: give them against one of the three, far from a half turn."""
    high: Steps = (0.02, 0.04)
    """Ratio of negative to positive sequence. GB/T 15543-2008: 2 %, for a short time 4 %."""
    deadband: NotNegative = 0.002

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return len(self.high)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        named = (("lines", self.lines), ("phases", self.phases), ("angles", self.angles))
        some = [Input("profile", self.profile, key, quantities, 600) for key, quantities in named if quantities]
        return some or [Input("profile", self.profile, "profile", ())]

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        for key, quantities in (("lines", self.lines), ("phases", self.phases), ("angles", self.angles)):
            if len(quantities) not in (0, 3):
                yield key, f"names {len(quantities)} quantities", "Name three."
        if bool(self.lines) == bool(self.phases):
            both = "is beside phases" if self.lines else "is missing, and so are phases"
            yield "lines", both, "Name three voltages between lines, or phases with angles."
        if bool(self.phases) != bool(self.angles):
            yield "angles", "don't go with phases", "Name the angles of the three phases, or neither."
        yield from rising("high", self.high)
        if not self.high or not all(0 < step < 1 for step in self.high):
            yield "high", "needs steps between 0 and 1", "Write ratios such as [0.02, 0.04]."
