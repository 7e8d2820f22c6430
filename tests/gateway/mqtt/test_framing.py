"""Whole packets from any cut of a stream, and bounded memory for those that are too large."""

from itertools import pairwise

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mqtt.framing import Framer, PacketTooLarge

LIMIT = 1000


def _packets(framer: Framer, chunks: list[bytes]) -> list[mqtt5.Packet]:
    out: list[mqtt5.Packet] = []
    for chunk in chunks:
        data = framer.feed(chunk)
        while data:
            try:
                packet, used = mqtt5.read(memoryview(data))
            except IndexError:
                framer.keep(data)
                break
            out.append(packet)
            data = data[used:]
    return out


def _cut(stream: bytes, places: list[int]) -> list[bytes]:
    reads = range(0, len(stream), 256 * 1024)  # no event loop reads more at once
    edges = sorted({*reads, *(place % (len(stream) + 1) for place in places), len(stream)})
    return [stream[a:b] for a, b in pairwise(edges)]


def _publish(size: int, serial: int, **more: object) -> bytes:
    payload = bytes([serial]) * size
    qos = mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket("a/b", payload, qos=qos, packet_id=serial + 1, **more).write()  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=6), st.lists(st.integers(0, 20_000), max_size=30))
def test_any_cut_of_the_stream_gives_the_same_packets(sizes: list[int], places: list[int]) -> None:
    stream = b"".join(_publish(size, serial) for serial, size in enumerate(sizes))
    packets = _packets(Framer(LIMIT), _cut(stream, places))
    assert [len(p.payload) for p in packets if isinstance(p, mqtt5.PublishPacket)] == sizes


@settings(max_examples=40)
@given(
    first=st.integers(0, 70_000),
    properties=st.sampled_from([0, 10, 200_000]),
    size=st.sampled_from([2_000_000, 3_000_001]),
    places=st.lists(st.integers(0, 3_200_000), max_size=12),
)
def test_a_publish_far_beyond_the_bound_is_cut_but_keeps_topic_id_and_beginning(
    first: int, properties: int, size: int, places: list[int]
) -> None:
    user = [("k", "v" * 60_000)] * (properties // 60_000) if properties else []
    long_topic = "t" * (first % 65_000 + 1)
    payload = bytes(range(256)) * (size // 256)
    big = mqtt5.PublishPacket(
        long_topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=77, retain=True, user_properties=user
    ).write()
    framer = Framer(LIMIT)
    before, cut, after = _packets(framer, _cut(_publish(10, 1) + big + _publish(20, 2), places))
    assert isinstance(cut, mqtt5.PublishPacket)
    assert (cut.topic, cut.packet_id, cut.retain, int(cut.qos)) == (long_topic, 77, True, 1)
    assert cut.payload == payload[: LIMIT + 1]
    assert isinstance(before, mqtt5.PublishPacket)
    assert before.payload == b"\1" * 10
    assert isinstance(after, mqtt5.PublishPacket)
    assert after.payload == b"\2" * 20


def test_what_is_kept_of_a_huge_publish_stays_small() -> None:
    framer = Framer(LIMIT)
    body = 200 * 1024 * 1024
    head = b"\x32" + bytes([body & 127 | 128, body >> 7 & 127 | 128, body >> 14 & 127 | 128, body >> 21])
    start = head + b"\0\1a\0\5\0"
    assert framer.feed(start) == start
    framer.keep(start)
    for _ in range(100):
        assert framer.feed(b"x" * 1_000_000) == b""
    assert framer._cut is not None
    assert len(framer._cut._payload) == LIMIT + 1
    assert len(framer._cut._head) < 2_000_000


def test_a_control_packet_of_absurd_size_is_refused() -> None:
    framer = Framer(LIMIT)
    with pytest.raises(PacketTooLarge):
        framer.keep(b"\x90\xff\xff\xff\x7f\0\1")


def test_a_malformed_length_is_refused() -> None:
    with pytest.raises(ValueError, match="malformed remaining length"):
        Framer(LIMIT).keep(b"\x32\xff\xff\xff\xff\1")


def test_reset_forgets_a_packet_under_way() -> None:
    framer = Framer(LIMIT)
    framer.keep(_publish(500, 1)[:40])
    framer.reset()
    assert framer.feed(_publish(3, 2)) == _publish(3, 2)
