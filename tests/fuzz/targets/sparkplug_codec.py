"""Sparkplug B: one payload as any message of a namespace, or a whole session of an edge node that lies.

first byte even: a payload; the next byte says of which topic.  odd: a session, a step a few bytes (see `_session`).
"""

from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

from device_sims.encoders.sparkplug_b import Metric, encode
from gateway.rows import QOS1, Row, RowKind
from tests.fuzz.ledger import balances
from tests.fuzz.source import Source
from tests.fuzz.targets._codec import BUILT_IN, Case, case_of, check, example
from tests.support.engine import SECOND, START
from tests.support.sparkplug import Node, pumps

__all__ = ["TOKENS", "inputs", "seeds", "target"]

_KINDS = ("NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH")
_TYPES = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt64", "Float", "Double", "Boolean", "String", "Bytes")
_NAMES = ("Flow/Rate", "Level", "Running", "bdSeq", "Mode", "Pressure/Discharge", "Node Control/Rebirth", "", "é")
TOKENS = [
    *(name.encode() for name in _NAMES if name), *(bytes([k << 3 | 2]) for k in range(1, 20)),
    *(bytes([k << 3]) for k in range(1, 16)), b"\x80\x94\x94\xca\xca3", b"\xff" * 9 + b"\x01", b"\x65\x00\x00\xc0\x7f",
    b"SPBV1.0_COMPRESSED", b"algorithm", b"GZIP", b"\x38\x01", b"\x12\x00", b"\x18\x05",
]  # fmt: skip


@cache
def _cases() -> Sequence[Case]:
    profile = BUILT_IN["sparkplug-pump"]
    _, good = example("sparkplug-pump")
    # data has no names of its own here, and a birth is its own witness
    return [case_of(profile, f"spBv1.0/Water/{kind}/PS1" + "/P1" * (kind[0] == "D"), good) for kind in _KINDS]


def target(data: bytes) -> None:
    """One payload, or one session."""
    source = Source(data)
    if source.flag():
        _session(source)
    else:
        cases = _cases()
        check(cases[source.below(len(cases))], source.rest())


def _session(source: Source) -> None:
    engine, node, secs = pumps(), Node(), 0.0
    messages = 0
    while source and messages < 40:
        secs += source.one((0.0, 0.001, 0.5, 4.0, 5.5, 61.0))
        act = source.below(10)
        device = source.one(("", "P1", "P2"))
        if act == 0:
            rows = node.births(secs, "P1", "P2")
        elif act == 1:
            node.bd_seq = source.one((None, 0, 1, 255))
            rows = [node.nbirth(secs, seq=source.one((0, 1, 256)))]
        elif act == 2:
            rows = [node.ndeath(secs, bd_seq=source.one((None, 0, 1, 255)))]
        elif act == 3:
            rows = [node.ddeath(secs, device or "P1")]
        elif act <= 7:
            seq = source.one((None, None, None, 0, 5, 255, 300))
            rows = [node.data(secs, device, *_metrics(source), seq=seq)]
        elif act == 8:
            kind = source.one(_KINDS)
            rows = [node.row(kind, secs, source.run(), device, flags=source.one((0, QOS1, QOS1 | 1)))]
        else:
            rows = []
        receipt = [Row(row.received_at, RowKind.MESSAGE, 0, row.flags, row.topic, row.payload) for row in rows]
        result = engine.step(receipt, START + round(secs * SECOND), source.flag())
        messages += len(rows)
        balances(result.counts, len(rows))


def _metrics(source: Source) -> list[Metric]:
    made = []
    for _ in range(source.below(4)):
        kind = source.one(_TYPES)
        number = int.from_bytes(source.take(source.below(9)), "little", signed=True)
        value = _value(kind, number)
        name = source.one((None, *_NAMES))
        made.append(Metric(
            kind, None if source.byte() == 7 else value, name, source.one((None, 1, 2, 3, 99)),
            source.one((None, START, START + SECOND, -SECOND, 1 << 62)) if source.flag() else None,
            told=source.flag(), historical=source.byte() == 3,
        ))  # fmt: skip
    return [metric if (metric.ts or 0) >= 0 else metric._replace(ts=None) for metric in made]


def _value(kind: str, number: int) -> object:
    if kind in ("Float", "Double"):
        return (number % (1 << 40)) / 7
    if kind == "Boolean":
        return bool(number & 1)
    if kind == "String":
        return "HAND"
    return bytes(3) if kind == "Bytes" else number


_WORLD = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=10).map(b"".join)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Payloads of metrics, pieces of the wire, sessions."""
    if draw(st.booleans()):
        return b"\x01" + draw(st.binary(max_size=80))
    value = st.floats(width=32, allow_nan=False, allow_infinity=False)
    metric = st.builds(
        lambda name, alias, number: Metric("Float", number, name, alias), st.sampled_from(_NAMES),
        st.none() | st.integers(0, 9), st.none() | value,
    )  # fmt: skip
    payload = encode(
        draw(st.none() | st.just(START)), draw(st.none() | st.integers(0, 256)), draw(st.lists(metric, max_size=3))
    )
    at = draw(st.integers(0, len(payload)))
    return bytes([0, draw(st.integers(0, 5))]) + payload[:at] + draw(st.just(b"") | _WORLD) + payload[at:]


def seeds() -> Sequence[bytes]:
    """The good message on each topic, and sessions in good order."""
    _, good = example("sparkplug-pump")
    sessions = [
        bytes([1, 0, 0, 0, 1, 1, 4, 1, 0, 1, 6, 4, 1, 2, 3, 4, 1, 1, 0, 1]),
        bytes([1, 0, 1, 0, 1, 0, 0, 0, 1, 3, 2, 0]),
    ]
    return [*(bytes([0, k]) + good for k in range(6)), *sessions]
