"""What the shape of a profile can't say by itself: paths, units and variables that must fit together.

Each rule yields (key, problem, remedy) and looks at one thing, so that of a draft (drafts.py) the rest is still judged.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from gateway.config.cross_rules import CROSS_RULES
from gateway.config.drafts import judge
from gateway.config.field_checks import FIELD_RULES, Found, format_of, listed, path_problem
from gateway.config.format_checks import FORMAT_RULES
from gateway.config.paths import parse_path
from gateway.config.profile_model import FLAT, Profile
from gateway.config.profile_topics import topic_keys
from gateway.config.record_checks import RECORD_RULES
from gateway.config.sparkplug_checks import SPARKPLUG_RULES
from gateway.config.time_checks import TIME_RULES
from gateway.config.topic_template import parse_template, variables_of

__all__ = ["problems_in"]


def problems_in(profile: Profile, *, draft: bool = False) -> Iterator[Found]:
    """Where the parts of one profile contradict each other; of a draft what can be judged."""
    yield from judge(_RULES, profile, draft=draft)
    for name, field in vars(profile).get("fields", {}).items():
        for key, problem, remedy in judge(FIELD_RULES, profile, name, field, draft=draft):
            yield f"fields.{name}.{key}" if key else f"fields.{name}", problem, remedy


# -- topic, identity, secrets ------------------------------------------------------------------------------------------


def _topic(profile: Profile) -> Iterator[Found]:
    if profile.topic is None and not profile.topics:
        yield "topic", "is missing", "Write it like city/{zone}/loop/{device}; topics takes a list of several."
    elif profile.topic is not None and profile.topics:
        yield "topics", "is given beside topic", "Keep one of them; topics takes all of them in a list."


def _templates(profile: Profile) -> Iterator[Found]:
    for key, text in topic_keys(profile):
        try:
            parse_template(text)
        except ValueError as error:
            yield key, str(error), "Write it like city/{zone}/loop/{device}."


def _variables(profile: Profile) -> Iterator[Found]:
    """A variable that is used must be one of every topic; a secret may be one of some."""
    try:
        each = [parse_template(text).variables for _, text in topic_keys(profile, ignored=False)]
    except ValueError:
        return  # said of the topic itself
    if not each or {"topic", "topics"} - vars(profile).keys():
        return
    common = tuple(name for name in each[0] if all(name in names for names in each))
    every = tuple(dict.fromkeys(name for names in each for name in names))
    zone_from = _given(profile, "provisioning", "zone_from")
    used: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("identity.topic", variables_of(_given(profile, "identity", "topic") or ""), common),
        ("provisioning.zone_from", (zone_from,) if zone_from else (), common),
        ("sequence.of", variables_of(_given(profile, "sequence", "of") or ""), common),
        ("redact.variables", _given(profile, "redact", "variables") or (), every),
    )
    for key, names, known in used:
        for name in names:
            if name in every and name not in known:
                yield key, f"{name!r} is no variable of each of the topics", f"Use one of {listed(known)}."
            elif name not in known:
                yield key, f"{name!r} is no variable of the topic", f"Use one of {listed(known)}."


def _identity(profile: Profile) -> Iterator[Found]:
    identity = profile.identity
    given = (identity.topic, identity.path), (identity.object_key, identity.base_name, identity.edge_node)
    if sum(each is not None for each in given[0]) + sum(given[1]) != 1:
        yield "identity", "must have exactly one of topic, path, object_key, base_name, edge_node", "Keep one of them."
    elif identity.topic is not None and not variables_of(identity.topic):
        yield "identity.topic", "holds no variable: all devices would be one", "Name a {level}."


def _secret_identity(profile: Profile) -> Iterator[Found]:
    if set(variables_of(profile.identity.topic or "")) & set(profile.redact.variables):
        yield "redact.variables", "a secret can't be the device's key", "Choose another level."


def _secret_key(profile: Profile) -> Iterator[Found]:
    """A key names the device in stores, logs and letters."""
    for k, path in enumerate(profile.redact.paths):
        with suppress(ValueError):  # said of the path itself
            key = parse_path(profile.identity.path or "").steps[-1:]
            if key and parse_path(path).steps[-1:] == key:
                yield f"redact.paths[{k}]", "a secret can't be the device's key", "Choose another identity."


# -- SenML -------------------------------------------------------------------------------------------------------------


def _senml(profile: Profile) -> Iterator[Found]:
    if not profile.is_senml:
        return
    for key in ("time", "records", "sequence", "redact.paths", "identity.path", "identity.object_key"):
        if _given(profile, *key.split(".")):
            yield key, "does not belong to SenML, which says this by itself", "Remove it."


def _senml_names(profile: Profile) -> Iterator[Found]:
    seen: dict[tuple[str, str], str] = {}
    for name, field in profile.fields.items() if profile.is_senml else ():
        other = seen.setdefault((field.path[0], field.unit), name)
        if other != name:
            yield f"fields.{name}.path", f"has the name and the unit of {other}", "Change one."


# -- what has a time, an identity and records --------------------------------------------------------------------------


def _has_time(profile: Profile) -> Iterator[Found]:
    if not profile.is_senml and profile.codec != "sparkplug" and profile.time is None:
        yield "time", "is missing", 'Add [time]; format = "receipt" where the payload carries none.'


def _base_name(profile: Profile) -> Iterator[Found]:
    if not profile.is_senml and profile.identity.base_name:
        yield "identity.base_name", "only SenML has base names", "Use topic, path or object_key."


def _identity_path(profile: Profile) -> Iterator[Found]:
    if profile.identity.path is not None and profile.codec not in FLAT:
        yield from path_problem(profile.identity.path, "identity.path")


def _sequence_of(profile: Profile) -> Iterator[Found]:
    of = profile.sequence.of if profile.sequence is not None else None
    if of is not None and not variables_of(of):
        yield "sequence.of", "holds no variable: all messages would be one counter's", "Name a {level}, or remove it."


def _sequence_path(profile: Profile) -> Iterator[Found]:
    if profile.sequence is not None and profile.codec not in FLAT:
        yield from path_problem(profile.sequence.path, "sequence.path")


def _sequence_scope(profile: Profile) -> Iterator[Found]:
    if profile.sequence is not None and profile.sequence.scope is not None and profile.codec not in FLAT:
        yield from path_problem(profile.sequence.scope, "sequence.scope")


def _ignore(profile: Profile) -> Iterator[Found]:
    for k, rule in enumerate(profile.ignore):
        given = {name for name in ("path", "equals", "type", "topics") if getattr(rule, name) not in (None, ())}
        if given not in ({"path", "equals"}, {"path", "type"}, {"topics"}):
            yield (
                f"ignore[{k}]",
                "must have path and equals, or topics, or path and type",
                "Keep the one or the other; use two rules.",
            )


def _ignored_paths(profile: Profile) -> Iterator[Found]:
    for k, rule in enumerate(profile.ignore):
        path = vars(rule).get("path")
        if path is None:
            continue
        if profile.codec != "json":
            problem = f"does not belong to {format_of(profile)}, which has no such paths"
            yield f"ignore[{k}].path", problem, "Use topics, or remove it."
            continue
        found = list(path_problem(path, f"ignore[{k}].path"))
        yield from found
        if not found and not parse_path(path).absolute and not path.startswith("^") and profile.records is not None:
            yield f"ignore[{k}].path", "must start at the root where a message holds many records", "Write $.name."


def _redact(profile: Profile) -> Iterator[Found]:
    for k, path in enumerate(profile.redact.paths):
        found = list(path_problem(path, f"redact.paths[{k}]"))
        yield from found
        if not found and not isinstance((parse_path(path).steps or (0,))[-1], str):
            yield f"redact.paths[{k}]", "must end in a key", "Name the key whose value is secret."


def _given(profile: Profile, part: str, key: str = "") -> Any:
    """What stands there; None also where it could not be read."""
    found = vars(profile).get(part)
    return vars(found).get(key) if key and found is not None else found


_RULES = (
    _topic, _templates, _variables, _identity, _secret_identity, _secret_key, _senml, _senml_names, _has_time,
    _base_name, *TIME_RULES, *RECORD_RULES, _identity_path, _sequence_path, _sequence_scope, _sequence_of, _ignore,
    _ignored_paths, _redact, *CROSS_RULES, *FORMAT_RULES, *SPARKPLUG_RULES,
)  # fmt: skip
