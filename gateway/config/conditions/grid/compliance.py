"""Weeks in which voltages, unbalance, distortion and frequency kept to their limits."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from gateway.config.conditions.grid.nominal import NominalAt, misplaced
from gateway.config.conditions.model import ConditionModel, Input, Positive, Problem, Surroundings
from processors.columns import F64
from processors.conditions.grid.limits import Limits, limits_of

__all__ = ["ComplianceCondition"]

Ratio = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]


class ComplianceCondition(ConditionModel):
    """Share of each local week's values of ten minutes within limits, of frequency of its shortest windows."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"share", "frequency_share", "coverage", "alarm"}

    kind: Literal["compliance"]
    profile: str
    phases: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """Voltages of one kind, V: the one furthest from nominal counts."""
    nominal: Positive = 220.0
    """V, of phases. Limits that are not given follow from it."""
    where: tuple[NominalAt, ...] = ()
    measured: Literal["to-neutral", "between-lines"] | None = None
    """What phases and nominal are; absent: 220 and 230 V to neutral, of single phases, and all others between lines."""
    lines: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """Voltages between lines, for unbalance."""
    thd: str | None = None
    frequency: str | None = None
    voltage_low: Ratio | None = None
    voltage_high: Ratio | None = None
    """Deviation from nominal; absent: GB/T 12325-2008, by the nominal voltage. EN 50160: 10 % both ways (memory)."""
    unbalance_high: Ratio = 0.02
    thd_high: Ratio | None = None
    """Absent: GB/T 14549-93, by the nominal voltage."""
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

    def limits(self, nominal: F64) -> Limits:
        """Of devices with these nominal voltages, in %: those that are given, else those of the standards."""
        found = limits_of(nominal, None if self.measured is None else self.measured == "to-neutral")
        if self.voltage_low is not None and self.voltage_high is not None:
            low, high = np.full_like(nominal, self.voltage_low * 100), np.full_like(nominal, self.voltage_high * 100)
            found = found._replace(low=low, high=high, spread=np.full_like(nominal, np.inf))
        if self.thd_high is not None:
            found = found._replace(thd=np.full_like(nominal, self.thd_high * 100))
        return found

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if not (self.phases or self.lines or self.thd or self.frequency):
            yield "phases", "is missing, and so are lines, thd and frequency", "Name one of them at least."
        if len(self.lines) not in (0, 3):
            yield "lines", f"names {len(self.lines)} voltages", "Name the three between lines."
        if (self.voltage_low is None) != (self.voltage_high is None):
            missing = "voltage_low" if self.voltage_low is None else "voltage_high"
            yield missing, "is missing, though the other limit is given", "Give both, or neither for GB/T 12325."
        elif self.voltage_low is not None and self.voltage_high is not None and self.voltage_low >= self.voltage_high:
            yield "voltage_low", "is not below voltage_high", "Give the lower limit there."
        if self.frequency_low >= self.frequency_high:
            yield "frequency_low", "is not below frequency_high", "Give the lower limit there."
        yield from misplaced(self.where, around)
        yield from self._without_rule()

    def _without_rule(self) -> Iterator[Problem]:
        """Nominal voltages for which a standard is asked and has no rule."""
        at = [("nominal", self.nominal), *((f"where[{n}].nominal", own.nominal) for n, own in enumerate(self.where))]
        limits = self.limits(np.array([nominal for _, nominal in at]))
        for k, (key, nominal) in enumerate(at):
            if self.phases and np.isnan(limits.low[k]):
                remedy = "Give voltage_low and voltage_high, or correct it, or what measured says of it."
                yield key, f"{nominal:g} V: GB/T 12325 has no limits of deviation there", remedy
            if self.thd is not None and np.isnan(limits.thd[k]):
                remedy = "Give thd_high, or correct it, or what measured says of it."
                yield key, f"{nominal:g} V: GB/T 14549 has no limit of distortion there", remedy
