"""From gathered rows to the columns of Decoded: times, keys, states, canonical units; what fails says why.

Both ways of reading and SenML end here, so they can't differ in what they make of a clean row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.decoded import Decoded, Fault, State
from gateway.codecs.layout import Layout
from gateway.codecs.settle import settle
from gateway.codecs.slots import Bad, shown
from gateway.codecs.timestamps import RECEIPT
from gateway.config.bounds import MAX_KEY_CHARS
from gateway.reasons import Ignored, Invalid, Rejected

__all__ = ["Gathered", "assemble"]


_ODD = frozenset({type(None), Bad})
"""What is no time."""


@dataclass(slots=True)
class Gathered:
    """Rows of a batch of messages, in order, and what was found wrong on the way."""

    rows: list[Sequence[Any]] = field(default_factory=list)
    message: list[int] = field(default_factory=list)
    """Which message each row is of."""
    columns: list[Sequence[Any]] | None = None
    """The rows turned about, where they were read so: `rows` is empty then."""
    bad: list[tuple[int, int, Bad]] = field(default_factory=list)
    """(row, quantity's number, why)."""
    broken: list[Fault] = field(default_factory=list)
    """What is no record at all."""
    rejected: list[tuple[int, Rejected, str]] = field(default_factory=list)
    ignored: list[tuple[int, Ignored]] = field(default_factory=list)
    within: dict[int, float] = field(default_factory=dict)
    """Of rows that say so: seconds until the device's next reading at the latest."""
    historical: set[int] = field(default_factory=set)
    """Rows that the device kept while it had no connection."""


@dataclass(slots=True)
class _Failure:
    """Why a row can't be placed in time, or whose it is."""

    whole: bool
    """It takes the whole message with it."""
    rejected: Rejected
    invalid: Invalid
    detail: str


def assemble(found: Gathered, layout: Layout) -> Decoded:
    """Columns of all that can be used."""
    if layout.unsettled:
        found.rows, found.message, found.bad = settle(found.rows, found.message, found.bad, layout)
    size, width = len(found.message), len(layout.fields)
    if found.columns is not None:
        message, columns = np.arange(size, dtype=np.int32), found.columns
    else:
        message = np.array(found.message, np.int32)
        columns = list(zip(*found.rows, strict=True)) if size else []
    failures: dict[int, _Failure] = {}
    gone = {k for k, *_ in found.rejected}
    if size:
        _ignore(columns, found, layout, gone)
    keys = _keys(columns, layout, failures) if size or layout.key is None else []
    ts = _times(columns, layout, failures, size)
    value, state = _values(columns, found, layout, size) if size else _nothing(width)

    keep: NDArray[np.bool_] | None = None
    if failures or gone:
        keep = _fail(failures, found, layout, state, keys, gone)
    carrying = (state != State.ABSENT).any(axis=1)
    if not carrying.all():
        keep = carrying if keep is None else keep & carrying
    if keep is not None:
        _count_empty(keep, message, found, gone)
    return _decoded(found, layout, columns, message, keys, ts, value, state, keep, gone)


def _ignore(columns: list[Sequence[Any]], found: Gathered, layout: Layout, gone: set[int]) -> None:
    for place, equals, reason in layout.ignore:
        if equals in columns[place]:
            for k, value in zip(found.message, columns[place], strict=True):
                if value == equals and k not in gone:
                    gone.add(k)
                    found.ignored.append((k, reason))


def _keys(columns: list[Sequence[Any]], layout: Layout, failures: dict[int, _Failure]) -> list[str] | None:
    if layout.key is None:
        return None
    keys: list[str] = []
    for r, raw in enumerate(columns[layout.key]):
        key = raw if isinstance(raw, str) else str(raw)
        keys.append(key)
        if raw is None:
            reason, detail = Rejected.IDENTITY_MISSING, "the device's key is missing"
        elif isinstance(raw, Bad):
            reason, detail = Rejected.IDENTITY_INVALID, raw.detail
        elif not key or len(key) > MAX_KEY_CHARS or not key.isprintable():
            detail = f"the device's key {shown(key)} is empty, too long or unprintable"
            reason = Rejected.IDENTITY_INVALID
        else:
            continue
        failures[r] = _Failure(layout.key_of_message, reason, Invalid.RECORD_IDENTITY_MISSING, detail)
    return keys


def _times(columns: list[Sequence[Any]], layout: Layout, failures: dict[int, _Failure], size: int) -> NDArray[np.int64]:
    if layout.parse_times is None or not size:
        return np.full(size, RECEIPT, np.int64)
    raw = columns[layout.times[0]]
    for place in layout.times[1:]:
        raw = [other if first is None else first for first, other in zip(raw, columns[place], strict=True)]
    if not _ODD.isdisjoint(map(type, raw)):
        odd = [r for r, value in enumerate(raw) if value.__class__ in _ODD]
        ts, good = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        usable = np.ones(size, np.bool_)
        usable[odd] = False
        places = np.flatnonzero(usable)
        ts[places], good[places] = layout.parse_times([raw[r] for r in places.tolist()])
    else:
        ts, good = layout.parse_times(raw)
    if layout.earliest is not None:
        good &= ts >= layout.earliest
    if not good.all():
        for r in np.flatnonzero(~good).tolist():
            if layout.receipt_where_unusable:
                ts[r] = RECEIPT
            else:
                failures.setdefault(r, _untimed(raw[r], layout))
    return ts


def _untimed(raw: Any, layout: Layout) -> _Failure:
    if raw is None:
        return _Failure(
            layout.time_of_message, Rejected.TIME_MISSING, Invalid.RECORD_TIME_MISSING, "the event time is missing"
        )
    early = "" if layout.earliest is None else ", or is of a clock that nobody set"
    detail = raw.detail if isinstance(raw, Bad) else f"the event time {shown(raw)} can't be read{early}"
    return _Failure(layout.time_of_message, Rejected.TIME_INVALID, Invalid.RECORD_TIME_INVALID, detail)


def _nothing(width: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    return np.empty((0, width)), np.empty((0, width), np.uint8)


def _values(
    columns: list[Sequence[Any]], found: Gathered, layout: Layout, size: int
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """(value, state); appends what is invalid to `found.bad`."""
    value = np.empty((size, len(layout.fields)))
    for number, place in enumerate(layout.fields):
        value[:, number] = _floats(columns[place], size)
    hole = np.isnan(value)
    state = np.where(hole, np.uint8(State.ABSENT), np.uint8(State.PRESENT))
    for r, number, _ in found.bad:
        state[r, number] = State.INVALID
    if hole.any():
        for number, place in enumerate(layout.fields):
            column = columns[place]
            for r in np.flatnonzero(hole[:, number] & (state[:, number] == State.ABSENT)).tolist():
                if column[r] is None:
                    state[r, number] = State.MISSING
                elif layout.required[number]:
                    state[r, number] = State.INVALID
                    path = layout.slots[place].path.text
                    found.bad.append((r, number, Bad(Invalid.REQUIRED_ABSENT, f"{path} is absent")))
    with np.errstate(over="ignore"):
        value *= layout.factor
        value += layout.offset
    boundless = np.isinf(value)
    if boundless.any():
        value[boundless] = np.nan
        state[boundless] = State.INVALID
        for r, number in np.argwhere(boundless).tolist():
            path = layout.slots[layout.fields[number]].path.text
            found.bad.append((r, number, Bad(Invalid.NOT_FINITE, f"{path} is beyond what a number can hold")))
    return value, state


def _floats(column: Sequence[Any], size: int) -> NDArray[np.float64]:
    try:
        return np.fromiter(column, np.float64, size)
    except (TypeError, OverflowError):
        return np.array(column, np.float64)  # None becomes NaN


def _fail(
    failures: dict[int, _Failure], found: Gathered, layout: Layout, state: NDArray[np.uint8], keys: list[str] | None,
    gone: set[int],
) -> NDArray[np.bool_]:  # fmt: skip
    """Reject messages and break records; give which rows stay."""
    keep = np.ones(len(found.message), np.bool_)
    for r in sorted(failures):
        failure, k = failures[r], found.message[r]
        keep[r] = False
        if failure.whole and k not in gone:
            gone.add(k)
            found.rejected.append((k, failure.rejected, failure.detail))
    for r, failure in failures.items():
        carried = [layout.quantities[q] for q in np.flatnonzero(state[r] != State.ABSENT).tolist()] or [""]
        named = keys is not None and failure.invalid is not Invalid.RECORD_IDENTITY_MISSING
        key = keys[r] if keys is not None and named else None
        found.broken.extend(Fault(found.message[r], name, failure.invalid, failure.detail, -1, key) for name in carried)
    if gone:
        keep &= np.fromiter((k not in gone for k in found.message), np.bool_, len(keep))
    return keep


def _count_empty(keep: NDArray[np.bool_], message: NDArray[np.int32], found: Gathered, gone: set[int]) -> None:
    """Messages that have lost every row, and nothing was wrong with them, carry no reading."""
    told = gone | {k for k, *_ in found.broken}
    for k in np.setdiff1d(message, message[keep]).tolist():
        if k not in told:
            found.ignored.append((k, Ignored.NO_READING))


def _decoded(
    found: Gathered, layout: Layout, columns: list[Sequence[Any]], message: NDArray[np.int32], keys: list[str] | None,
    ts: NDArray[np.int64], value: NDArray[np.float64], state: NDArray[np.uint8], keep: NDArray[np.bool_] | None,
    gone: set[int],
) -> Decoded:  # fmt: skip
    invalid = [fault for fault in found.broken if fault.message not in gone]
    if found.bad:
        place = range(len(message)) if keep is None else (np.cumsum(keep) - 1).tolist()
        for r, number, bad in sorted(found.bad, key=lambda entry: entry[:2]):
            if keep is None or keep[r]:
                quantity = layout.quantities[number]
                invalid.append(Fault(found.message[r], quantity, bad.reason, bad.detail, place[r]))
    sequence, scope = _sequence(columns, layout)
    counters = _counters(found, sequence, scope, ts) if sequence is not None and layout.counted_apart else []
    within = _within(found, len(message))
    historical = np.isin(np.arange(len(message)), list(found.historical)) if found.historical else None
    if keep is not None:
        historical = None if historical is None else historical[keep]
        within = None if within is None else within[keep]
        message, ts, value, state = message[keep], ts[keep], value[keep], state[keep]
        chosen = np.flatnonzero(keep).tolist()
        keys = None if keys is None else [keys[r] for r in chosen]
        sequence = None if sequence is None else sequence[keep]
        scope = None if scope is None else [scope[r] for r in chosen]
    return Decoded(
        message, keys, ts, value, state, sequence, scope, counters, sorted(invalid, key=lambda entry: entry[0]),
        sorted(found.rejected, key=lambda entry: entry[0]), sorted(found.ignored, key=lambda entry: entry[0]), within,
        historical,
    )  # fmt: skip


def _within(found: Gathered, size: int) -> NDArray[np.float64] | None:
    if not found.within:
        return None
    within = np.full(size, np.nan)
    within[list(found.within)] = list(found.within.values())
    return within


def _sequence(columns: list[Sequence[Any]], layout: Layout) -> tuple[NDArray[np.int64] | None, list[str] | None]:
    if layout.sequence is None:
        return None, None
    numbers = columns[layout.sequence] if columns else ()
    sequence = np.array([-1 if number is None else number for number in numbers], np.int64)
    if layout.scope is None:
        return sequence, None
    scopes = columns[layout.scope] if columns else ()
    return sequence, [_scope(scope) for scope in scopes]


def _counters(
    found: Gathered, sequence: NDArray[np.int64], scope: list[str] | None, ts: NDArray[np.int64]
) -> list[tuple[int, int, str, int]]:
    """One a message: its records share the number."""
    out: dict[int, tuple[int, int, str, int]] = {}
    for r, (k, number) in enumerate(zip(found.message, sequence.tolist(), strict=True)):
        if number >= 0:
            out.setdefault(k, (k, number, "" if scope is None else scope[r], int(ts[r]) or RECEIPT))
    return list(out.values())


def _scope(scope: Any) -> str:
    """A session key; what no session key can be counts as none, for it is kept with the device."""
    text = "" if scope is None or isinstance(scope, Bad) else str(scope)
    return text if len(text) <= MAX_KEY_CHARS and text.isprintable() else ""
