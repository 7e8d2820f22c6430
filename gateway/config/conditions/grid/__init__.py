"""Conditions of the power grid beyond steps."""

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.grid.dips import DipsCondition
from gateway.config.conditions.grid.energy_balance import EnergyBalanceCondition
from gateway.config.conditions.grid.transformer import TransformerCondition
from gateway.config.conditions.grid.unbalance import UnbalanceCondition
from gateway.config.conditions.model import ConditionModel

__all__ = ["KINDS"]

KINDS: tuple[type[ConditionModel], ...] = (
    UnbalanceCondition, DipsCondition, TransformerCondition, EnergyBalanceCondition, ComplianceCondition,
)  # fmt: skip
