"""What the shape of a field can't say by itself: name, path, unit, words. Rules are as in profile_checks.py."""

from collections.abc import Iterator, Sequence

from gateway.config.paths import parse_path
from gateway.config.profile_model import FieldSpec, Profile
from gateway.config.units import LEFT_TO_FILL_IN, UnknownUnitError, conversion

__all__ = ["FIELD_RULES", "Found", "format_of", "listed", "path_problem"]

Found = tuple[str, str, str]
"""(key, problem, remedy)."""

# names that a store needs for itself
_RESERVED = frozenset({"flag", "time", "device", "revision", "series", "ts"})
_RESERVED_ENDS = ("_flag", "_why")


def listed(names: Sequence[str]) -> str:
    """Names for a remedy."""
    return ", ".join(names) if names else "none: it has no variables"


def path_problem(path: str, key: str) -> Iterator[Found]:
    """What makes `path`, which stands under `key`, unreadable."""
    try:
        parse_path(path)
    except ValueError as error:
        yield key, str(error), 'Write it like a.b[0].c; quote odd keys: "x:y".z.'


def format_of(profile: Profile) -> str:
    """The codec's name as a sentence has it."""
    return "SenML" if profile.is_senml else "Sparkplug" if profile.codec == "sparkplug" else profile.codec


def _field_name(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if name in _RESERVED or name.endswith(_RESERVED_ENDS):
        yield "", "is a name that stores use themselves", "Choose another."


def _field_path(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if profile.codec == "json":
        for k, path in enumerate(field.path):
            yield from path_problem(path, f"path[{k}]" if len(field.path) > 1 else "path")
    elif len(field.path) > 1:
        yield "path", f"in {format_of(profile)} a field has one name", "Keep one of them."


def _field_time(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if field.time and profile.codec != "json":
        why = "says this by itself" if profile.is_senml or profile.codec == "sparkplug" else "has one time a record"
        yield "time", f"does not belong to {format_of(profile)}, which {why}", "Remove it."
        return
    for k, path in enumerate(field.time):
        yield from path_problem(path, f"time[{k}]" if len(field.time) > 1 else "time")


def _field_required(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if profile.has_own_times and field.required:
        yield "required", "fields with times of their own come one by one, so any may be absent", "Remove it."


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
    if field.unit == LEFT_TO_FILL_IN:
        yield (
            "unit",
            "is left to fill in: messages don't tell it",
            'Write the one that the device means, such as "Cel"; "1" where it has none. See gateway/config/units.py.',
        )
        return
    try:
        conversion(field.unit, senml=profile.is_senml)
    except UnknownUnitError as error:
        remedy = f"Did you mean {listed(error.nearest)}?" if error.nearest else "See gateway/config/units.py."
        yield "unit", str(error), remedy


def _field_scale(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if field.scale == 0:
        yield "scale", "can't be 0", "Write what the number on the wire is multiplied by."


def _field_senml(profile: Profile, name: str, field: FieldSpec) -> Iterator[Found]:
    if profile.is_senml:
        if vars(field).get("required"):
            yield "required", "SenML may leave out any name", "Remove it."
        if vars(field).get("default") is not None:
            yield "default", "SenML has no zeros to leave out", "Remove it."


FIELD_RULES = (
    _field_name, _field_path, _field_time, _field_required, _field_enum, _field_unit, _field_scale, _field_senml,
)  # fmt: skip
