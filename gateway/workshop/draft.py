"""A first profile of what was heard: codec, topic, identity, time, records and fields as far as messages tell them.

    messages -> guess_wire -> records -> guess_time, guess_topic, guess_fields -> Draft -> draft_text (TOML)

What messages can't tell is left to fill in, as "TODO": the unit of each number, and the zone of a local time that
nobody knows. A profile with a TODO in it is refused by name of the field, so no reading gets a unit that was a guess.
Pure, and the same for the same messages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from gateway.config.bounds import Bounds
from gateway.config.units import LEFT_TO_FILL_IN, UnknownUnitError, conversion
from gateway.workshop.guess_fields import Seen, guess_sequence, last_key, look, quantity_names
from gateway.workshop.guess_time import TimeGuess, guess_time, looks_like_time_name, offset_secs
from gateway.workshop.guess_topic import Family, Shape, fold, is_id, template_of
from gateway.workshop.guess_wire import Wire, guess_wire
from gateway.workshop.message import Heard
from gateway.workshop.records import Record, Records, read_records

__all__ = ["Draft", "DraftField", "UndraftableError", "draft", "families_of"]

_ID = re.compile(
    r"(?:device|dev|sensor|node|meter|station|thing|unit|logger|asset|gateway)?_?(?:id|eui|uid|uuid|key|sn|serial(?:_?(?:no|number))?|imei|mac|name)"
    r"|dev_?eui|imei|device|station|sensor|host|src|source|mac|node",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"(?:f_?)?port|ack|rssi_?raw|.*version|schema|qos|dr|adr|id|.*_id|type|fw|firmware|sf|bw|crc|len|length|freq(?:uency)?_plan|protocol",
    re.IGNORECASE,
)
_STATES = {"off": 0, "on": 1, "false": 0, "true": 1, "closed": 0, "open": 1, "offline": 0, "online": 1, "no": 0, "yes": 1,
           "ok": 0, "normal": 0, "none": 0, "fault": 1, "alarm": 1}  # fmt: skip
_MOST_WORDS = 8
_MOST_FIELDS = 64
_ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 21600, 43200, 86400)
_ASSUMED_SECS = 60.0


class UndraftableError(ValueError):
    """There is nothing that a profile could be made of; says why."""


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


@dataclass(frozen=True, slots=True)
class Draft:
    """All that a profile's text is made of."""

    name: str
    heard: int
    topics: tuple[str, ...]
    template: str
    secret_variables: tuple[str, ...]
    wire: Wire
    records: Records
    identity: tuple[str, str]
    """(key of [identity], its value as TOML)."""
    identity_note: str
    times: tuple[TimeGuess, ...]
    """Places of the record's time, the first that is there counts."""
    own_time: TimeGuess | None
    """How fields' own times are written, where they have such."""
    other_times: tuple[TimeGuess, ...]
    zone: str
    zone_note: str
    sequence: tuple[str, bool] | None
    secrets: tuple[str, ...]
    fields: tuple[DraftField, ...]
    interval_secs: float
    interval_note: str
    first: int | None
    last: int | None
    example: Heard
    left_out: tuple[str, ...]
    """Places of texts and nulls that no field can be made of."""


def families_of(heard: Sequence[Heard], bounds: Bounds) -> list[tuple[Family, list[Heard]]]:
    """Messages by the kind of their topic, the most numerous kind first."""
    shapes: dict[str, Shape] = {}
    for message in heard:
        if message.topic not in shapes and message.payload:
            shapes[message.topic] = shape_of(message.payload, bounds)
    by_topic: dict[str, list[Heard]] = {}
    for message in heard:
        by_topic.setdefault(message.topic, []).append(message)
    found = [
        (family, [one for topic in family.topics for one in by_topic[topic]]) for family in fold(list(by_topic), shapes)
    ]
    return sorted(found, key=lambda one: (-len(one[1]), one[0].text))


def shape_of(payload: bytes, bounds: Bounds) -> Shape:
    """Codec and places of one payload."""
    wire = guess_wire([payload], bounds)
    if wire.problem:
        return wire.codec, frozenset()
    found = read_records([payload], wire, bounds)
    return wire.codec, frozenset(path for record in found.all[:20] for path in record.values)


