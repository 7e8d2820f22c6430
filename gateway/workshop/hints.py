"""What to write in a profile instead, where a message does not fit it: told from what the message holds."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches

from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile
from gateway.reasons import Invalid, Rejected
from gateway.workshop.guess_fields import last_key
from gateway.workshop.guess_time import formats_of, looks_like_time_name
from gateway.workshop.guess_wire import Wire, guess_wire
from gateway.workshop.leaves import Scalar, leaf_kind
from gateway.workshop.message import Heard, is_secret_name, tidy
from gateway.workshop.records import Records, read_records

__all__ = ["hint_for_field", "hint_for_message", "seen_in"]

_MOST_SHOWN = 6


def seen_in(heard: Heard, bounds: Bounds) -> tuple[Wire, Records]:
    """How one message is written, and the records in it."""
    wire = guess_wire([heard.payload], bounds)
    return wire, Records() if wire.problem else read_records([heard.payload], wire, bounds)


def hint_for_message(profile: Profile, reason: Rejected, heard: Heard, bounds: Bounds) -> str:
    """What would let the message through; "" where nobody knows."""
    wire, records = seen_in(heard, bounds)
    if reason is Rejected.COMPRESSION_BROKEN:
        return (
            'it is not packed so: compression = "auto" takes what begins like gzip, zlib or zstd, and else plain bytes'
        )
    if reason in (Rejected.UNREADABLE, Rejected.NOT_UTF8, Rejected.WRONG_SHAPE):
        if wire.compression != "none" and profile.compression == "none":
            return f'it is packed: compression = "{wire.compression}"'
        if wire.codec != profile.codec and not wire.problem:
            return f'it looks like {wire.codec}: codec = "{wire.codec}"'
        if wire.problem:
            return wire.problem
        return _hint_for_shape(profile, records)
    if reason in (Rejected.TIME_MISSING, Rejected.TIME_INVALID):
        return _hint_for_time(profile, records, heard.received_at)
    if reason in (Rejected.IDENTITY_MISSING, Rejected.IDENTITY_INVALID):
        paths = [
            path
            for path in _paths(records)
            if any(word in last_key(path).lower() for word in ("id", "eui", "dev", "name", "imei", "sn", "serial"))
        ]
        return f"[identity]: the message holds {_listed(paths)}" if paths else "[identity]: take it from the topic"
    if reason is Rejected.PAYLOAD_TOO_LARGE:
        return "bounds.max_payload_bytes of the configuration says how much is taken"
    return ""


def _hint_for_shape(profile: Profile, records: Records) -> str:
    given = profile.records.path if profile.records is not None else ""
    if records.path == given:
        return ""
    if not records.path:
        return "the message is one record: remove [records]"
    return f'[records] path = "{records.path}"'


def _hint_for_time(profile: Profile, records: Records, receipt: int | None) -> str:
    time = profile.time
    if time is None:
        return ""
    values = _values(records)
    for path in time.path:
        found = [way for value in values.get(path, ()) for way in formats_of(value, receipt)]
        if found and found[0][0] != time.format:
            return f'{path} reads as a time by format = "{found[0][0]}" ({_moment(found[0][1])})'
    other = [
        (path, way)
        for path, each in values.items()
        if looks_like_time_name(path)
        for value in each
        for way in formats_of(value, receipt)
    ]
    if other:
        path, (name, ns) = other[0]
        return f'{path} reads as a time: path = "{path}", format = "{name}" ({_moment(ns)})'
    close = get_close_matches(time.path[0], values, n=1, cutoff=0.6) if time.path else []
    if close:
        return f'is it "{close[0]}"?'
    return 'unusable = "receipt" stamps it at receipt'


def hint_for_field(profile: Profile, quantity: str, reason: Invalid, heard: Heard, bounds: Bounds) -> str:
    """What would make a value readable."""
    if reason is Invalid.DEVICE_REFUSED or quantity not in profile.fields:
        return _hint_for_time(profile, seen_in(heard, bounds)[1], heard.received_at) if "time" in reason else ""
    spec = profile.fields[quantity]
    _, records = seen_in(heard, bounds)
    values = _values(records)
    here = [value for path in spec.path for value in values.get(path, ())]
    key = f"fields.{quantity}"
    if reason is Invalid.ENUM_UNKNOWN:
        words = [value for value in here if isinstance(value, str) and value not in spec.enum]
        free = int(max(spec.enum.values(), default=-1)) + 1
        return f'{key}: add "{tidy(words[0], 40)}" = {free} to enum' if words else ""
    if reason is Invalid.WRONG_TYPE:
        return f"{key}: {_hint_for_type(spec.type, here)}".removesuffix(": ")
    if reason is Invalid.REQUIRED_ABSENT:
        free_paths = [
            path for path in values if path not in {each for field in profile.fields.values() for each in field.path}
        ]
        wanted = last_key(spec.path[0]).lower()
        close = [path for path in free_paths if last_key(path).lower() == wanted]
        close = close or get_close_matches(spec.path[0], free_paths, n=1, cutoff=0.6)
        return (
            f'{key}: is it path = "{close[0]}"? Else required = false'
            if close
            else f"{key}: required = false, or default = 0 where it means that"
        )
    return ""


def _hint_for_type(type_: str, values: Sequence[Scalar]) -> str:
    kinds = {leaf_kind(value) for value in values} - {"null"}
    if type_ == "number" and "numeric_text" in kinds and kinds <= {"number", "numeric_text"}:
        return 'type = "numeric_string"'
    if kinds == {"flag"}:
        return 'type = "boolean"'
    if "text" in kinds and type_ in ("number", "numeric_string", "boolean"):
        words = sorted({value for value in values if isinstance(value, str)})[:_MOST_SHOWN]
        shown = ", ".join(f'"{tidy(word, 20)}" = {k}' for k, word in enumerate(words))
        return f'type = "enum" with enum = {{ {shown} }}, where these are states'
    if kinds == {"number"} and type_ != "number":
        return 'type = "number"'
    return ""


def _values(records: Records) -> Mapping[str, Sequence[Scalar]]:
    out: dict[str, list[Scalar]] = {}
    for record in records.all:
        for path, value in record.values.items():
            if path.isprintable() and not is_secret_name(last_key(path)):
                out.setdefault(path, []).append(value)
    return out


def _paths(records: Records) -> Iterator[str]:
    yield from _values(records)


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_SHOWN
    return ", ".join(tidy(path, 60) for path in paths[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _moment(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
