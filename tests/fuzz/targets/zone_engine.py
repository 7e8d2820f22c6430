"""The engine on rows that nobody meant: one kind of device, garbage on its topics, two witnesses that speak well.

first bytes: the kind; then a row every few bytes (see `_row`), in calls of some rows.
- no row makes a call raise; its outputs can be written, its state be kept and taken up again
- every call's counts balance
- what the witnesses are said to have measured is the same as without the garbage
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

import seeds as built_in
from gateway.codecs.compiled import compile_profile
from gateway.engine.results import StepResult
from gateway.engine.router import Match, Router
from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.journal.snapshot_bytes import pieces, unpacked
from gateway.rows import DUP, QOS1, RETAIN, Row, RowKind
from tests.fuzz.ledger import balances
from tests.fuzz.source import Source
from tests.fuzz.targets._codec import BUILT_IN, example
from tests.fuzz.targets.flat_codecs import TOKENS as FLAT
from tests.fuzz.targets.json_codec import TOKENS as JSON
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, message

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [*JSON, *FLAT]
_NAMES = tuple(BUILT_IN)
_ZONES = ("tianhe", "a", "b", "water")
_MOST_ROWS = 24
_MESSAGES = (RowKind.MESSAGE, RowKind.REPLAY)
_LOOP = message("city/a/loop/the-witness", {"ts": START // 1_000_000, "speed": 50.5, "flow": 300}, START)


@dataclass
class _Kind:
    """A kind of device, ready to be judged."""

    config: Row
    topic: str
    good: bytes
    parts: Sequence[str]
    """Of the keys of the witnesses: what makes them theirs."""
    variables: dict[str, str]
    texts: Sequence[str]
    """Its topics as they are written."""


@cache
def _kind(name: str) -> _Kind:
    profile, (topic, good) = BUILT_IN[name], example(name)
    found = Router([profile]).match(topic)
    assert isinstance(found, Match)
    keys = compile_profile(profile).decode([good], [topic]).keys or [found.key or ""]
    parts = sorted({part for key in keys for part in key.split("/")}, key=len, reverse=True)
    table = tomllib.loads(built_in.profile_texts()[name]) | {"provisioning": {"policy": "open", "zone": "a"}}
    made = content([LOOP_PROFILE, table], zones=_ZONES)
    return _Kind(config_row(made), topic, good, parts, found.variables, profile.topic_texts)


def target(data: bytes) -> None:
    """Some calls with garbage; the first one again without."""
    source = Source(data)
    kind = _kind(source.one(_NAMES))
    first, others = _rows(source, kind), [_rows(source, kind) for _ in range(source.below(3))]
    count = len(first)
    witnesses = [
        _stamped(_LOOP, 0),
        _stamped(message(kind.topic, kind.good, START), count // 2),
        _stamped(_LOOP, count),
    ]
    together = sorted([*first, *witnesses], key=lambda row: row.received_at)

    engine = _engine(kind)
    told = _step(engine, together)
    alone = _engine(kind)
    quiet = _step(alone, witnesses)
    if not any(_names(row, kind) for row in first):
        mine = {record.id for record in quiet.devices}
        assert _said(engine, told, mine) == _said(alone, quiet, mine), "garbage changes what others have measured"
    if source.flag():
        engine = _taken_up(engine)
    for k, rows in enumerate(others, 1):
        later = [Row(row.received_at + k * SECOND, *row_tail(row)) for row in rows]
        _step(engine, later)
    _step(engine, [], START + source.one((1, 60, 4000, 90_000)) * SECOND)


def row_tail(row: Row) -> tuple[Any, ...]:
    """A row without its receipt."""
    return row.kind, row.source, row.flags, row.topic, row.payload


def _engine(kind: _Kind) -> ZoneEngine:
    engine = ZoneEngine()
    engine.step([kind.config], START - 1, live=False)
    return engine


def _step(engine: ZoneEngine, rows: Sequence[Row], now: int = START) -> StepResult:
    result = engine.step(rows, max(now, rows[-1].received_at if rows else 0), live=True)
    balances(result.counts, sum(row.kind in _MESSAGES for row in rows))
    encode(result)
    for letter in result.rejects:
        assert letter.detail.isprintable(), letter.detail
    return result


def _said(engine: ZoneEngine, result: StepResult, devices: set[str]) -> list[tuple[Any, ...]]:
    """The readings of some devices by their names, to the bit."""
    batch, series = result.readings, engine.registry.series
    every = zip(
        batch.series.tolist(), batch.ts.tolist(), batch.value, batch.flag.tolist(), batch.why.tolist(), strict=True
    )
    return sorted(
        (series[s].device, series[s].quantity, ts, value.tobytes(), flag, why)
        for s, ts, value, flag, why in every if series[s].device in devices
    )  # fmt: skip


def _taken_up(engine: ZoneEngine) -> ZoneEngine:
    """The engine as a snapshot would bring it back."""
    body = b"".join(pieces(engine.snapshot()))
    return ZoneEngine.restore(msgspec.msgpack.decode(body, ext_hook=unpacked))


def _names(row: Row, kind: _Kind) -> bool:
    """Whether a row may be the witness's own, who shares nothing but what everybody may share."""
    said = row.topic.encode("utf-8", "replace") + row.payload
    return any(part.encode() in said for part in ("the-witness", *kind.parts)) or row.kind not in _MESSAGES


