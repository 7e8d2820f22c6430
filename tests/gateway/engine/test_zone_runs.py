"""Rows in columns: the engine gives the same wherever runs end, and after a restart, which forgets what is cached."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.rows import QOS1, RETAIN, Row, RowKind, Rows
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, engine

_RECEIPT: dict[str, Any] = {
    "name": "receipt", "topic": "receipt/{device}", "interval_secs": 60, "identity": {"topic": "{device}"},
    "time": {"format": "receipt"}, "fields": {"v": {"path": "v", "unit": "1"}},
}  # fmt: skip
_LISTS: dict[str, Any] = _RECEIPT | {
    "name": "lists", "topic": "lists/{device}", "records": {"path": "r[]"}, "time": {"path": "ts", "format": "unix_s"},
}  # fmt: skip
_CLOSED: dict[str, Any] = _RECEIPT | {
    "name": "closed", "topic": "closed/{device}", "provisioning": {"policy": "closed"},
}  # fmt: skip
_CONTENT = content([LOOP_PROFILE, _RECEIPT, _LISTS, _CLOSED], max_devices=9)


def _payload(rng: np.random.Generator, topic: str, at: int) -> bytes:
    secs = at // SECOND - int(rng.choice([0, 0, 0, 1, 100, 90_000, -400]))
    value = [3, 1.5, None, "x", -0.0, 10**400][rng.integers(0, 6)]
    documents: dict[str, Any] = {
        "city": {"ts": secs * 1000, "speed": value, "flow": 7},
        "lists": {"r": [{"ts": secs, "v": value}, {"v": 1}][int(rng.integers(0, 2)) :]},
    }
    good = json.dumps(documents.get(topic.partition("/")[0], {"v": value})).encode()
    return [good, good, good, good, good[:-1], b""][rng.integers(0, 6)]


@st.composite
def _rows(draw: st.DrawFn) -> list[Row]:
    """Good and broken ones of several profiles, sources and kinds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    topics = ["city/a/loop/{}", "city/b/loop/{}", "receipt/{}", "lists/{}", "closed/{}", "nobody/{}", "city/a/loop/#"]
    out, at = [], START
    for _ in range(draw(st.integers(1, 60))):
        at += int(rng.choice([1, 1, 1, 5 * SECOND]))
        topic = topics[rng.integers(0, len(topics))].format(f"d{rng.integers(0, 3)}")
        payload, flags = _payload(rng, topic, at), int(rng.choice([QOS1, QOS1, 0, QOS1 | RETAIN]))
        row = Row(at, RowKind.MESSAGE, int(rng.integers(0, 2)), flags, topic, payload)
        if rng.random() < 0.1:
            row = Row(at, RowKind.REPLAY, 255, 0, topic, msgspec.msgpack.encode((at - 90 * SECOND, payload)))
        elif rng.random() < 0.05:
            row = Row(at, RowKind.ACT, 255, 0, "acknowledge", b"{}")
        elif rng.random() < 0.05:
            row = config_row(_CONTENT, at)
        out.append(row)
    return out


def _cut(rows: Sequence[Row], size: int) -> Rows:
    """Runs of at most `size` rows."""
    return Rows.joined(Rows.of(rows[at : at + size]) for at in range(0, len(rows), size))


@settings(max_examples=40, deadline=None)
@given(_rows(), st.integers(1, 30), st.integers(1, 7))
def test_neither_the_ends_of_runs_nor_a_restart_change_a_byte(rows: list[Row], call: int, size: int) -> None:
    straight, broken = engine(_CONTENT), engine(_CONTENT)
    for at in range(0, len(rows), call):
        part = rows[at : at + call]
        broken = ZoneEngine.restore(broken.snapshot())
        expected = straight.step(part, part[-1].received_at, live=False)
        assert encode(broken.step(_cut(part, size), part[-1].received_at, live=False)) == encode(expected)
    assert encode(broken.step([], straight.now + 9000 * SECOND, live=True)) == encode(
        straight.step([], straight.now + 9000 * SECOND, live=True)
    )
