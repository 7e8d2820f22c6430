"""Transformers: how loaded and how hot."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.config.conditions.model import (
    ConditionModel,
    Input,
    NotNegative,
    Positive,
    Problem,
    Steps,
    Surroundings,
    Window,
    rising,
)

__all__ = ["TransformerCondition"]


class TransformerCondition(ConditionModel):
    """Means of loading and temperatures against steps; the worst of them is the transformer's alarm."""

    TUNING: ClassVar[frozenset[str]] = ConditionModel.TUNING | {
        "loading",
        "loading_deadband",
        "oil_high",
        "winding_high",
        "deadband",
    }

    kind: Literal["transformer"]
    profile: str
    power: str | None = None
    """KVA, or kW where the power factor is near 1."""
    currents: Annotated[tuple[str, ...], Field(max_length=3)] = ()
    """A of each phase: the most loaded one counts."""
    nominal: Positive = 380.0
    """V between lines, where currents are measured."""
    oil: str | None = None
    winding: str | None = None
    """Cel."""
    window_secs: Window = 900
    loading: Steps = (1.0, 1.3)
    """Of the rating in city.toml."""
    loading_deadband: NotNegative = 0.05
    oil_high: Steps = (85.0, 95.0)
    """DL/T 572: 85 Cel usually, 95 at most, for natural oil (memory)."""
    winding_high: Steps = (98.0, 120.0)
    """IEC 60076-7: 98 Cel hot spot is rated ageing, 120 the limit of normal cyclic loading (memory)."""
    deadband: NotNegative = 3.0
    """K, of both temperatures."""

    @property
    def levels(self) -> int:
        """See ConditionModel."""
        sides = (
            (self.loading, self.power or self.currents),
            (self.oil_high, self.oil),
            (self.winding_high, self.winding),
        )
        return max((len(steps) for steps, judged in sides if judged), default=0)

    def inputs(self) -> Sequence[Input]:
        """See ConditionModel."""
        single = [key for key in ("power", "oil", "winding") if getattr(self, key) is not None]
        named = [Input("profile", self.profile, key, (getattr(self, key),), self.window_secs) for key in single]
        if self.currents:
            named.append(Input("profile", self.profile, "currents", self.currents, self.window_secs))
        return named or [Input("profile", self.profile, "profile", ())]

    def problems(self, around: Surroundings) -> Iterator[Problem]:
        """See ConditionModel."""
        if self.power is None and not self.currents and self.oil is None and self.winding is None:
            yield "power", "is missing, and so are currents, oil and winding", "Name one of them at least."
        if self.power is not None and self.currents:
            yield "currents", "and power both tell the loading", "Name one of the two."
        for key in ("loading", "oil_high", "winding_high"):
            yield from rising(key, getattr(self, key))
            if not getattr(self, key):
                yield key, "has no step", "Give one at least, or leave the key out for the usual ones."
