"""Conditions of gas detectors beyond the steps of a single one."""

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
    apart,
    rising,
)

__all__ = ["KINDS", "VotingCondition"]


class VotingCondition(ConditionModel):
    """Steps that two of three or more detectors of an asset agree on."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"high", "low", "deadband"}

    kind: Literal["voting"]
    profile: str
    quantity: str
    high: Steps = ()
    low: Steps = ()
    deadband: NotNegative = 0.0
    validity_secs: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    """How much older than the newest reading of its asset a detector's may be, to vote still."""

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        return max(len(self.high), len(self.low))

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", (self.quantity,)),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if not self.high and not self.low:
            yield "high", "is missing, and so is low", "Give the steps that make levels."
        yield from rising("high", self.high)
        yield from rising("low", self.low, falling=True)
        yield from apart("low", self.high, self.low, self.deadband)
        found = around.profiles.get(self.profile)
        if found is not None and self.validity_secs < found.interval_secs:
            yield (
                "validity_secs",
                f"is shorter than the {found.interval_secs:g} s between two readings of {self.profile}",
                "Give several intervals: else one detector's vote is over before another's comes.",
            )


KINDS: tuple[type[ConditionModel], ...] = (VotingCondition,)