def draft(family: Family, heard: Sequence[Heard], name: str, city_zone: str, bounds: Bounds) -> Draft:
    """A draft of one family's messages. Raises UndraftableError."""
    heard = sorted(heard, key=lambda one: one.received_at or 0)
    wire = guess_wire([message.payload for message in heard], bounds)
    if wire.problem:
        raise UndraftableError(wire.problem)
    records = read_records([message.payload for message in heard], wire, bounds)
    seen = {path: one for path, one in look(records.all).items() if path.isprintable()}
    if not seen:
        raise UndraftableError("the messages hold no value")
    secrets = tuple(path for path, one in seen.items() if one.is_secret)
    identity, identity_note, identity_path = _identity(records, seen, wire, family, heard)
    template, secret_variables = template_of(family)
    if identity[0] != "topic" and not any(level is None for level in family.levels):
        template = family.text
    devices = _devices(records.all, identity_path, heard)
    guesses = [
        guess for guess in _times(records, wire, heard) if guess.path not in secrets and guess.path != identity_path
    ]
    own = _own_times(guesses, seen) if wire.codec == "json" else {}
    times = () if own else _chosen(guesses)
    zone, zone_note = _zone(next(iter(times or own.values()), None), city_zone, heard)
    taken = {guess.path for guess in guesses} | {identity_path, *secrets}
    sequence = None
    if wire.codec not in ("senml", "senml_cbor", "text"):
        sequence = guess_sequence(records.all, devices, {path: one for path, one in seen.items() if path not in taken})
    fields, left_out = _fields(records, seen, wire, taken | ({sequence[0]} if sequence else set()), own)
    if not any(not one.out for one in fields):
        raise UndraftableError("the messages hold nothing but texts and times: no number, no state")
    interval, interval_note = _interval(records.all, devices, heard, times or tuple(own.values()))
    receipts = [message.received_at for message in heard if message.received_at is not None]
    alike = next(record.message for record in records.all)
    return Draft(
        name=name, heard=len(heard), topics=family.topics, template=template, secret_variables=secret_variables,
        wire=wire, records=records, identity=identity, identity_note=identity_note, times=times,
        own_time=next(iter(own.values()), None),
        other_times=tuple(guess for guess in guesses if guess not in times and guess not in own.values()),
        zone=zone, zone_note=zone_note, sequence=sequence, secrets=secrets, fields=fields, interval_secs=interval,
        interval_note=interval_note, first=min(receipts, default=None), last=max(receipts, default=None),
        example=heard[alike], left_out=left_out,
    )  # fmt: skip


def _times(records: Records, wire: Wire, heard: Sequence[Heard]) -> list[TimeGuess]:
    return (
        []
        if wire.codec in ("senml", "senml_cbor", "text")
        else (guess_time(records.all, [message.received_at for message in heard]))
    )


def _chosen(guesses: Sequence[TimeGuess]) -> tuple[TimeGuess, ...]:
    """The likeliest place, and one more of the same writing where that is not always there."""
    if not guesses:
        return ()
    first = guesses[0]
    if first.count == first.of:
        return (first,)
    more = [one for one in guesses[1:] if one.format == first.format and one.count + first.count >= first.of]
    return (first, *more[:1])


def _own_times(guesses: Sequence[TimeGuess], seen: dict[str, Seen]) -> dict[str, TimeGuess]:
    """Value -> the time that stands beside it, where several values have such; of one it is the record's."""
    found = {}
    for guess in guesses:
        parent, dot, _ = guess.path.rpartition(".")
        beside = [path for path in (f"{parent}.value", f"{parent}.v") if dot and path in seen]
        if beside:
            found[beside[0]] = guess
    alike = {guess.format for guess in found.values()}
    several = len(found) > 1 or any(path.removesuffix(".value") in seen for path in found)
    return found if several and len(alike) == 1 else {}


def _identity(
    records: Records, seen: dict[str, Seen], wire: Wire, family: Family, heard: Sequence[Heard]
) -> tuple[tuple[str, str], str, str]:
    """(key and value of [identity], a note, the path that it takes)."""
    if wire.codec in ("senml", "senml_cbor"):
        if all(record.key for record in records.all):
            return ("base_name", "true"), "", ""
        return ("topic", '"{device}"'), "no base name in some of the messages", ""
    if records.keyed:
        return ("object_key", "true"), "", ""
    named = [path for path in seen if _ID.fullmatch(last_key(path)) and _names_devices(path, seen, records, wire)]
    many = [path for path in named if _varies_within(path, records.all)]
    varies = len(family.topics) > 1 or any(is_id(level) for level in family.topics[0].split("/"))
    if many or (named and not varies):
        best = min(many or named, key=lambda path: (-_distinct(path, records.all), path.count("."), path))
        reason = "one message holds several of them" if many else "the topic names no device"
        return ("path", _text(best)), reason, best
    note = "" if varies else "only one topic was heard: is this level the device's?"
    if named:
        note = f"{note or 'the payload names one too'}: path = {_text(min(named))}".removeprefix(": ")
    return ("topic", '"{device}"'), note, ""


