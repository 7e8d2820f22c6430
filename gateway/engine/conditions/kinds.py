"""From the model of a condition to the rule that judges it."""

from collections.abc import Callable
from typing import Any

from gateway.config.conditions.device import SilenceCondition, UnusualCondition
from gateway.config.conditions.drainage import BlockageCondition, FillingCondition, RiseCondition
from gateway.config.conditions.gas import VotingCondition
from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.grid.dips import DipsCondition
from gateway.config.conditions.grid.energy_balance import EnergyBalanceCondition
from gateway.config.conditions.grid.transformer import TransformerCondition
from gateway.config.conditions.grid.unbalance import UnbalanceCondition
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.pipeline import BurstCondition
from gateway.config.conditions.steps import StepsCondition
from gateway.config.conditions.traffic import (
    CongestionCondition,
    IncidentCondition,
    QueueCondition,
    ServiceCondition,
    TravelTimeCondition,
    ZoneIndexCondition,
)
from gateway.config.conditions.trend import TrendCondition
from gateway.config.conditions.water import NightFlowCondition, TransientCondition, WaterBalanceCondition
from gateway.engine.conditions.base import Condition
from gateway.engine.conditions.grid.compliance import ComplianceRule
from gateway.engine.conditions.grid.dips import DipsRule
from gateway.engine.conditions.grid.energy_balance import EnergyBalanceRule
from gateway.engine.conditions.grid.event_records import EventRecordsRule
from gateway.engine.conditions.grid.transformer import TransformerRule
from gateway.engine.conditions.grid.unbalance import UnbalanceRule
from gateway.engine.conditions.pipeline.blockage import BlockageRule
from gateway.engine.conditions.pipeline.burst import BurstRule
from gateway.engine.conditions.pipeline.filling import FillingRule
from gateway.engine.conditions.pipeline.night_flow import NightFlowRule
from gateway.engine.conditions.pipeline.rise import RiseRule
from gateway.engine.conditions.pipeline.transient import TransientRule
from gateway.engine.conditions.pipeline.voting import VotingRule
from gateway.engine.conditions.pipeline.water_balance import WaterBalanceRule
from gateway.engine.conditions.silence import SilenceRule
from gateway.engine.conditions.steps import StepsRule
from gateway.engine.conditions.traffic.congestion import CongestionRule
from gateway.engine.conditions.traffic.incident import IncidentRule
from gateway.engine.conditions.traffic.queue import QueueRule
from gateway.engine.conditions.traffic.service_level import ServiceRule
from gateway.engine.conditions.traffic.travel_time import TravelTimeRule
from gateway.engine.conditions.traffic.zone_index import ZoneIndexRule
from gateway.engine.conditions.trend import TrendRule
from gateway.engine.conditions.unusual import UnusualRule

__all__ = ["rule_of"]

_RULES: dict[type[ConditionModel], Callable[[Any], Condition]] = {
    BlockageCondition: BlockageRule,
    BurstCondition: BurstRule,
    ComplianceCondition: ComplianceRule,
    CongestionCondition: CongestionRule,
    NightFlowCondition: NightFlowRule,
    FillingCondition: FillingRule,
    RiseCondition: RiseRule,
    SilenceCondition: SilenceRule,
    StepsCondition: StepsRule,
    TransientCondition: TransientRule,
    VotingCondition: VotingRule,
    WaterBalanceCondition: WaterBalanceRule,
    IncidentCondition: IncidentRule,
    QueueCondition: QueueRule,
    ServiceCondition: ServiceRule,
    TravelTimeCondition: TravelTimeRule,
    ZoneIndexCondition: ZoneIndexRule,
    UnusualCondition: UnusualRule,
    DipsCondition: lambda spec: DipsRule(spec) if spec.phases else EventRecordsRule(spec),
    EnergyBalanceCondition: EnergyBalanceRule,
    TransformerCondition: TransformerRule,
    TrendCondition: TrendRule,
    UnbalanceCondition: UnbalanceRule,
}


def rule_of(spec: ConditionModel) -> Condition:
    """A rule that has learned nothing yet."""
    return _RULES[type(spec)](spec)
