"""From the model of a condition to the rule that judges it."""

from collections.abc import Callable
from typing import Any

from gateway.config.conditions.device import SilenceCondition
from gateway.config.conditions.drainage import BlockageCondition, FillingCondition, RiseCondition
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.pipeline import BurstCondition
from gateway.config.conditions.steps import StepsCondition
from gateway.config.conditions.traffic import CongestionCondition
from gateway.engine.conditions.base import Condition
from gateway.engine.conditions.pipeline.blockage import BlockageRule
from gateway.engine.conditions.pipeline.burst import BurstRule
from gateway.engine.conditions.pipeline.filling import FillingRule
from gateway.engine.conditions.pipeline.rise import RiseRule
from gateway.engine.conditions.silence import SilenceRule
from gateway.engine.conditions.steps import StepsRule
from gateway.engine.conditions.traffic.congestion import CongestionRule

__all__ = ["rule_of"]

_RULES: dict[type[ConditionModel], Callable[[Any], Condition]] = {
    BlockageCondition: BlockageRule,
    BurstCondition: BurstRule,
    CongestionCondition: CongestionRule,
    FillingCondition: FillingRule,
    RiseCondition: RiseRule,
    SilenceCondition: SilenceRule,
    StepsCondition: StepsRule,
}


def rule_of(spec: ConditionModel) -> Condition:
    """A rule that has learned nothing yet."""
    return _RULES[type(spec)](spec)
