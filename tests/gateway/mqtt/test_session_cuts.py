"""However the bytes of a connection are cut into reads, the same rows are handed out, counted and acknowledged."""

from itertools import pairwise
from typing import Any, NamedTuple

import mqtt5
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session, SessionState
from gateway.mqtt.signals import Failed

_QOS = [mqtt5.QoS.AT_MOST_ONCE, mqtt5.QoS.AT_LEAST_ONCE]
_CONTENT = st.tuples(st.sampled_from(["city/a", "city/b", "$SYS/x"]), st.sampled_from([b"", b"1", b"2", b"x" * 200]))
_MESSAGE = st.tuples(_CONTENT, st.sampled_from([1, 1, 1, 0]), st.sampled_from([False] * 5 + [True]), st.booleans())
_ID_USED_TWICE = st.none() | st.integers(1, 40)


class _Outcome(NamedTuple):
    rows: list[tuple[Any, ...]]
    counts: tuple[int, int, int]
    acked: list[int]
    failed: list[Failed]
    left: list[tuple[str, bytes]]


def _stream(messages: list[Any], again: int | None) -> bytes:
    """`again`: the place of a message whose packet id is that of the first."""
    out = b""
    for place, ((topic, payload), qos, retain, dup) in enumerate(messages):
        packet_id = (1 if place == again else place + 1) if qos else None
        packet = mqtt5.PublishPacket(
            topic, payload, qos=_QOS[qos], packet_id=packet_id, retain=retain, duplicate=bool(qos) and dup
        )
        out += packet.write()
    return out


def _outcome(stream: bytes, cuts: list[int], unconfirmed: list[tuple[str, bytes]], *, shed: bool) -> _Outcome:
    options = MqttOptions(host="-", client_id="loom", filters=("city/#", "$SYS/#"), receive_maximum=50)
    session = Session(options, 5, unconfirmed=unconfirmed)
    session.connect(0.0)
    session.receive(mqtt5.ConnAckPacket(session_present=True).write(), 1, 0.0)
    session.data_to_send()
    session.shed_qos0 = shed
    rows: list[tuple[Any, ...]] = []
    counts = [0, 0, 0]
    signals: list[Any] = []
    sent = b""
    newest = 0
    for start, stop in pairwise([0, *cuts, len(stream)]):
        if session.state is SessionState.FAILED:
            break
        signals += session.receive(stream[start:stop], 1000 + start, 1.0)
        handover = session.take()
        for row in handover.rows if handover is not None else ():
            assert row.received_at > newest
            newest = row.received_at
            rows.append((row.kind, row.source, row.flags, row.topic, row.payload))
        counts = [a + b for a, b in zip(counts, handover[1:], strict=True)] if handover is not None else counts
    assert session.inflow.waiting == len(rows)
    state = session.state
    session.state = SessionState.OPEN  # PUBACKs of a failed connection show what it owes
    session.acknowledge(len(rows))
    session.state = state
    sent = session.data_to_send()
    acked = []
    while sent:
        packet, used = mqtt5.read(memoryview(sent))
        sent = sent[used:]
        if isinstance(packet, mqtt5.PubAckPacket):
            acked.append(packet.packet_id)
    failed = [signal for signal in signals if isinstance(signal, Failed)]
    received, redelivered, shed_count = counts
    return _Outcome(rows, (received, redelivered, shed_count), acked, failed, session.inflow._unconfirmed.contents())


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_MESSAGE, min_size=1, max_size=40), _ID_USED_TWICE, st.lists(_CONTENT, max_size=6), st.booleans(),
    st.data(),
)  # fmt: skip
def test_any_cut_of_the_bytes_gives_the_same(
    messages: list[Any], again: int | None, unconfirmed: list[tuple[str, bytes]], shed: bool, data: st.DataObject
) -> None:
    stream = _stream(messages, again)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    whole = _outcome(stream, [], unconfirmed, shed=shed)
    assert _outcome(stream, cuts, unconfirmed, shed=shed) == whole
    if not whole.failed:
        assert len(whole.rows) + sum(whole.counts[1:]) == whole.counts[0]
