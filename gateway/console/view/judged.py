"""What conditions judge, as pages need it: the unit of an alarm's value, the limits of a quantity and of a figure."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.config.conditions.model import ConditionModel
from gateway.config.profiles import Profile
from gateway.config.units import UnknownUnitError, conversion
from gateway.console.view.format import figure

__all__ = [
    "Limit",
    "figure_limits",
    "judges",
    "limits_of",
    "limits_said",
    "unit_of_alarm",
    "units_of",
    "with_own_limits",
]

_OF_THE_QUANTITY = frozenset({"steps", "voting", "unusual", "transient"})
_UNITS = {
    "trend": "h", "silence": "s", "congestion": "ratio", "unbalance": "ratio", "dips": "ratio", "compliance": "ratio",
    "transformer": "ratio", "queue": "km", "filling": "ratio", "rise": "m/h", "blockage": "m", "night-flow": "m3/h",
    "water-balance": "m3", "burst": "m3/h", "energy-balance": "kW", "zone-index": "", "incident": "",
}  # fmt: skip
"""Unit of the value that an alarm of a kind tells, where it is not that of a quantity."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold of a quantity: from here on (`high`), or down from here, it is an alarm of that priority."""

    value: float
    high: bool
    priority: int
    condition: str


def units_of(profile: Profile) -> dict[str, str]:
    """Canonical unit of each quantity of a profile; one that is not known is left out."""
    out = {}
    for name, field in profile.fields.items():
        with suppress(UnknownUnitError, AttributeError):
            out[name] = conversion(field.unit).canonical
    return out


def unit_of_alarm(condition: ConditionModel | None, profiles: Mapping[str, Profile]) -> str:
    """Of the value that an alarm tells."""
    if condition is None:
        return ""
    if condition.kind in _OF_THE_QUANTITY:
        for each in condition.inputs():
            profile = profiles.get(each.profile)
            if profile is not None and each.quantities:
                return units_of(profile).get(each.quantities[0], "")
    return _UNITS.get(condition.kind, "")


def limits_of(
    conditions: Mapping[str, ConditionModel], profile: str, quantity: str, *, places: Sequence[str] = ()
) -> list[Limit]:
    """Steps of the conditions that judge a quantity of a profile. `places`: device, asset and zones, for `where`."""
    out = []
    for condition in conditions.values():
        if condition.kind not in ("steps", "voting"):
            continue
        judged = any(each.profile == profile and quantity in each.quantities for each in condition.inputs())
        if judged:
            for high in (True, False):
                for level, value in enumerate(_steps(condition, high, places)):
                    of_level = condition.priorities[min(level, len(condition.priorities) - 1)]
                    out.append(Limit(value, high, of_level, condition.name))
    # two of three detectors have the steps of one: said once
    first = {(limit.value, limit.high): limit for limit in reversed(out)}
    return sorted(first.values(), key=lambda limit: limit.value)


def with_own_limits(conditions: Mapping[str, ConditionModel], profile: str, quantity: str) -> frozenset[str]:
    """Devices of which a quantity is judged by steps of their own: what holds for all others says nothing of them."""
    return frozenset(
        str(where.device)
        for condition in conditions.values()
        if any(each.profile == profile and quantity in each.quantities for each in condition.inputs())
        for where in getattr(condition, "where", ())
        if getattr(where, "device", None)
    )


def _steps(condition: ConditionModel, high: bool, places: Sequence[str]) -> Sequence[float]:
    """Those that hold somewhere: of the narrowest place that has its own."""
    name = "high" if high else "low"
    for kind in ("device", "asset", "zone"):
        for where in getattr(condition, "where", ()):
            own = getattr(where, name, None)
            if own is not None and getattr(where, kind, None) in places:
                return list(own)
    return list(getattr(condition, name, ()))


def judges(condition: ConditionModel | None, profile: str, quantities: Sequence[str]) -> bool:
    """Whether a condition is about one of these quantities; one of the whole device, or not known any more, is."""
    mine = [each for each in condition.inputs() if each.profile == profile] if condition is not None else []
    named = {name for each in mine for name in each.quantities}
    return not named or not named.isdisjoint(quantities)


def limits_said(limits: Sequence[Limit], unit: str) -> tuple[str, str]:
    """(the nearest of each side, all of them) as text."""
    low = [each for each in limits if not each.high]
    high = [each for each in limits if each.high]
    near = [*low[-1:], *high[:1]]
    return _listed(near, unit), _listed(limits, unit)


def _listed(limits: Sequence[Limit], unit: str) -> str:
    return ", ".join(f"{'≥' if each.high else '≤'} {figure(each.value, unit)}" for each in limits)


_FIGURES = {
    ("traffic.zone-index", "tpi"): "high", ("traffic.congestion", "dtp"): "delay",
    ("grid.transformer", "loading"): "loading", ("grid.unbalance", "unbalance"): "high",
    ("grid.unbalance-feeder", "unbalance"): "high", ("drainage.filling", "filling"): "filling",
}  # fmt: skip
"""(condition, figure) -> the key of the condition that has its steps."""


def figure_limits(conditions: Mapping[str, ConditionModel], condition: str, name: str) -> list[Limit]:
    """Steps of a figure that a condition computes."""
    model = conditions.get(condition)
    key = _FIGURES.get((condition, name))
    if model is None or key is None:
        return []
    said = getattr(model, key, ())
    steps = said if isinstance(said, tuple | list) else (said,)
    priorities = model.priorities
    return [
        Limit(float(value), True, priorities[min(level, len(priorities) - 1)], condition)
        for level, value in enumerate(steps)
    ]
