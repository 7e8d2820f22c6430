"""Whether conditions fit the profiles, the city, the devices and each other; the built-in ones that a city can use.

What could never be judged, or never end, is an error at start and not a silence at run time.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gateway.config.city import City
from gateway.config.conditions.kinds import read_conditions
from gateway.config.conditions.model import ConditionModel, Input, Problem, Surroundings
from gateway.config.content import Device
from gateway.config.profiles import Profile
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["built_in_conditions", "parse_conditions"]

_PANES = (10, 60, 900, 3600)


def parse_conditions(
    text: str, file: str, city: City, profiles: Sequence[Profile], devices: Sequence[Device] = ()
) -> tuple[ConditionModel, ...]:
    """Read conditions and compare them with what there is. Raises ConfigErrors."""
    conditions = read_conditions(text, file)
    around = Surroundings(
        {profile.name: profile for profile in profiles},
        {
            "zone": frozenset(zone.id for zone in city.zones), "asset": frozenset(asset.id for asset in city.assets()),
            "device": frozenset(device.id for device in devices),
        },
    )  # fmt: skip
    problems = [ConfigError(file, *problem) for problem in _contradictions(conditions, around)]
    if problems:
        raise ConfigErrors(problems)
    return conditions


def built_in_conditions(texts: Mapping[str, str], profiles: Sequence[Profile]) -> tuple[ConditionModel, ...]:
    """Those of the built-in conditions, by domain, whose profiles and quantities there are: a city may have others."""
    known = {profile.name: profile for profile in profiles}
    conditions = [
        condition
        for domain, text in sorted(texts.items())
        for condition in read_conditions(text, f"built-in conditions/{domain}.toml")
    ]
    return tuple(condition for condition in conditions if not any(_inputs(condition, known)))


def _contradictions(conditions: Sequence[ConditionModel], around: Surroundings) -> Iterator[Problem]:
    times = Counter(condition.name for condition in conditions)
    for k, condition in enumerate(conditions):
        found: list[Problem] = []
        if times[condition.name] > 1:
            found.append(
                ("name", f"{condition.name!r} is there {times[condition.name]} times", "Names are for one each.")
            )
        found += _inputs(condition, around.profiles)
        found += condition.problems(around)
        levels = condition.levels
        if len(condition.priorities) > levels > 0:
            remedy = f"Give at most {levels}: one a level, from the first on."
            found.append(("priorities", f"has {len(condition.priorities)} for {levels} levels", remedy))
        for key, problem, remedy in found:
            yield f"conditions[{k}].{key}", problem, remedy


def _inputs(condition: ConditionModel, known: Mapping[str, Profile]) -> Iterator[Problem]:
    """What it judges: profiles, quantities, and windows that there are."""
    windowed: set[str] = set()
    for wanted in condition.inputs():
        if wanted.optional and not _is_there(wanted, known):
            continue
        yield from _input(wanted, known)
        if wanted.window_secs is not None and wanted.profile not in windowed:
            windowed.add(wanted.profile)
            yield from _window(wanted.window_secs, wanted.profile, known)


def _is_there(wanted: Input, known: Mapping[str, Profile]) -> bool:
    return wanted.profile in known and all(name in known[wanted.profile].fields for name in wanted.quantities)


def _input(wanted: Input, known: Mapping[str, Profile]) -> Iterator[Problem]:
    found = known.get(wanted.profile)
    if found is None:
        yield wanted.profile_key, f"{wanted.profile!r} is no profile", f"Name one of {', '.join(sorted(known))}."
        return
    for quantity in wanted.quantities:
        if quantity not in found.fields:
            remedy = f"Name one of {', '.join(found.fields)}."
            yield wanted.quantity_key, f"{quantity!r} is no quantity of {wanted.profile}", remedy
        elif list(wanted.quantities).count(quantity) > 1:
            yield wanted.quantity_key, f"{quantity!r} is there twice", "Name each once."


def _window(secs: int, profile: str, known: Mapping[str, Profile]) -> Iterator[Problem]:
    """There is no window shorter than the finest one of a profile: it would never be judged."""
    if profile not in known:
        return
    interval = known[profile].interval_secs
    finest = next((pane for pane in _PANES if pane >= interval), _PANES[-1])
    if (60 if secs == 600 else secs) < finest:
        yield (
            "window_secs",
            f"{secs} s has no windows of {profile}, which sends every {interval:g} s: its shortest is {finest} s",
            f"Give {finest} or more, or leave it out to judge every reading.",
        )
