"""Messages as records: names or paths with plain values, whatever codec they have. For looking at, not for decoding.

A path of JSON starts at the record; with `$.` at the message, with `^.` at what the record lies in.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.codecs.senml_cbor import cbor_pack
from gateway.codecs.tolerant import Unusable, parse_json
from gateway.config.bounds import Bounds
from gateway.config.profile_model import CsvSpec
from gateway.workshop.guess_records import guess_records, records_at, records_text, scalars_beside
from gateway.workshop.guess_wire import Wire, content_of, kind_of
from gateway.workshop.leaves import Scalar, leaves, path_text

__all__ = ["Record", "Records", "read_records"]

_SEPARATORS = ":/-_."
_UNESCAPED_BLANK = re.compile(r"(?<!\\) +")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_FIELD = re.compile(r'((?:[^\s=,\\]|\\.)+)=("(?:[^"\\]|\\.)*"|[^,"]+)(?:,|$)')
_MOST = 20_000
"""Records that are looked at: enough to tell how a kind of device speaks."""


@dataclass(slots=True)
class Record:
    """One record of one message."""

    message: int
    values: dict[str, Scalar]
    key: str = ""
    """The object member that it stands in, SenML's base name."""
    tags: tuple[str, ...] = ()
    """Names of line protocol's tags among the values."""
    units: dict[str, str] = field(default_factory=dict)
    """Of SenML: the unit of each name."""


@dataclass(slots=True)
class Records:
    """All that is looked at, and how it lies in its messages."""

    all: list[Record] = field(default_factory=list)
    path: str = ""
    """Of `[records]`; empty where a message is one record."""
    keyed: bool = False
    """The records' path has a {}: keys of an object may be devices."""
    single: bool = False
    measurements: set[str] = field(default_factory=set)
    """Of line protocol."""
    unread: int = 0
    """Messages that are written otherwise than most."""


def read_records(payloads: Sequence[bytes], wire: Wire, bounds: Bounds) -> Records:
    """The records of payloads that are written as `wire` says; others are counted."""
    out = Records()
    contents: list[tuple[int, bytes]] = []
    for k, payload in enumerate(payloads):
        content, _ = content_of(payload, bounds)
        if payload and kind_of(content, bounds) == wire.codec:
            contents.append((k, content))
        else:
            out.unread += 1
    if wire.codec == "json":
        _json(contents, out)
        return out
    for k, content in contents:
        if len(out.all) >= _MOST:
            break
        if wire.codec in ("senml", "senml_cbor"):
            out.all.extend(_senml(k, content, bounds))
            continue
        text = content.decode("utf-8-sig")
        if wire.codec == "csv":
            out.all.extend(Record(k, values) for values in _csv(text, wire.csv or CsvSpec()))
        elif wire.codec == "ultralight":
            out.all.extend(Record(k, values) for values in _ultralight(text))
        elif wire.codec == "line_protocol":
            out.all.extend(_lines(k, text, out.measurements))
        else:
            out.all.append(Record(k, {"$": text.strip()}))
    return out


def _json(contents: Sequence[tuple[int, bytes]], out: Records) -> None:
    documents: list[tuple[int, Any]] = []
    for k, content in contents:
        try:
            documents.append((k, parse_json(content)))
        except Unusable:
            out.unread += 1
    path, out.single = guess_records([document for _, document in documents])
    out.path, out.keyed = records_text(path), "{}" in records_text(path)
    for k, document in documents:
        if len(out.all) >= _MOST:
            return
        beside = {f"$.{path_text(at)}": value for at, value in scalars_beside(document, path)} if path else {}
        for record, outer, key in records_at(document, path):
            values = {path_text(at): value for at, value in leaves(record) if at}
            if isinstance(outer, dict):
                values |= {f"^.{path_text(at)}": value for at, value in leaves(outer) if at}
            out.all.append(Record(k, values | beside, key))


def _senml(message: int, content: bytes, bounds: Bounds) -> Iterator[Record]:
    try:
        pack = cbor_pack(content, bounds.max_records) if content[:1] not in b"[{" else parse_json(content)
    except Unusable:
        return
    base: dict[str, Any] = {}
    for entry in pack if isinstance(pack, list) else ():
        if not isinstance(entry, dict):
            continue
        base |= {name: entry[name] for name in ("bn", "bt", "bu") if name in entry}
        value = next((entry[name] for name in ("v", "vb", "vs") if name in entry), None)
        if value is None:
            continue
        key, name = str(base.get("bn", "")), str(entry.get("n", ""))
        if not key:
            at = max((name.rfind(sign) for sign in _SEPARATORS), default=-1)
            key, name = name[: at + 1], name[at + 1 :]
        unit = entry.get("u", base.get("bu"))
        yield Record(message, {name: value}, key, units={name: unit} if isinstance(unit, str) else {})


def _csv(text: str, spec: CsvSpec) -> Iterator[dict[str, Scalar]]:
    rows = [line for line in text.splitlines() if line.strip()]
    names = list(spec.columns)
    if spec.header and rows:
        names = _cells(rows.pop(0), spec)
    for row in rows:
        cells = _cells(row, spec)
        if spec.pairs is not None:
            parts = [cell.partition(spec.pairs) for cell in cells if cell]
            values = {name.strip(): value.strip() for name, _, value in parts}
        elif names:
            values = dict(zip(names, cells, strict=False))
        else:
            values = {str(k): cell for k, cell in enumerate(cells)}
        for name, columns in spec.joined.items():
            values[name] = " ".join(values.pop(column, "") for column in columns)
        if spec.decimal == ",":
            values = {name: re.sub(r"^([+-]?[0-9]+),([0-9]+)$", r"\1.\2", value) for name, value in values.items()}
        yield dict(values)


def _cells(row: str, spec: CsvSpec) -> list[str]:
    cells = row.split() if spec.delimiter == " " else row.split(spec.delimiter)
    return [cell.strip().strip('"') for cell in cells]


def _ultralight(text: str) -> Iterator[dict[str, Scalar]]:
    for group in text.strip().split("#"):
        parts = [part.strip() for part in group.split("|")]
        timed = len(parts) % 2
        values: dict[str, Scalar] = dict(zip(parts[timed::2], parts[timed + 1 :: 2], strict=True))
        yield {**({"TimeInstant": parts[0]} if timed else {}), **values}


def _lines(message: int, text: str, measurements: set[str]) -> Iterator[Record]:
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, *rest = _UNESCAPED_BLANK.split(line.strip(), 1)
        measurement, *tags = _UNESCAPED_COMMA.split(head)
        found = dict(_plain(tag).partition("=")[::2] for tag in tags)
        values: dict[str, Scalar] = dict(found)
        fields, stamp = (rest[0] if rest else ""), ""
        if re.search(r" -?[0-9]{9,19}$", fields):
            fields, _, stamp = fields.rpartition(" ")
        for name, value in _FIELD.findall(fields.strip()):
            values[_plain(name)] = _line_value(value)
        if stamp:
            values["time"] = int(stamp)
        measurements.add(_plain(measurement))
        yield Record(message, values, tags=tuple(found))


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def _line_value(text: str) -> Scalar:
    if text.startswith('"'):
        return text[1:-1]
    if text.lower() in ("t", "true"):
        return True
    if text.lower() in ("f", "false"):
        return False
    try:
        return float(text.rstrip("iu"))
    except ValueError:
        return text
