"""Weeks in which voltages, unbalance, distortion and frequency kept to their limits."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.conditions.grid.nominal import NominalAt, misplaced
from gateway.config.conditions.model import ConditionModel, Input, Positive, Problem, Surroundings

__all__ = ["ComplianceCondition"]

Ratio = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class ComplianceCondition(ConditionModel):
    """Share of each local week's values of ten minutes within limits, of frequency of its shortest windows."""

    kind: Literal["compliance"]
    profile: str
    phases: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """Voltages of one kind, V: the one furthest from nominal counts."""
    nominal: Positive = 220.0
    where: tuple[NominalAt, ...] = ()
    lines: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """Voltages between lines, for unbalance."""
    thd: str | None = None
    frequency: str | None = None
    voltage_low: Ratio = -0.10
    voltage_high: Ratio = 0.07
    """Deviation from nominal. GB/T 12325-2008, 220 V; EN 50160: 10 % both ways (memory)."""
    unbalance_high: Ratio = 0.02
    thd_high: Ratio = 0.05
    frequency_low: Positive = 49.8
    frequency_high: Positive = 50.2
    share: Share = 0.95
    """Of the known values that must be within."""
    frequency_share: Share = 0.995
    coverage: Share = 0.9
    """Of the week's values that must be known for a verdict."""
    alarm: bool = True
    """Whether a week that fails is an alarm, until one complies."""

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        named = [
            Input("profile", self.profile, key, quantities, 600)
            for key, quantities in (("phases", self.phases), ("lines", self.lines), ("thd", self.thd and (self.thd,)))
            if quantities
        ]
        if self.frequency is not None:
            named.append(Input("profile", self.profile, "frequency", (self.frequency,)))
        return named or [Input("profile", self.profile, "profile", ())]

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if not (self.phases or self.lines or self.thd or self.frequency):
            yield "phases", "is missing, and so are lines, thd and frequency", "Name one of them at least."
        if len(self.lines) not in (0, 3):
            yield "lines", f"names {len(self.lines)} voltages", "Name the three between lines."
        for low, high in (("voltage_low", "voltage_high"), ("frequency_low", "frequency_high")):
            if getattr(self, low) >= getattr(self, high):
                yield low, f"is not below {high}", "Give the lower limit there."
        yield from misplaced(self.where, around)
