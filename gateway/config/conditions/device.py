"""Conditions of devices themselves."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.conditions.model import ConditionModel

__all__ = ["KINDS", "SilenceCondition"]


class SilenceCondition(ConditionModel):
    """A device of which nothing comes."""

    kind: Literal["silence"]
    intervals: Annotated[float, Field(gt=1, le=1000)] = 5.0
    """Usual intervals of the device itself, once they are known; of its profile until then."""
    own_interval: bool = True
    """Go by what is usual for the device; false: by its profile alone."""
    least_secs: Annotated[float, Field(ge=1, le=7 * 86_400)] = 300.0


KINDS: tuple[type[ConditionModel], ...] = (SilenceCondition,)
