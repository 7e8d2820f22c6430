"""Conditions of the power grid beyond steps."""

from gateway.config.conditions.model import ConditionModel

__all__ = ["KINDS"]

KINDS: tuple[type[ConditionModel], ...] = ()
