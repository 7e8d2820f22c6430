"""What the shape of a profile can't say by itself about records and starts of paths. Rules: as in profile_checks.py."""

from collections.abc import Iterator

from gateway.config.field_checks import Found, listed
from gateway.config.paths import ITSELF, WHOLE, Each, parse_records_path
from gateway.config.profile_model import Profile

__all__ = ["RECORD_RULES"]

_NESTED = 2
"""Branches of a path of records that lie in something."""


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


def _single(profile: Profile) -> Iterator[Found]:
    """An object can only stand for a list, and where each member is a record it is one already."""
    if profile.records is None or not profile.records.single:
        return
    try:
        steps = parse_records_path(profile.records.path).steps
    except ValueError:
        return  # said of the path itself
    if Each.ELEMENT not in steps:
        yield "records.single", "the path of [records] has no []", "Remove it."


def _starts(profile: Profile) -> Iterator[Found]:
    """$ alone is the whole message, @ alone the record, and only a field can be either; ^ leads out of a record."""
    many = profile.records is not None
    for key, text in _paths(profile):
        field = key.startswith("fields.") and ".time" not in key
        if text == WHOLE and not field:
            yield key, f"{WHOLE} is the whole message, which only a field can be", "Write a path into the message."
        elif text == WHOLE and many:
            yield key, f"{WHOLE} is no value where a message holds many records", "Write $.name, or @ for the record."
        elif text == ITSELF and not (field and many):
            yield key, f"{ITSELF} is a record itself, which only a field of [records] can be", "Write a path into it."
        elif text.startswith("^") and _branches(profile) < _NESTED:
            yield key, f"{text!r} needs records within records", "Write [records] path like devices[].services[]."


def _paths(profile: Profile) -> Iterator[tuple[str, str]]:
    for part, key in (("identity", "path"), ("sequence", "path"), ("sequence", "scope")):
        text = vars(vars(profile).get(part) or _Nothing()).get(key)
        if text is not None:
            yield f"{part}.{key}", text
    for k, path in enumerate(vars(vars(profile).get("time") or _Nothing()).get("path", ())):
        yield f"time.path[{k}]", path
    for k, rule in enumerate(vars(profile).get("ignore", ())):
        if vars(rule).get("path") is not None:
            yield f"ignore[{k}].path", rule.path
    if vars(profile).get("codec") == "json":
        for name, field in vars(profile).get("fields", {}).items():
            for part in ("path", "time"):
                given = vars(field).get(part, ())
                for k, path in enumerate(given):
                    yield f"fields.{name}.{part}" + (f"[{k}]" if len(given) > 1 else ""), path


class _Nothing:
    """A part that is not there."""


def _branches(profile: Profile) -> int:
    try:
        steps = parse_records_path(profile.records.path).steps if profile.records is not None else ()
    except ValueError:
        return _NESTED  # said of the path itself
    return sum(isinstance(step, Each) for step in steps)


def _wrap_in(profile: Profile) -> Iterator[Found]:
    name = profile.wrap_in
    if name is None:
        return
    if profile.codec != "json":
        yield "wrap_in", f"does not belong to {profile.codec}, which has no objects", "Remove it."
        return
    try:
        known = tuple({variable for one in profile.templates for variable in one.variables})
    except ValueError:
        return  # said of the topic itself
    if name not in known:
        yield "wrap_in", f"{name!r} is no variable of a topic", f"Use one of {listed(sorted(known))}."
    if profile.compression != "none":
        yield "wrap_in", "can't look into a packed body", "Remove it, or compression."


RECORD_RULES = (_records, _object_key, _single, _starts, _wrap_in)
