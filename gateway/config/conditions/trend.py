"""Trend: a threshold that a slow change will cross, told ahead of time."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import ConditionModel, Input, NotNegative, Problem, Surroundings
from gateway.config.conditions.places import Place, misplaced

__all__ = ["KINDS", "TrendCondition", "TrendPlace"]

_LEAST_WINDOWS = 8
_FARTHEST = 4
"""So many times as long as a trend was seen is as far as it says anything."""

Finite = Annotated[float, Field(allow_inf_nan=False)]


class TrendPlace(Place):
    """Other thresholds somewhere."""

    high: Finite | None = None
    low: Finite | None = None


class TrendCondition(ConditionModel):
    """Means of windows of which the trend of the last `hours` reaches a threshold within `ahead_hours`."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "ahead_hours",
        "high",
        "low",
        "deadband",
        "hold",
        "errors",
        "where",
    }

    kind: Literal["trend"]
    profile: str
    quantity: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """One, or several that are judged each for itself: the nearest threshold counts."""
    window_secs: Literal[600, 900, 3600]
    hours: Annotated[float, Field(gt=0, le=60 * 24)]
    """The trend is that of so long, and half as long must it have gone on."""
    ahead_hours: Annotated[float, Field(gt=0, le=60 * 24)]
    high: Finite | None = None
    low: Finite | None = None
    deadband: NotNegative = 0.0
    """Nothing is raised nearer to a threshold than this."""
    hold: Annotated[float, Field(ge=1, le=10)] = 1.5
    """What was raised stands until the threshold is `hold` times `ahead_hours` away."""
    errors: Annotated[float, Field(ge=1, le=100)] = 6.0
    """Standard errors that a slope is away from none."""
    where: tuple[TrendPlace, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """All of them."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", self.quantities, self.window_secs),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if self.high is None and self.low is None:
            yield "high", "is missing, and so is low", "Give the threshold that the trend may reach."
        if self.hours * 3600 < _LEAST_WINDOWS * self.window_secs:
            least = f"{_LEAST_WINDOWS * self.window_secs / 3600:g}"
            yield "hours", f"{self.hours:g} is less than {_LEAST_WINDOWS} windows", f"Give {least} or more."
        if self.ahead_hours > _FARTHEST * self.hours:
            remedy = f"Give at most {_FARTHEST} times hours, or more hours."
            yield "ahead_hours", f"{self.ahead_hours:g} is too far for a trend of {self.hours:g} h", remedy
        yield from _apart("low", self.high, self.low, self.deadband)
        for n, where in enumerate(self.where):
            high = self.high if where.high is None else where.high
            low = self.low if where.low is None else where.low
            if where.own:
                yield from _apart(f"where[{n}]", high, low, self.deadband)
        yield from misplaced(self.where, (self.profile,), around, "Give the threshold that goes there.")


def _apart(key: str, high: float | None, low: float | None, deadband: float) -> Iterator[Problem]:
    if high is not None and low is not None and high - deadband <= low + deadband:
        yield key, f"leaves nothing between {low:g} and {high:g}", "Set them apart, or the deadband smaller."


KINDS: tuple[type[ConditionModel], ...] = (TrendCondition,)
