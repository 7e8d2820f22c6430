"""Sparkplug B: metrics that births have named -> rows. What a session remembers is the engine's, in edge_node.py.

    topic    spBv1.0/{group}/NBIRTH|NDATA|NDEATH/{node}            the edge node's own metrics: key group/node
             spBv1.0/{group}/DBIRTH|DDATA|DDEATH/{node}/{device}   a device's: key group/node/device
    metric   the name is a field's path in the profile; an alias stands for the name that a birth gave it
    time     the metric's own, else the payload's, in ms

Metrics of one time share a row; historical ones have rows of their own. Signed whole numbers come as unsigned ones of
their data type's width, which only births tell. Data sets, templates, files and bytes are no readings: a field that is
one is refused by name; other metrics that the profile doesn't name are nothing to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np

from gateway.codecs.layout import Layout, scales
from gateway.codecs.slots import Bad, Slot, field_slot, key_slot
from gateway.codecs.sparkplug_wire import BOOLEAN, Metric, Payload, read_payload
from gateway.codecs.timestamps import Times
from gateway.codecs.tolerant import Document, Unusable
from gateway.config.bounds import Bounds
from gateway.config.paths import Path
from gateway.config.profile_model import Profile
from gateway.reasons import Ignored, Invalid, Rejected

__all__ = [
    "BD_SEQ", "BIRTHS", "DEATHS", "LONG_NAME", "Aliases", "EdgeTopic", "Named", "Outcome", "Resolved",
    "SparkplugReader", "is_command", "parse_topic", "plan_sparkplug", "resolve", "stand_alone",
]  # fmt: skip

BD_SEQ = "bdSeq"
BIRTHS, DEATHS = frozenset({"NBIRTH", "DBIRTH"}), frozenset({"NDEATH", "DDEATH"})
_NAMESPACE = "spBv1.0"
_COMMANDS = frozenset({(4, "NCMD"), (5, "DCMD")})
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
"""Width in bits of the signed data types Int8 to Int64."""
_WHOLE = ("int_value", "long_value")
_NO_READING = {
    "bytes_value": "bytes", "dataset_value": "a data set", "template_value": "a template",
    "extension_value": "an extension",
}  # fmt: skip
LONG_NAME = 256
"""Characters of a metric's name that count as one."""
_MILLISECOND = 1_000_000
_LATEST_MS = ((1 << 63) - 1) // _MILLISECOND


class EdgeTopic(NamedTuple):
    """A topic of the namespace."""

    group: str
    type: str
    """Such as NDATA."""
    node: str
    device: str
    """"": the edge node itself."""

    @property
    def key(self) -> str:
        """The device's key."""
        return f"{self.group}/{self.node}/{self.device}" if self.device else f"{self.group}/{self.node}"


class Named(NamedTuple):
    """A metric whose name and data type are known."""

    name: str
    datatype: int
    metric: Metric


@dataclass(slots=True)
class Resolved:
    """A message that is about readings: what of it could be named, and what couldn't."""

    key: str
    ts: int | None
    """The payload's time, ms."""
    named: list[Named]
    unknown: list[str] = field(default_factory=list)
    """A sentence for each metric that no birth has named."""
    empty: Ignored = Ignored.NO_READING
    """What it is where it holds no reading."""


Outcome = Resolved | tuple[Rejected, str] | Ignored
"""What becomes of a message: read, rejected with a sentence, or ignored."""


