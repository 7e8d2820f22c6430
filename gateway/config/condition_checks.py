"""Whether conditions fit the profiles, the city, the devices and each other; the built-in ones that a city can use.

What could never be judged, or never end, is an error at start and not a silence at run time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from gateway.config.city import City
from gateway.config.conditions import (
    BurstCondition,
    Condition,
    CongestionCondition,
    StepsCondition,
    Where,
    read_conditions,
)
from gateway.config.content import Device
from gateway.config.profiles import Profile
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["built_in_conditions", "parse_conditions"]

Problem = tuple[str, str, str]
"""Key, problem, remedy."""
_PANES = (10, 60, 900, 3600)


def parse_conditions(
    text: str, file: str, city: City, profiles: Sequence[Profile], devices: Sequence[Device] = ()
) -> tuple[Condition, ...]:
    """Read conditions and compare them with what there is. Raises ConfigErrors."""
    conditions = read_conditions(text, file)
    problems = [ConfigError(file, *problem) for problem in _contradictions(conditions, city, profiles, devices)]
    if problems:
        raise ConfigErrors(problems)
    return conditions


def built_in_conditions(text: str, city: City, profiles: Sequence[Profile]) -> tuple[Condition, ...]:
    """Those of the built-in conditions whose profiles and quantities there are: a city may have others."""
    known = {profile.name: profile for profile in profiles}
    conditions = read_conditions(text, "built-in conditions.toml")
    return tuple(condition for condition in conditions if not any(_inputs(condition, known)))


def _contradictions(
    conditions: Sequence[Condition], city: City, profiles: Sequence[Profile], devices: Sequence[Device]
) -> Iterator[Problem]:
    known = {profile.name: profile for profile in profiles}
    times = Counter(condition.name for condition in conditions)
    places = {
        "zone": {zone.id for zone in city.zones}, "asset": {asset.id for asset in city.assets()},
        "device": {device.id for device in devices},
    }  # fmt: skip
    for k, condition in enumerate(conditions):
        found: list[Problem] = []
        if times[condition.name] > 1:
            found.append(
                ("name", f"{condition.name!r} is there {times[condition.name]} times", "Names are for one each.")
            )
        found += _inputs(condition, known)
        match condition:
            case StepsCondition():
                found += _steps(condition)
                found += _where(condition, places, known.get(condition.profile))
            case CongestionCondition():
                found += _rising("delay", condition.delay)
                if not condition.delay or not all(0 < step < 1 for step in condition.delay):
                    found.append(("delay", "needs steps between 0 and 1", "Write such as [0.5, 0.6, 0.7]."))
        levels = _levels(condition)
        if len(condition.priorities) > levels > 0:
            remedy = f"Give at most {levels}: one a level, from the first on."
            found.append(("priorities", f"has {len(condition.priorities)} for {levels} levels", remedy))
        for key, problem, remedy in found:
            yield f"conditions[{k}].{key}", problem, remedy


def _levels(condition: Condition) -> int:
    match condition:
        case StepsCondition():
            sides = [condition.high, condition.low]
            sides += [side for where in condition.where for side in (where.high, where.low) if side is not None]
            return max(map(len, sides))
        case CongestionCondition():
            return len(condition.delay)
    return 1


def _inputs(condition: Condition, known: dict[str, Profile]) -> Iterator[Problem]:
    """What it judges: profiles, quantities, and windows that there are."""
    match condition:
        case StepsCondition():
            yield from _input("profile", condition.profile, "quantity", condition.quantities, known)
            yield from _window(condition.window_secs, condition.profile, known)
        case CongestionCondition():
            yield from _input("profile", condition.profile, "quantity", (condition.quantity,), known)
            yield from _window(condition.window_secs, condition.profile, known)
        case BurstCondition():
            yield from _input("flow_profile", condition.flow_profile, "flow", (condition.flow,), known)
            yield from _input("pressure_profile", condition.pressure_profile, "pressure", (condition.pressure,), known)
            yield from _window(condition.window_secs, condition.flow_profile, known)
            if condition.pressure_profile != condition.flow_profile:
                yield from _window(condition.window_secs, condition.pressure_profile, known)
            if condition.within_secs < condition.window_secs:
                yield "within_secs", "is shorter than the window", "Give at least window_secs."


def _input(
    profile_key: str, profile: str, key: str, quantities: Sequence[str], known: dict[str, Profile]
) -> Iterator[Problem]:
    found = known.get(profile)
    if found is None:
        yield profile_key, f"{profile!r} is no profile", f"Name one of {', '.join(sorted(known))}."
        return
    for quantity in quantities:
        if quantity not in found.fields:
            yield key, f"{quantity!r} is no quantity of {profile}", f"Name one of {', '.join(found.fields)}."
        elif quantities.count(quantity) > 1:
            yield key, f"{quantity!r} is there twice", "Name each once."


def _window(secs: int | None, profile: str, known: dict[str, Profile]) -> Iterator[Problem]:
    """There is no window shorter than the finest one of a profile: it would never be judged."""
    if secs is None or profile not in known:
        return
    interval = known[profile].interval_secs
    finest = next((pane for pane in _PANES if pane >= interval), _PANES[-1])
    if (60 if secs == 600 else secs) < finest:
        yield (
            "window_secs",
            f"{secs} s has no windows of {profile}, which sends every {interval:g} s: its shortest is {finest} s",
            f"Give {finest} or more, or leave it out to judge every reading.",
        )


def _rising(key: str, steps: Sequence[float], falling: bool = False) -> Iterator[Problem]:
    if any((a <= b) if falling else (a >= b) for a, b in pairwise(steps)):
        way = "descend" if falling else "ascend"
        yield key, f"must {way}, each step another", "Order them; level 1 is the first."


def _steps(condition: StepsCondition) -> Iterator[Problem]:
    if not condition.high and not condition.low:
        yield "high", "is missing, and so is low", "Give the steps that make levels."
    yield from _rising("high", condition.high)
    yield from _rising("low", condition.low, falling=True)
    yield from _apart("low", condition.high, condition.low, condition.deadband)
    for n, where in enumerate(condition.where):
        yield from _rising(f"where[{n}].high", where.high or ())
        yield from _rising(f"where[{n}].low", where.low or (), falling=True)
        high = condition.high if where.high is None else where.high
        low = condition.low if where.low is None else where.low
        if where.high is not None or where.low is not None:
            yield from _apart(f"where[{n}]", high, low, condition.deadband)


def _apart(key: str, high: Sequence[float], low: Sequence[float], deadband: float) -> Iterator[Problem]:
    """Between both sides, deadbands included, there must be room for what is normal, or no alarm would ever end."""
    if high and low and high[0] - deadband <= low[0] + deadband:
        yield (
            key,
            f"leaves nothing normal between {low[0]:g} and {high[0]:g}",
            "Set them apart, or the deadband smaller.",
        )


def _where(condition: StepsCondition, places: dict[str, set[str]], profile: Profile | None) -> Iterator[Problem]:
    times = Counter((where.kind, where.place) for where in condition.where)
    for n, where in enumerate(condition.where):
        at = f"where[{n}]"
        if sum(place is not None for place in (where.zone, where.asset, where.device)) != 1:
            yield at, "needs one of zone, asset and device", "Write a table for each place."
            continue
        if where.high is None and where.low is None:
            yield at, "needs high or low", "Give the steps that go there; an empty list for none."
        if not _is_there(where, places, profile):
            file = "the devices file" if where.kind == "device" else "city.toml"
            yield f"{at}.{where.kind}", f"{where.place!r} is no {where.kind}", f"Name one of {file}."
        elif times[where.kind, where.place] > 1:
            yield f"{at}.{where.kind}", f"{where.place!r} is there twice", "Write one table for it."


def _is_there(where: Where, places: dict[str, set[str]], profile: Profile | None) -> bool:
    """Devices may be met on the wire, but for those of a profile that takes listed ones only."""
    if where.kind == "device" and (profile is None or profile.provisioning.policy != "closed"):
        return True
    return where.place in places[where.kind]