def _stamped(row: Row, place: int) -> Row:
    """Between the garbage rows `place` - 1 and `place`."""
    return Row(START + place * 1_000_000 + 500, *row_tail(row))


def _rows(source: Source, kind: _Kind) -> list[Row]:
    return [_row(source, kind, START + k * 1_000_000 + 1_000) for k in range(source.below(_MOST_ROWS // 3))]


def _row(source: Source, kind: _Kind, received_at: int) -> Row:
    act = source.below(16)
    payload = _payload(source, kind)
    topic = _topic(source, kind)
    flags = source.one((QOS1, QOS1, 0, QOS1 | RETAIN, QOS1 | DUP))
    if act == 0:
        return Row(received_at, RowKind.ACT, 0, 0, source.one(("ack", "shelve", "x")), payload)
    if act == 1:
        body = msgspec.msgpack.encode((received_at - source.below(1 << 16) * SECOND, payload))
        return Row(received_at, RowKind.REPLAY, 255, 0, topic, body)
    return Row(received_at, RowKind.MESSAGE, source.below(3), flags, topic, payload)


def _topic(source: Source, kind: _Kind) -> str:
    if source.byte() < 8:
        return source.run().decode("utf-8", "replace")
    if source.byte() < 8:
        return "city/a/loop/other"
    text = source.one(kind.texts)
    for name in {*kind.variables, "zone", "device", "name", "node", "group", "what", "host"}:
        value = source.one(_ZONES) if name == "zone" else source.one(("q", "r", "é", "x y", "q/r", "q" * 300))
        text = text.replace("{" + name + "}", value.replace("/", "") or "q").replace("{" + name + "...}", value)
    return text


def _payload(source: Source, kind: _Kind) -> bytes:
    how = source.below(4)
    if how == 0:
        return source.run()
    other = kind.good
    for part in kind.parts:
        other = other.replace(part.encode(), b"z" * len(part.encode()))
    if how == 1:
        return other
    at, gone = source.below(len(other) + 1), source.below(16)
    return other[:at] + (source.run() if how == 2 else source.one(TOKENS)) + other[at + gone :]


def inputs() -> st.SearchStrategy[bytes]:
    """Bytes: every one is a decision."""
    return st.binary(min_size=4, max_size=150)


def seeds() -> Sequence[bytes]:
    """Each kind with a damaged message and a good one."""
    tail = bytes([2, 5, 1, 20, 20, 0, 0, 0, 5, 3, 9, 2, 7, 20, 20, 0, 0, 0, 0, 1, 1, 5, 1, 20, 20, 0, 0, 0, 0, 1, 1])
    return [bytes([k]) + tail for k in range(len(_NAMES))]