def _names_devices(path: str, seen: dict[str, Seen], records: Records, wire: Wire) -> bool:
    one = seen[path]
    always = one.count == len(records.all) and not one.nulls
    if wire.codec == "csv" and wire.csv is not None and not (wire.csv.header or wire.csv.columns or wire.csv.pairs):
        return False
    return always and (one.kinds <= {"text", "numeric_text"} or (one.kinds == {"number"} and one.whole))


def _distinct(path: str, records: Sequence[Record]) -> int:
    return len({record.values.get(path) for record in records})


def _varies_within(path: str, records: Sequence[Record]) -> bool:
    """Whether one message has several values there."""
    if path.startswith("$."):
        return False
    first: dict[int, object] = {}
    return any(
        first.setdefault(record.message, record.values.get(path)) != record.values.get(path) for record in records
    )


def _devices(records: Sequence[Record], path: str, heard: Sequence[Heard]) -> list[str]:
    """Whose each record is."""
    return [
        f"{heard[record.message].topic}\n{record.key}\n{record.values.get(path) if path else ''}" for record in records
    ]


def _zone(guess: TimeGuess | None, city_zone: str, heard: Sequence[Heard]) -> tuple[str, str]:
    """The zone of local times: the city's, where receipts agree."""
    if guess is None or guess.format != "local":
        return "", ""
    offset = offset_secs(guess)
    at = next((message.received_at for message in heard if message.received_at is not None), None)
    if offset is None or at is None:
        return LEFT_TO_FILL_IN, "the zone of the devices' clock, such as Asia/Shanghai"
    local = datetime.fromtimestamp(at // 1_000_000_000, ZoneInfo(city_zone)).utcoffset()
    sign = "-" if offset < 0 else "+"
    shown = f"their clock shows UTC{sign}{abs(offset) // 3600:02d}:{abs(offset) % 3600 // 60:02d}"
    if local is not None and abs(local.total_seconds() - offset) < 1:
        return city_zone, f"{shown}, as the city's does"
    return LEFT_TO_FILL_IN, f"{shown}: which zone is that?"


def _fields(
    records: Records, seen: dict[str, Seen], wire: Wire, taken: set[str], own: dict[str, TimeGuess]
) -> tuple[tuple[DraftField, ...], tuple[str, ...]]:
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
    if type_ == "enum" and _ID.fullmatch(last_key(path)):
        return "looks like a name"
    return ""


def _interval(
    records: Sequence[Record], devices: Sequence[str], heard: Sequence[Heard], times: Sequence[TimeGuess]
) -> tuple[float, str]:
    """Seconds between two readings of a device, by their times, else by receipts; rounded where that is near."""
    from_receipts: dict[str, list[int]] = {}
    for record, device in zip(records, devices, strict=True):
        at = heard[record.message].received_at
        if at is not None and not heard[record.message].retained:
            from_receipts.setdefault(device, []).append(at)
    own = _event_times(records, devices, heard, times)
    for source, what in ((own, "the readings' own times"), (from_receipts, "receipts")):
        steps = [
            b - a for each in source.values() for a, b in zip(sorted(each), sorted(each)[1:], strict=False) if b > a
        ]
        if steps:
            secs = median(steps) / 1e9
            near = min(_ROUND, key=lambda one: abs(one - secs) / one)
            shown = float(near) if abs(near - secs) <= 0.15 * near else min(max(round(secs, 3), 0.001), 7 * 86400.0)
            return shown, f"{secs:.4g} s between readings of a device by {what}"
    return _ASSUMED_SECS, "assumed: no device was heard twice"


def _event_times(
    records: Sequence[Record], devices: Sequence[str], heard: Sequence[Heard], times: Sequence[TimeGuess]
) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for record, device in zip(records, devices, strict=True):
        for guess in times:
            value = record.values.get(guess.path)
            ns = next((at for name, at in guess.readings(value, heard[record.message].received_at)), None)
            if ns is not None:
                out.setdefault(device, []).append(ns)
                break
    return out


def _text(value: str) -> str:
    return (
        "'" + value + "'"
        if '"' in value and "'" not in value
        else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
