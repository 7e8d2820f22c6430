"""Steps: readings, or means of windows, against ascending or descending thresholds, which may differ by place."""

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
    Window,
    apart,
    rising,
)
from gateway.config.conditions.places import Place, misplaced

__all__ = ["KINDS", "StepsCondition", "Where"]


class Where(Place):
    """Other steps somewhere."""

    high: Steps | None = None
    """Empty: none there."""
    low: Steps | None = None


class StepsCondition(ConditionModel):
    """Readings, or means of windows, against steps."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {"high", "low", "deadband", "where"}

    kind: Literal["steps"]
    profile: str
    quantity: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=16)]
    """One, or several that are judged each for itself: the worst one counts."""
    window_secs: Window | None = None
    """The mean of so long; absent: every reading."""
    high: Steps = ()
    """Ascending; a level is reached at its step or above it."""
    low: Steps = ()
    """Descending; reached at its step or below it."""
    deadband: NotNegative = 0.0
    where: tuple[Where, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """All of them."""
        return (self.quantity,) if isinstance(self.quantity, str) else self.quantity

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        sides = [self.high, self.low]
        sides += [side for where in self.where for side in (where.high, where.low) if side is not None]
        return max(map(len, sides))

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        return (Input("profile", self.profile, "quantity", self.quantities, self.window_secs),)

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if not self.high and not self.low:
            yield "high", "is missing, and so is low", "Give the steps that make levels."
        yield from rising("high", self.high)
        yield from rising("low", self.low, falling=True)
        yield from apart("low", self.high, self.low, self.deadband)
        for n, where in enumerate(self.where):
            yield from rising(f"where[{n}].high", where.high or ())
            yield from rising(f"where[{n}].low", where.low or (), falling=True)
            high = self.high if where.high is None else where.high
            low = self.low if where.low is None else where.low
            if where.high is not None or where.low is not None:
                yield from apart(f"where[{n}]", high, low, self.deadband)
        remedy = "Give the steps that go there; an empty list for none."
        yield from misplaced(self.where, (self.profile,), around, remedy)


KINDS: tuple[type[ConditionModel], ...] = (StepsCondition,)
