"""What CSV, UltraLight, line protocol and bare text ask of a profile. Rules are as in profile_checks.py."""

from collections.abc import Iterator

from gateway.config.field_checks import Found, listed
from gateway.config.paths import WHOLE
from gateway.config.profile_model import FLAT, CsvSpec, Profile

__all__ = ["FORMAT_RULES"]


def _tables(profile: Profile) -> Iterator[Found]:
    """A table of one codec says nothing to another."""
    for table in ("csv", "line_protocol"):
        if vars(profile).get(table) is not None and profile.codec != table:
            yield table, f"belongs to the codec {table}, and this is {profile.codec}", "Remove it, or change codec."


def _trees(profile: Profile) -> Iterator[Found]:
    """Keys that only a tree of objects and lists has a use for."""
    if profile.codec not in (*FLAT, "text"):
        return
    given = vars(profile)
    wrong = {
        "records": given.get("records") is not None,
        "identity.object_key": "identity" in given and vars(profile.identity).get("object_key"),
        "redact.paths": "redact" in given and vars(profile.redact).get("paths"),
    }
    for key, there in wrong.items():
        if there:
            yield key, f"does not belong to {profile.codec}, which has no objects", "Remove it, or change codec."


def _time_numbers(profile: Profile) -> Iterator[Found]:
    if profile.codec in ("csv", "ultralight") and profile.time is not None and vars(profile.time).get("numbers"):
        yield "time.numbers", f"does not belong to {profile.codec}, where all times are texts", "Remove it."


def _text(profile: Profile) -> Iterator[Found]:
    """A bare value carries no time, no identity and no number."""
    if profile.codec != "text":
        return
    if profile.time is not None and vars(profile.time).get("format", "receipt") != "receipt":
        yield "time.format", "a bare text carries no time", 'Write format = "receipt".'
    if profile.identity.path is not None:
        yield "identity.path", "a bare text carries no identity", "Use topic."
    if profile.sequence is not None:
        yield "sequence", "a bare text carries no number", "Remove it."
    for name, field in profile.fields.items():
        if vars(field).get("path", (WHOLE,)) != (WHOLE,):
            yield f"fields.{name}.path", "a bare text has no parts", f'Write path = "{WHOLE}".'


def _csv_signs(profile: Profile) -> Iterator[Found]:
    spec = profile.csv
    if spec is None or profile.codec != "csv":
        return
    if spec.delimiter == spec.decimal:
        yield "csv.decimal", "is the delimiter too", 'Write delimiter = ";", or whichever parts the values.'
    if spec.pairs == spec.delimiter:
        yield "csv.pairs", "is the delimiter too", "Write the sign between name and value."
    if spec.pairs is not None and spec.pairs == spec.decimal:
        yield "csv.pairs", "is the decimal sign too", "Write the sign between name and value."


def _csv_names(profile: Profile) -> Iterator[Found]:
    """Where the names come from: one place, and once each."""
    spec = profile.csv
    if spec is None or profile.codec != "csv":
        return
    named = [key for key in ("header", "columns", "pairs") if getattr(spec, key)]
    if len(named) > 1:
        yield f"csv.{named[1]}", f"is given beside {named[0]}, and names columns too", "Keep one of them."
    for k, column in enumerate(spec.columns):
        if column in spec.columns[:k]:
            yield f"csv.columns[{k}]", f"{column!r} is there already", "Give each column a name of its own."
    for name in spec.joined:
        if name in spec.columns:
            yield f"csv.joined.{name}", "is a column too", "Choose another name."


def _csv_paths(profile: Profile) -> Iterator[Found]:
    """Without a header and pairs it is known which columns there are: named ones, or positions."""
    spec = profile.csv or CsvSpec()
    if profile.codec != "csv" or spec.header or spec.pairs is not None:
        return
    for key, column in (*_columns_read(profile), *_columns_joined(spec)):
        if column in spec.joined and not key.startswith("csv.joined"):
            continue
        if spec.columns and column not in spec.columns:
            yield key, f"{column!r} is no column", f"Use one of {listed([*spec.columns, *spec.joined])}."
        elif not spec.columns and not _is_position(column):
            remedy = "Write a number from 0, or say csv.columns or csv.header = true."
            yield key, f"{column!r} is no position of a column", remedy


def _is_position(column: str) -> bool:
    return column.isascii() and column.isdecimal() and str(int(column)) == column


def _columns_read(profile: Profile) -> Iterator[tuple[str, str]]:
    given = vars(profile)
    for name, field in profile.fields.items():
        if "path" in vars(field):
            yield f"fields.{name}.path", field.path[0]
    if given.get("time") is not None:
        yield from ((f"time.path[{k}]", path) for k, path in enumerate(vars(profile.time).get("path", ())))
    if "identity" in given and vars(profile.identity).get("path") is not None:
        yield "identity.path", str(profile.identity.path)
    if given.get("sequence") is not None:
        for key in ("path", "scope"):
            if vars(profile.sequence).get(key) is not None:
                yield f"sequence.{key}", str(getattr(profile.sequence, key))


def _columns_joined(spec: CsvSpec) -> Iterator[tuple[str, str]]:
    for name, columns in spec.joined.items():
        yield from ((f"csv.joined.{name}[{k}]", column) for k, column in enumerate(columns))


FORMAT_RULES = (_tables, _trees, _time_numbers, _text, _csv_signs, _csv_names, _csv_paths)
