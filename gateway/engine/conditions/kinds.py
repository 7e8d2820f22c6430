"""From the model of a condition to the rule that judges it."""

from collections.abc import Callable
from typing import Any

from gateway.config.conditions.device import SilenceCondition
from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.grid.dips import DipsCondition
from gateway.config.conditions.grid.energy_balance import EnergyBalanceCondition
from gateway.config.conditions.grid.transformer import TransformerCondition
from gateway.config.conditions.grid.unbalance import UnbalanceCondition
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.pipeline import BurstCondition
from gateway.config.conditions.steps import StepsCondition
from gateway.config.conditions.traffic import CongestionCondition
from gateway.engine.conditions.base import Condition
from gateway.engine.conditions.grid.compliance import ComplianceRule
from gateway.engine.conditions.grid.dips import DipsRule
from gateway.engine.conditions.grid.energy_balance import EnergyBalanceRule
from gateway.engine.conditions.grid.event_records import EventRecordsRule
from gateway.engine.conditions.grid.transformer import TransformerRule
from gateway.engine.conditions.grid.unbalance import UnbalanceRule
from gateway.engine.conditions.pipeline.burst import BurstRule
from gateway.engine.conditions.silence import SilenceRule
from gateway.engine.conditions.steps import StepsRule
from gateway.engine.conditions.traffic.congestion import CongestionRule

__all__ = ["rule_of"]

_RULES: dict[type[ConditionModel], Callable[[Any], Condition]] = {
    BurstCondition: BurstRule,
    ComplianceCondition: ComplianceRule,
    CongestionCondition: CongestionRule,
    DipsCondition: lambda spec: DipsRule(spec) if spec.phases else EventRecordsRule(spec),
    EnergyBalanceCondition: EnergyBalanceRule,
    SilenceCondition: SilenceRule,
    StepsCondition: StepsRule,
    TransformerCondition: TransformerRule,
    UnbalanceCondition: UnbalanceRule,
}


def rule_of(spec: ConditionModel) -> Condition:
    """A rule that has learned nothing yet."""
    return _RULES[type(spec)](spec)
