"""What the flat formats (CSV, UltraLight, line protocol) share: a record is names with texts or values, no tree.

    {name: text} -> each slot's text read as what its field wants -> slot.clean -> a row of the layout

Where every record of a message is unreadable, or none has a time or an identity, the message is; otherwise a record.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

from gateway.codecs.layout import Layout, plan
from gateway.codecs.slots import Bad, shown
from gateway.codecs.tolerant import Document, Unusable
from gateway.config.paths import quoted
from gateway.config.profile_model import Profile, RecordsSpec
from gateway.reasons import Invalid, Rejected

__all__ = ["FlatRows", "as_text", "broken", "check_many", "plan_flat", "text_reader"]

Read = Callable[[str], Any]
"""From a text to what JSON would have there; None: missing."""

_MISSING = frozenset({"", "nan", "null"})
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_MAX_DIGITS = 40
_WHOLE = re.compile(r"[0-9]{1,19}")
_ABSENT = object()


def plan_flat(profile: Profile) -> Layout:
    """Lay out the rows of a flat profile: paths are names as they stand, and every message holds records."""
    identity, time, sequence = profile.identity, profile.time, profile.sequence
    assert time is not None
    renamed: dict[str, Any] = {
        "fields": {
            name: f.model_copy(update={"path": tuple(map(quoted, f.path))}) for name, f in profile.fields.items()
        },
        "time": time.model_copy(update={"path": tuple(map(quoted, time.path))}),
        "records": RecordsSpec(path="[]"),
    }
    if identity.path is not None:
        renamed["identity"] = identity.model_copy(update={"path": quoted(identity.path)})
    if sequence is not None:
        scope = None if sequence.scope is None else quoted(sequence.scope)
        renamed["sequence"] = sequence.model_copy(update={"path": quoted(sequence.path), "scope": scope})
    return plan(profile.model_copy(update=renamed))


def text_reader(kind: str, *, decimal: str = ".", missing: Sequence[str] = (), words: Mapping[str, Any] = {}) -> Read:
    """How a text is read where the profile wants a `kind`; a text that is no such thing stays what it is."""
    none = _MISSING | {word.lower() for word in missing}

    def number(text: str) -> Any:
        if text.lower() in none:
            return None
        wired = text.replace(".", "_").replace(",", ".") if decimal == "," else text
        return float(wired) if len(text) <= _MAX_DIGITS and _NUMBER.fullmatch(wired) else text

    def flag(text: str) -> Any:
        low = text.lower()
        return None if low in none else _FLAGS.get(low, text)

    def word(text: str) -> Any:
        return None if text.lower() in none and text not in words else text

    def whole(text: str) -> Any:
        return int(text) if _WHOLE.fullmatch(text) else text

    known = {"number": number, "numeric_string": number, "boolean": flag, "enum": word, "sequence": whole}
    return known.get(kind, word)


class FlatRows:
    """Makes rows of records. Never called concurrently."""

    def __init__(self, profile: Profile, layout: Layout, *, decimal: str = ".", missing: Sequence[str] = ()) -> None:
        self._layout = layout
        slots = layout.slots
        names = [str(slot.path.steps[-1]) for slot in slots]
        reads: list[Read] = [text_reader("text", missing=missing) for _ in slots]
        for place, field in zip(layout.fields, profile.fields.values(), strict=True):
            reads[place] = text_reader(field.type, decimal=decimal, missing=missing, words=field.enum)
        if layout.sequence is not None:
            reads[layout.sequence] = text_reader("sequence")
        self._quantity = {place: number for number, place in enumerate(layout.fields)}
        keys = {layout.key, layout.scope}
        self._plan = [
            (name, slot, read, place in keys, place in self._quantity)
            for place, (name, slot, read) in enumerate(zip(names, slots, reads, strict=True))
        ]
        self.names = frozenset(names)
        """What is read of a record."""

    def add(self, found: Document, record: Mapping[str, Any], keys: Mapping[str, str] | None = None) -> None:
        """Append the row of a record of texts and clean values; identities are looked for in `keys` first."""
        row: list[Any] = []
        for name, slot, read, of_key, of_quantity in self._plan:
            raw = keys.get(name, _ABSENT) if keys is not None and of_key else _ABSENT
            if raw is _ABSENT:
                raw = record.get(name, _ABSENT)
            if raw is _ABSENT:
                row.append(slot.default)
            elif of_quantity and raw.__class__ is Bad:
                row.append(raw)
            elif raw.__class__ is str:
                row.append(slot.clean(read(raw)))
            else:
                # a subclass of str is a text by its own word, and is not read as anything else
                row.append(slot.clean(str(raw) if of_key and isinstance(raw, str) else raw))
        for place, number in self._quantity.items():
            value = row[place]
            if isinstance(value, Bad):
                found.bad.append((len(found.rows), number, value))
                row[place] = nan
        found.rows.append(tuple(row))

    def finished(self, found: Document) -> Document:
        """The document, unless nothing of it can be used. Raises Unusable."""
        layout = self._layout
        if not found.rows:
            if found.broken:
                raise Unusable(Rejected.UNREADABLE, f"no record of it can be read: {found.broken[0][0].detail}")
            return found
        timed = not layout.times or layout.receipt_where_unusable
        if not timed and all(row[place] is None for row in found.rows for place in layout.times):
            raise Unusable(Rejected.TIME_MISSING, "the event time is missing")
        if layout.key is not None and all(row[layout.key] is None for row in found.rows):
            raise Unusable(Rejected.IDENTITY_MISSING, "the device's key is missing")
        return found


def as_text(payload: bytes) -> str:
    """The text of a payload, without a byte-order mark. Raises Unusable."""
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(Rejected.NOT_UTF8, f"the payload is not UTF-8 at byte {error.start + 1}") from error


def check_many(records: int, values: int, max_records: int) -> None:
    """Refuse what holds too much before work goes into it. Raises Unusable."""
    if records > max_records:
        raise Unusable(Rejected.TOO_MANY_RECORDS, f"the message holds more than {max_records} records")
    if values > 10 * max_records:
        raise Unusable(Rejected.TOO_MANY_RECORDS, f"the message holds more than {10 * max_records} values")


def broken(found: Document, record: str, problem: str) -> None:
    """A record that is none."""
    found.broken.append((Bad(Invalid.RECORD_SHAPE, f"{shown(record)} {problem}"), None))
