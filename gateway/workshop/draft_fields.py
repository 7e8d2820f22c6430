"""Which places of records become fields of a draft, with what type and words; and which only seem to be quantities."""

import re
from dataclasses import dataclass, field, replace

from gateway.config.units import LEFT_TO_FILL_IN, UnknownUnitError, conversion
from gateway.workshop.guess_fields import Seen, last_key, quantity_names
from gateway.workshop.guess_time import TimeGuess, looks_like_time_name
from gateway.workshop.guess_topic import is_id
from gateway.workshop.guess_wire import Wire
from gateway.workshop.records import Records

__all__ = ["NAMES_DEVICES", "DraftField", "draft_fields"]

NAMES_DEVICES = re.compile(
    r"(?:device|dev|sensor|node|meter|station|thing|unit|logger|asset|gateway)?_?(?:id|eui|uid|uuid|key|sn|serial(?:_?(?:no|number))?|imei|mac|name)"
    r"|dev_?eui|imei|device|station|sensor|host|src|source|mac|node",
    re.IGNORECASE,
)
"""Keys under which devices say who they are."""
_TECHNICAL = re.compile(
    r"(?:f_?)?port|ack|dst|.*addr(?:ess)?|.*version|schema|qos|dr|adr|id|.*_id|type|fw|firmware|sf|bw|crc|len|length|freq(?:uency)?_plan|protocol",
    re.IGNORECASE,
)
_STATES = {"off": 0, "on": 1, "false": 0, "true": 1, "closed": 0, "open": 1, "offline": 0, "online": 1, "no": 0,
           "yes": 1, "ok": 0, "normal": 0, "none": 0, "fault": 1, "alarm": 1}  # fmt: skip
_MOST_WORDS = 8
_MOST_FIELDS = 64


@dataclass(frozen=True, slots=True)
class DraftField:
    """A quantity, or what may be one."""

    name: str
    path: tuple[str, ...]
    seen: Seen
    type: str
    unit: str = ""
    time: str = ""
    required: bool = True
    enum: dict[str, int] = field(default_factory=dict)
    out: str = ""
    """Why it is commented out; empty: it is a field."""


def draft_fields(
    records: Records, seen: dict[str, Seen], wire: Wire, taken: set[str], own: dict[str, TimeGuess]
) -> tuple[tuple[DraftField, ...], tuple[str, ...]]:
    """Fields, those that are commented out among them; and places that can be none. `taken` are something else; `own`
    has the time that stands beside a value."""
    fields: list[DraftField] = []
    left_out: list[str] = []
    columns = {column for joined in (wire.csv.joined.values() if wire.csv else ()) for column in joined}
    tags = {tag for record in records.all for tag in record.tags}
    wrapped = {path.removesuffix(".value") for path in seen if path.endswith(".value")}
    units = {name: unit for record in records.all for name, unit in record.units.items()}
    kept = 0
    free = [path for path in seen if path not in taken | columns and not (path in wrapped and wire.codec == "json")]
    names = quantity_names(free)
    for path in free:
        one = seen[path]
        bare = path.removesuffix(".value")
        paths = (path, bare) if path.endswith(".value") and bare in seen and wire.codec == "json" else (path,)
        type_ = one.type
        words = {} if type_ != "enum" else _enum(one)
        if not type_ or (type_ == "enum" and not words):
            left_out.append(path)
            continue
        out = _doubt(path, one, type_, tags)
        if not out:
            kept += 1
            out = f"a profile has {_MOST_FIELDS} fields at most" if kept > _MOST_FIELDS else ""
        made = DraftField(
            names[path], paths, one, "numeric_string" if type_ == "numeric_string" and wire.codec == "json" else
            "number" if type_ == "numeric_string" else type_,
            unit=_unit(units.get(path, ""), type_), time=own[path].path if path in own else "",
            required=sum(seen[each].count for each in paths) >= len(records.all), enum=words, out=out,
        )  # fmt: skip
        if wire.codec not in ("json", "text") and words and set(words) <= {"true", "false"}:
            made = replace(made, type="boolean", enum={})
        fields.append(made)
    return tuple(fields), tuple(left_out)


def _unit(unit: str, type_: str) -> str:
    if type_ in ("boolean", "enum"):
        return ""
    try:
        conversion(unit, senml=True)
    except UnknownUnitError:
        return LEFT_TO_FILL_IN
    return unit


def _enum(one: Seen) -> dict[str, int]:
    """A number for each word, where they may be states; none where there are too many."""
    if (
        one.more_words
        or len(one.words) > _MOST_WORDS
        or any(not word.isprintable() or len(word) > 40 for word in one.words)
    ):
        return {}
    words = sorted(one.words)
    known = [_STATES.get(word.lower()) for word in words]
    if None not in known and len(set(known)) == len(known):
        return dict(sorted(((word, _STATES[word.lower()]) for word in words), key=lambda pair: pair[1]))
    calm = [word for word in words if _STATES.get(word.lower()) == 0]
    return {word: k for k, word in enumerate([*calm, *(word for word in words if word not in calm)])}


def _doubt(path: str, one: Seen, type_: str, tags: set[str]) -> str:
    """Why a place is rather no quantity."""
    if path in tags:
        return "a tag"
    if path.startswith(("$.", "^.")):
        return "stands outside the records, and would be a reading of each"
    if looks_like_time_name(path) and type_ in ("number", "numeric_string") and one.low > 1e9:
        return "looks like a time"
    if _TECHNICAL.fullmatch(last_key(path)):
        return "looks like something technical"
    if type_ == "enum" and len(one.words) == 1 and next(iter(one.words)).lower() not in _STATES:
        return "always the same text"
    if type_ == "enum" and NAMES_DEVICES.fullmatch(last_key(path)):
        return "looks like a name"
    if type_ == "enum" and all(len(word) >= 6 and is_id(word) for word in one.words):
        return "looks like names"
    return ""
