"""A first profile of what was heard: codec, topic, identity, time, records and fields as far as messages tell them.

    messages -> guess_wire -> records -> guess_time, guess_topic, guess_fields -> Draft -> draft_text (TOML)

What messages can't tell is left to fill in, as "TODO": the unit of each number, and the zone of a local time that
nobody knows. A profile with a TODO in it is refused by name of the field, so no reading gets a unit that was a guess.
Pure, and the same for the same messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from zoneinfo import ZoneInfo

from gateway.config.bounds import Bounds
from gateway.config.units import LEFT_TO_FILL_IN
from gateway.workshop.draft_fields import NAMES_DEVICES, DraftField, draft_fields
from gateway.workshop.guess_fields import Seen, guess_sequence, last_key, look
from gateway.workshop.guess_time import TimeGuess, guess_time, offset_secs
from gateway.workshop.guess_topic import Family, Shape, fold, is_id, template_of
from gateway.workshop.guess_wire import Wire, guess_wire
from gateway.workshop.message import Heard
from gateway.workshop.records import Record, Records, read_records

__all__ = ["Draft", "UndraftableError", "draft", "families_of"]

_ROUND = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 21600, 43200, 86400)
_ASSUMED_SECS = 60.0
_SPARKPLUG = "spBv1.0/"


class UndraftableError(ValueError):
    """There is nothing that a profile could be made of; says why."""


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
    if family.topics[0].startswith(_SPARKPLUG):
        raise UndraftableError(
            "this is Sparkplug B, whose births name the metrics: `cityloom profile show sparkplug-pump`"
        )
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
    times = _chosen([guess for guess in guesses if guess not in own.values()])
    zone, zone_note = _zone(next(iter(times or own.values()), None), city_zone, heard)
    taken = {guess.path for guess in guesses} | {identity_path, *secrets}
    sequence = None
    if wire.codec not in ("senml", "senml_cbor", "text"):
        sequence = guess_sequence(records.all, devices, {path: one for path, one in seen.items() if path not in taken})
    fields, left_out = draft_fields(records, seen, wire, taken | ({sequence[0]} if sequence else set()), own)
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
    """The likeliest place, and more of the same writing where that is not always there."""
    out: list[TimeGuess] = []
    for guess in guesses:
        there = sum(one.count for one in out)
        if not out or (guess.format == out[0].format and there < guess.of and there + guess.count <= guess.of):
            out.append(guess)
    return tuple(out)


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
    named = [path for path in seen if NAMES_DEVICES.fullmatch(last_key(path))]
    named = [path for path in named if _names_devices(path, seen, records, wire)]
    topics = len(family.topics)
    many = [path for path in named if _varies_within(path, records.all) or _distinct(path, records.all) > topics]
    varies = len(family.topics) > 1 or any(is_id(level) for level in family.topics[0].split("/"))
    if many or (named and not varies):
        best = min(many or named, key=lambda path: (-_distinct(path, records.all), path.count("."), path))
        reason = "there are more of them than topics" if many else "the topic names no device"
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
