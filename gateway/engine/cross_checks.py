"""Cross-quantity checks: a record's quantities against each other, as its profile asks.

They need no other record: so late readings get them as well, and how messages fall into calls changes nothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gateway.config.cross_specs import FlowThroughClosedValve, PowerWithoutItsParts, SpeedWithoutFlow
from gateway.config.profile_model import Profile
from gateway.config.units import conversion
from processors.columns import F64, U8, U32
from processors.flags import Flag, Why
from processors.quality.cross_quantity import flow_through_closed_valve, power_without_its_parts, speed_without_flow
from processors.quality.verdict import worst

__all__ = ["CrossChecks"]

_Rule = Callable[[F64], tuple[U8, U32]]


class CrossChecks:
    """Of one profile; has no state."""

    def __init__(self, profile: Profile) -> None:
        self._place = {name: place for place, name in enumerate(profile.fields)}
        units = {name: conversion(f.unit or "1", senml=profile.is_senml) for name, f in profile.fields.items()}
        self._factor = {name: abs(unit.factor) for name, unit in units.items()}
        asked = profile.cross_checks
        self._rules: list[tuple[int, _Rule]] = [
            *((self._place[rule.speed], self._speed(rule)) for rule in asked.speed_without_flow),
            *((self._place[rule.power], self._power(rule)) for rule in asked.power_without_its_parts),
            *((self._place[rule.flow], self._valve(rule)) for rule in asked.flow_through_closed_valve),
        ]

    def judge(self, value: F64, flag: U8, why: U32) -> None:
        """Take verdicts on records (n, quantities) in; `flag` and `why` are changed in place.

        A value that failed so far is missing here: what the sensor can't measure contradicts nobody.
        """
        if not self._rules or not len(value):
            return
        held = np.where(flag == Flag.FAIL, np.nan, value)
        for place, rule in self._rules:
            found, reason = rule(held)
            flag[:, place] = worst(flag[:, place], found)
            why[:, place] |= reason & np.uint32(Why.CROSS_QUANTITY)

    def _speed(self, rule: SpeedWithoutFlow) -> _Rule:
        speed, flow = self._place[rule.speed], self._place[rule.flow]
        none, fastest = rule.no_flow * self._factor[rule.flow], rule.fastest * self._factor[rule.speed]
        return lambda value: speed_without_flow(value[:, speed], value[:, flow], none, fastest)

    def _power(self, rule: PowerWithoutItsParts) -> _Rule:
        power = self._place[rule.power]
        voltage, current, factor = map(self._places, (rule.voltage, rule.current, rule.power_factor))
        suspect, fail = rule.suspect or np.nan, rule.fail or np.nan
        floor = rule.floor * self._factor[rule.power]
        return lambda value: power_without_its_parts(
            value[:, power], value[:, voltage], value[:, current], value[:, factor], suspect, fail, floor
        )

    def _valve(self, rule: FlowThroughClosedValve) -> _Rule:
        flow, opening = self._place[rule.flow], self._place[rule.opening]
        closed, leakage = rule.closed * self._factor[rule.opening], rule.leakage * self._factor[rule.flow]
        return lambda value: flow_through_closed_valve(value[:, flow], value[:, opening], closed, leakage)

    def _places(self, names: tuple[str, ...]) -> NDArray[np.intp]:
        return np.array([self._place[name] for name in names], np.intp)