class Aliases:
    """What the births of one device, or of a node itself, have named."""

    def __init__(self, names: Mapping[int, str] | None = None, types: Mapping[str, int] | None = None) -> None:
        self.names = dict(names or {})
        self.types = dict(types or {})

    def __len__(self) -> int:
        return max(len(self.names), len(self.types))

    @property
    def weight(self) -> int:
        """How many there are, a long name counted as several: what is bounded is memory."""
        return len(self) + sum(len(name) // LONG_NAME for name in self.types)

    @classmethod
    def of(cls, metrics: Iterable[Metric]) -> "Aliases":
        """As a birth tells them."""
        made = cls()
        for metric in metrics:
            if metric.name is not None:
                made.types[metric.name] = metric.datatype
                if metric.alias is not None:
                    made.names[metric.alias] = metric.name
        return made

    def named(self, metric: Metric) -> Named | str:
        """A metric under its name, or why that is not known."""
        name = metric.name
        if name is None:
            if metric.alias is None:
                return "a metric has neither name nor alias"
            name = self.names.get(metric.alias)
            if name is None:
                return f"no birth has named alias {metric.alias}"
        datatype = metric.datatype or self.types.get(name, 0)
        if not datatype and metric.kind in _WHOLE:
            return f"no birth has told whether {name[:60]!a} is signed"
        return Named(name, datatype, metric)


def parse_topic(topic: str) -> EdgeTopic:
    """Read a topic that fits a template of a Sparkplug profile: four levels or five, else ValueError."""
    _, group, kind, node, *device = topic.split("/")
    return EdgeTopic(group, kind, node, device[0] if device else "")


def is_command(topic: str) -> bool:
    """Whether it tells an edge node or a device what to do."""
    levels = topic.split("/")
    return levels[0] == _NAMESPACE and (len(levels), *levels[2:3]) in _COMMANDS


def resolve(topic: EdgeTopic, payload: Payload, aliases: Aliases, why: str) -> Outcome:
    """A data or birth message with its metrics named; rejected where none of them can be. `why`: what is missing."""
    found = Resolved(topic.key, payload.ts, [], empty=Ignored.SESSION if topic.type in BIRTHS else Ignored.NO_READING)
    for metric in payload.metrics:
        named = aliases.named(metric)
        if isinstance(named, str):
            found.unknown.append(named)
        else:
            found.named.append(named)
    if found.unknown and not found.named:
        reason = Rejected.BIRTH_MISSING if why else Rejected.ALIAS_UNKNOWN
        return reason, why or found.unknown[0]
    return found


def stand_alone(payloads: Sequence[bytes], topics: Sequence[str], bounds: Bounds) -> list[Outcome]:
    """What messages say by themselves and the births before them: for trying a profile out, without a session."""
    known: dict[str, Aliases] = {}
    out: list[Outcome] = []
    for content, text in zip(payloads, topics, strict=True):
        try:
            topic = parse_topic(text)
        except ValueError:
            out.append((Rejected.TOPIC_INVALID, "the topic is none of Sparkplug's"))
            continue
        try:
            payload = read_payload(content, bounds)
        except Unusable as unusable:
            out.append((unusable.reason, unusable.detail))
            continue
        if topic.type in DEATHS:
            out.append(Ignored.SESSION)
            continue
        if topic.type in BIRTHS:
            known[topic.key] = Aliases.of(payload.metrics)
        why = "" if topic.key in known else "no birth of it has come"
        out.append(resolve(topic, payload, known.get(topic.key, Aliases()), why))
    return out


def plan_sparkplug(profile: Profile) -> Layout:
    """Lay out the rows of a Sparkplug profile: quantities, time, key."""
    slots = _slots(profile)
    width = len(slots)
    factor, offset = scales(profile)
    return Layout(
        relative=(*slots, key_slot("timestamp"), key_slot("key")), absolute=(), records=(),
        quantities=tuple(profile.fields), fields=tuple(range(width)), times=(width,), key=width + 1, sequence=None,
        scope=None, counted_apart=False, ignore=(), time_of_message=False, key_of_message=True,
        receipt_where_unusable=False, parse_times=_as_they_are, required=np.zeros(width, np.bool_), factor=factor,
        offset=offset,
    )  # fmt: skip


def _as_they_are(values: Any) -> Times:
    return np.array(values, np.int64), np.ones(len(values), np.bool_)


def _slots(profile: Profile) -> tuple[Slot, ...]:
    names = [field.path[0] for field in profile.fields.values()]
    paths = [Path(name, (name,), absolute=False) for name in names]
    return tuple(field_slot(f, path=path) for f, path in zip(profile.fields.values(), paths, strict=True))


class SparkplugReader:
    """Reads resolved messages by the fields of one profile. Never called concurrently."""

    def __init__(self, profile: Profile) -> None:
        self._slots = _slots(profile)
        self._numbers: dict[str, list[int]] = {}
        for number, each in enumerate(profile.fields.values()):
            for name in each.path:  # whichever of them the node has
                self._numbers.setdefault(name, []).append(number)

    def read(self, message: Resolved) -> Document:
        """The rows of a message."""
        found = Document()
        rows: list[list[Any]] = []
        open_rows: dict[tuple[int | None, bool], int] = {}
        filled: set[tuple[int, int]] = set()
        for named in message.named:
            for number in self._numbers.get(named.name, ()):
                ts = message.ts if named.metric.ts is None else named.metric.ts
                place = (ts, named.metric.historical)
                r = open_rows.get(place)
                # a second value of one quantity at one time is a reading of its own
                if r is None or (r, number) in filled:
                    r = open_rows[place] = len(rows)
                    rows.append([nan] * len(self._slots) + [_ns(ts), message.key])
                    if named.metric.historical:
                        found.historical.add(r)
                filled.add((r, number))
                value = _value(named, self._slots[number])
                if isinstance(value, Bad):
                    found.bad.append((r, number, value))
                else:
                    rows[r][number] = value
        found.rows = [tuple(row) for row in rows]
        found.broken = [(Bad(Invalid.ALIAS_UNKNOWN, detail), message.key) for detail in message.unknown]
        return found


def _ns(ts_ms: int | None) -> int | Bad | None:
    if ts_ms is None or ts_ms <= _LATEST_MS:
        return None if ts_ms is None else ts_ms * _MILLISECOND
    return Bad(Invalid.RECORD_TIME_INVALID, f"the timestamp {ts_ms} is beyond what a time can hold")


def _value(named: Named, slot: Slot) -> Any:
    """The clean value of a field, or Bad."""
    kind, value, name = named.metric.kind, named.metric.value, slot.path.text
    if kind == "null":
        return None
    if not kind:
        return Bad(Invalid.WRONG_TYPE, f"{name} has no value and isn't said to be null")
    if kind in _NO_READING:
        return Bad(Invalid.WRONG_TYPE, f"{name} is {_NO_READING[kind]}, which is no reading")
    if kind in _WHOLE:
        width = _SIGNED.get(named.datatype)
        if width is not None:
            value &= (1 << width) - 1
            value -= (value >> (width - 1)) << width
        elif named.datatype == BOOLEAN:
            value = bool(value)
    elif kind == "string_value":
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return Bad(Invalid.WRONG_TYPE, f"{name} is no UTF-8 text")
    elif isinstance(value, float) and isnan(value):
        return Bad(Invalid.NOT_FINITE, f"{name} is not a number")
    return slot.clean(value)
