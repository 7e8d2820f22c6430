"""Energy balance of feeders: what went in less what the meters counted."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import ConditionModel, Input, NotNegative, Positive, Problem, Surroundings

__all__ = ["EnergyBalanceCondition"]


class EnergyBalanceCondition(ConditionModel):
    """Hours of a zone's registers; a loss above what is usual at that time of day, for hours, is suspicion of theft."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"coverage", "least", "times", "floor"}

    kind: Literal["energy-balance"]
    supply_profile: str
    supply: str
    """Register of what goes into the feeder, kWh."""
    meter_profile: str
    meter: str
    """Register of what a customer takes, kWh."""
    supply_rollover: NotNegative = 0.0
    meter_rollover: NotNegative = 0.0
    """KWh at which registers start again from 0; 0: they never do."""
    gap_secs: Annotated[float, Field(ge=60, le=86_400)] = 3600.0
    """So long between two readings may be bridged; an hour is judged so long after its end."""
    most_kw: Positive = 1000.0
    """More than a customer can take: such a rise of a register is no energy."""
    coverage: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of the customers, by their usual energy, that must be heard."""
    days: Annotated[int, Field(ge=3, le=60)] = 14
    """So many make the usual loss."""
    least: Annotated[int, Field(ge=2, le=60)] = 5
    """Days that must be known at an hour before it is judged."""
    times: Positive = 4.0
    """Robust deviations above usual ..."""
    floor: Positive = 0.004
    """... each of which is at least this, as a ratio of supply."""
    hours: Annotated[int, Field(ge=1, le=168)] = 4
    """So many in a row."""

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (
            Input("supply_profile", self.supply_profile, "supply", (self.supply,)),
            Input("meter_profile", self.meter_profile, "meter", (self.meter,)),
        )

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if self.supply_profile == self.meter_profile:
            remedy = "Give the meters at the heads of feeders a profile of their own."
            yield "meter_profile", "is that of the supply, too", remedy
        if self.least > self.days:
            yield "least", "is more than days", "Give at most as many."
