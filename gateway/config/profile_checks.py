"""What the shape of a profile can't say by itself: paths, units and variables that must fit together.

Each rule yields (key, problem, remedy) and looks at one thing, so that of a draft (drafts.py) the rest is still judged.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gateway.config.drafts import judge
from gateway.config.paths import Each, parse_path, parse_records_path
from gateway.config.profile_model import FieldSpec, Profile
from gateway.config.topic_template import parse_template, variables_of
from gateway.config.units import UnknownUnitError, conversion

__all__ = ["Found", "problems_in"]

Found = tuple[str, str, str]

# names that a store needs for itself
_RESERVED = frozenset({"flag", "time", "device", "revision", "series", "ts"})
_RESERVED_ENDS = ("_flag", "_why")


def problems_in(profile: Profile, *, draft: bool = False) -> Iterator[Found]:
    """Where the parts of one profile contradict each other; of a draft what can be judged."""
    yield from judge(_RULES, profile, draft=draft)
    for name, field in vars(profile).get("fields", {}).items():
        for key, problem, remedy in judge(_FIELD_RULES, profile, name, field, draft=draft):
            yield f"fields.{name}.{key}" if key else f"fields.{name}", problem, remedy


# -- topic, identity, secrets ------------------------------------------------------------------------------------------


def _topic(profile: Profile) -> Iterator[Found]:
    try:
        parse_template(profile.topic)
    except ValueError as error:
        yield "topic", str(error), "Write it like city/{zone}/loop/{device}."


def _variables(profile: Profile) -> Iterator[Found]:
    known = _known_variables(profile)
    zone_from = _given(profile, "provisioning", "zone_from")
    used: dict[str, Sequence[str]] = {
        "identity.topic": variables_of(_given(profile, "identity", "topic") or ""),
        "provisioning.zone_from": (zone_from,) if zone_from else (),
        "redact.variables": _given(profile, "redact", "variables") or (),
    }
    for key, names in used.items():
        for name in names:
            if known is not None and name not in known:
                yield key, f"{name!r} is no variable of the topic", f"Use one of {_listed(known)}."


def _known_variables(profile: Profile) -> tuple[str, ...] | None:
    try:
        return parse_template(profile.topic).variables
    except ValueError:
        return None  # said of the topic itself


def _identity(profile: Profile) -> Iterator[Found]:
    identity = profile.identity
    if (identity.topic is not None) + (identity.path is not None) + identity.object_key + identity.base_name != 1:
        yield "identity", "must have exactly one of topic, path, object_key, base_name", "Keep one of them."
    elif identity.topic is not None and not variables_of(identity.topic):
        yield "identity.topic", "holds no variable: all devices would be one", "Name a {level}."


def _secret_identity(profile: Profile) -> Iterator[Found]:
    if set(variables_of(profile.identity.topic or "")) & set(profile.redact.variables):
        yield "redact.variables", "a secret can't be the device's key", "Choose another level."


# -- SenML -------------------------------------------------------------------------------------------------------------


def _senml(profile: Profile) -> Iterator[Found]:
    if profile.codec != "senml":
        return
    for key in ("time", "records", "sequence", "ignore", "redact.paths", "identity.path", "identity.object_key"):
        if _given(profile, *key.split(".")):
            yield key, "does not belong to SenML, which says this by itself", "Remove it."


def _senml_names(profile: Profile) -> Iterator[Found]:
    seen: dict[tuple[str, str], str] = {}
    for name, field in profile.fields.items() if profile.codec == "senml" else ():
        other = seen.setdefault((field.path, field.unit), name)
        if other != name:
            yield f"fields.{name}.path", f"has the name and the unit of {other}", "Change one."


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json(profile: Profile) -> Iterator[Found]:
    if profile.codec != "json":
        return
    if profile.time is None:
        yield "time", "is missing", 'Add [time]; format = "receipt" where the payload carries none.'
    if profile.identity.base_name:
        yield "identity.base_name", "only SenML has base names", "Use topic, path or object_key."


def _time(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is not None and (time.format == "receipt") == bool(time.path):
        yield "time", "a path belongs to every format but receipt", "Add a path, or remove it."


def _time_zone(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is None:
        return
    if time.zone is not None:
        try:
            ZoneInfo(time.zone)
        except (OSError, ValueError, KeyError):
            yield "time.zone", f"{time.zone!r} is not an IANA time zone", 'Write one like "Asia/Shanghai".'
    if (time.format == "local") != (time.zone is not None):
        yield "time.zone", "belongs to the format local, and only there", "Add zone, or remove it."


def _time_paths(profile: Profile) -> Iterator[Found]:
    for k, path in enumerate(profile.time.path if profile.time is not None else ()):
        yield from _path(path, f"time.path[{k}]")


def _records(profile: Profile) -> Iterator[Found]:
    if profile.records is not None:
        try:
            parse_records_path(profile.records.path)
        except ValueError as error:
            yield "records.path", str(error), "Write it like readings[] or {}[]."


def _object_key(profile: Profile) -> Iterator[Found]:
    if not profile.identity.object_key or profile.codec != "json":
        return
    try:
        branches = parse_records_path(profile.records.path).steps if profile.records is not None else ()
    except ValueError:
        return  # said of the path itself
    if Each.MEMBER not in branches:
        yield "identity.object_key", "the path of [records] has no {}", "Mark the object with {}."


def _identity_path(profile: Profile) -> Iterator[Found]:
    if profile.identity.path is not None:
        yield from _path(profile.identity.path, "identity.path")


def _sequence_path(profile: Profile) -> Iterator[Found]:
    if profile.sequence is not None:
        yield from _path(profile.sequence.path, "sequence.path")


def _sequence_scope(profile: Profile) -> Iterator[Found]:
    if profile.sequence is not None and profile.sequence.scope is not None:
        yield from _path(profile.sequence.scope, "sequence.scope")


def _ignore(profile: Profile) -> Iterator[Found]:
    for k, rule in enumerate(profile.ignore):
        path = vars(rule).get("path", "$.unread")
        found = list(_path(path, f"ignore[{k}].path"))
        yield from found
        if not found and not parse_path(path).absolute and profile.records is not None:
            yield f"ignore[{k}].path", "must start at the root where a message holds many records", "Write $.name."


def _redact(profile: Profile) -> Iterator[Found]:
    for k, path in enumerate(profile.redact.paths):
        found = list(_path(path, f"redact.paths[{k}]"))
        yield from found
        if not found and not isinstance(parse_path(path).steps[-1], str):
            yield f"redact.paths[{k}]", "must end in a key", "Name the key whose value is secret."


def _path(path: str, key: str) -> Iterator[Found]:
    try:
        parse_path(path)
    except ValueError as error:
        yield key, str(error), 'Write it like a.b[0].c; quote odd keys: "x:y".z.'


# -- fields ------------------------------------------------------------------------------------------------------------


def _field_name(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if name in _RESERVED or name.endswith(_RESERVED_ENDS):
        yield "", "is a name that stores use themselves", "Choose another."


def _field_path(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if profile.codec == "json":
        yield from _path(field.path, "path")


def _field_enum(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if (field.type == "enum") != bool(field.enum):
        yield (
            "enum",
            "a table of words belongs to the type enum, and only there",
            "Add enum = { word = 1 }, or remove it.",
        )


def _field_unit(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if not field.unit:
        if field.type in ("number", "numeric_string"):
            yield "unit", "is missing: a number has a unit on the wire", 'Write it; "1" where it has none.'
        return
    try:
        conversion(field.unit, senml=profile.codec == "senml")
    except UnknownUnitError as error:
        remedy = f"Did you mean {_listed(error.nearest)}?" if error.nearest else "See gateway/config/units.py."
        yield "unit", str(error), remedy


def _field_scale(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if field.scale == 0:
        yield "scale", "can't be 0", "Write what the number on the wire is multiplied by."


def _field_senml(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if profile.codec == "senml":
        if vars(field).get("required"):
            yield "required", "SenML may leave out any name", "Remove it."
        if vars(field).get("default") is not None:
            yield "default", "SenML has no zeros to leave out", "Remove it."


def _given(profile: Profile, part: str, key: str = "") -> Any:
    """What stands there; None also where it could not be read."""
    found = vars(profile).get(part)
    return vars(found).get(key) if key and found is not None else found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none: it has no variables"


_RULES = (
    _topic, _variables, _identity, _secret_identity, _senml, _senml_names, _json, _time, _time_zone, _time_paths,
    _records, _object_key, _identity_path, _sequence_path, _sequence_scope, _ignore, _redact,
)  # fmt: skip
_FIELD_RULES = (_field_name, _field_path, _field_enum, _field_unit, _field_scale, _field_senml)
