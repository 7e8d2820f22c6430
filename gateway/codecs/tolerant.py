"""The tolerant way: any JSON document, walked slot by slot. Good fields are kept, each bad one is named.

Takes everything that the typed way takes, with the same result, and says what is wrong with the rest.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.codecs.layout import Layout
from gateway.codecs.slots import Bad, Slot, shown
from gateway.config.paths import Each, Step
from gateway.reasons import Ignored, Invalid, Rejected

__all__ = ["Document", "TolerantReader", "Unusable", "parse_json"]

_PLACES_A_RECORD = 10
"""Places where records may lie, for each record that is allowed, as with the containers of a document (limits.py)."""
_MAX_DIGITS = 320  # an int of more digits is beyond a float, and slow to read


class Unusable(Exception):
    """The whole message can't be used."""

    def __init__(self, reason: Rejected, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Nothing:
    """Stands for what isn't there."""


_NOTHING = _Nothing()


@dataclass(slots=True)
class Document:
    """The rows of one message, the bad fields of each, and what is no record at all."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    bad: list[tuple[int, int, Bad]] = field(default_factory=list)
    """(row, quantity's number, why)."""
    broken: list[tuple[Bad, str | None]] = field(default_factory=list)
    """What is no record at all, and the device's key where an object's member has it."""
    within: dict[int, float] = field(default_factory=dict)
    """Row -> seconds until the device's next reading at the latest, where it says so."""
    historical: set[int] = field(default_factory=set)
    """Rows that the device kept while it had no connection, by its own word."""
    ignored: Ignored | None = None
    """It holds no record by design."""


class TolerantReader:
    """Walks documents by the slots of one layout."""

    def __init__(self, layout: Layout, max_records: int) -> None:
        self._layout = layout
        self._max_records = max_records
        several = {number for number, _ in layout.choices}  # settled later
        self._quantity = {place: number for number, place in enumerate(layout.fields) if number not in several}

    def read(self, payload: bytes) -> Document:
        """The rows of a document. Raises Unusable."""
        document = parse_json(payload)
        found = Document()
        layout = self._layout
        if not layout.records:
            # a bare value is a field of the profile, or has no business here
            if all(slot.path.steps for slot in layout.relative):
                if not isinstance(document, dict | list):
                    raise Unusable(Rejected.WRONG_SHAPE, f"the document is {shown(document)}, not an object")
                if isinstance(document, list) and all(isinstance(slot.path.steps[0], str) for slot in layout.relative):
                    raise Unusable(Rejected.WRONG_SHAPE, "the document is a list, not an object")
            self._row(layout.relative, document, (), None, found)
            return found
        message = [_value(slot, document) for slot in layout.absolute]
        with_key = layout.key == len(layout.slots)
        shape = _shapes(layout.relative)
        for record, key, outer in self._records(document, found):
            # what is no record counts too: each would be a fault of its own
            if len(found.rows) + len(found.broken) >= self._max_records:
                raise self._too_many()
            if shape and not isinstance(record, shape):
                bad = Bad(Invalid.RECORD_SHAPE, f"a record is {shown(record)}, not an object")
                found.broken.append((bad, key if with_key else None))
                continue
            beside = [*(_value(slot, outer) for slot in layout.outer), *message] if layout.outer else message
            self._row(layout.relative, record, beside, key if with_key else None, found)
        if not found.rows and found.broken:
            # of a message without a row nobody else looks at the rules
            first = len(layout.relative) + len(layout.outer)
            rules = (why for at, equals, why in layout.ignore if at >= first and message[at - first] == equals)
            found.ignored = next(rules, None)
        return found

    def _row(
        self, slots: tuple[Slot, ...], record: Any, message: list[Any] | tuple[()], key: str | None, found: Document
    ) -> None:
        row = [_value(slot, record) for slot in slots]
        row.extend(message)
        for place, number in self._quantity.items():
            value = row[place]
            if isinstance(value, Bad):
                found.bad.append((len(found.rows), number, value))
                row[place] = float("nan")
        if key is not None:
            row.append(key)
        found.rows.append(tuple(row))

    def _too_many(self) -> Unusable:
        return Unusable(Rejected.TOO_MANY_RECORDS, f"the message holds more than {self._max_records} records")

    def _records(self, document: Any, found: Document) -> Iterator[tuple[Any, str, Any]]:
        """(record, key of the object member that it stands in, what it lies in). A part that holds none is broken."""
        with_key = self._layout.key == len(self._layout.slots)
        # a place, its depth and key, what the last branch led to, and the one before
        waiting: list[tuple[Any, int, str, Any, Any]] = [(document, 0, "", None, None)]
        branched = False
        while waiting:
            at, depth, key, inner, outer = waiting.pop()
            if depth == len(self._layout.records):
                yield at, key, outer
                continue
            step = self._layout.records[depth]
            below: list[tuple[Any, str]] | None = None
            if step is Each.ELEMENT and (isinstance(at, list) or (self._layout.single and isinstance(at, dict))):
                below, branched = [(item, key) for item in (at if isinstance(at, list) else [at])], True
            elif step is Each.MEMBER and isinstance(at, dict):
                below, branched = [(item, name) for name, item in at.items()], True
            elif not isinstance(step, Each) and _holds(at, step):
                below = [(at[step], key)]
            if below is not None:
                if len(waiting) + len(below) > _PLACES_A_RECORD * self._max_records:
                    raise self._too_many()
                branch = isinstance(step, Each)
                waiting.extend(
                    (item, depth + 1, name, item if branch else inner, inner if branch else outer)
                    for item, name in reversed(below)
                )
            elif branched:
                if len(found.rows) + len(found.broken) >= self._max_records:
                    raise self._too_many()
                bad = Bad(Invalid.RECORD_SHAPE, "a part of the message holds no records")
                found.broken.append((bad, key if with_key and key else None))
            else:
                raise Unusable(Rejected.WRONG_SHAPE, "the message holds no records where its profile looks for them")


def _shapes(slots: tuple[Slot, ...]) -> tuple[type, ...]:
    """What a record may be; empty: anything, for it may be a value itself."""
    if any(not slot.path.steps for slot in slots):
        return ()
    return (dict, list) if any(isinstance(slot.path.steps[0], int) for slot in slots) else (dict,)


def _value(slot: Slot, at: Any) -> Any:
    for step in slot.path.steps:
        if at is None:
            return slot.default
        if isinstance(step, str):
            if not isinstance(at, dict):
                return _astray(slot, at, "an object")
            at = at.get(step, _NOTHING)
        else:
            if not isinstance(at, list):
                return _astray(slot, at, "a list")
            at = at[step] if step < len(at) else _NOTHING
        if at is _NOTHING:
            return slot.default
    return slot.clean(at)


def _holds(at: Any, step: Step) -> bool:
    if isinstance(step, str):
        return isinstance(at, dict) and step in at
    return isinstance(at, list) and step < len(at)


def _astray(slot: Slot, at: Any, wanted: str) -> Any:
    """What a path gives that leads through a value: Bad where the slot takes no such thing as an object either."""
    outcome = slot.default if slot.soft else slot.clean({})
    if isinstance(outcome, Bad):
        return outcome._replace(detail=f"{slot.path.text} leads through {_kind(at)}, not {wanted}")
    return outcome


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return shown(value)
    if isinstance(value, str):
        return "a text"
    return "true or false" if isinstance(value, bool) else "a number"


def parse_json(payload: bytes) -> Any:
    """Any JSON document; numbers beyond what can be held are infinite. Raises Unusable."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    # msgspec refuses some documents for one number or one text in them; only what is not JSON is lost whole
    try:
        return json.loads(payload.decode(), parse_int=_int, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        where = f": {error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable(Rejected.UNREADABLE, f"the payload is not JSON{where}") from error


def _int(text: str) -> float:
    return int(text) if len(text) <= _MAX_DIGITS else float(text)


def _constant(text: str) -> float:
    raise json.JSONDecodeError(f"{text} is not JSON", text, 0)
