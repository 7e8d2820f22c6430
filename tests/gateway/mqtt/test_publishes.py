"""The fast way reads what the codec reads, and stops where it would need it."""

from typing import Any

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.publishes import Topics, read_plain

QOS1 = 0x32
_TOPICS = st.text(st.characters(exclude_characters="\0+#", codec="utf-8"), min_size=1, max_size=40)
_MESSAGES = st.lists(
    st.tuples(_TOPICS, st.binary(max_size=300), st.integers(1, 65_535), st.sampled_from([QOS1, 0x33, 0x3A, 0x30])),
    max_size=12,
)


def _packet(topic: str, payload: bytes, packet_id: int, first: int, **more: Any) -> bytes:
    packet = mqtt5.PublishPacket(
        topic, payload, qos=mqtt5.QoS(first >> 1 & 3), retain=bool(first & 1), duplicate=bool(first & 8),
        packet_id=packet_id if first & 6 else None, **more,
    )  # fmt: skip
    return bytes(packet.write())


def _by_the_codec(data: bytes) -> tuple[list[tuple[str, bytes, int]], int]:
    """Plain packets at the beginning, one by one."""
    out: list[tuple[str, bytes, int]] = []
    view, at = memoryview(data), 0
    while at < len(data) and data[at] == QOS1:
        try:
            packet, used = mqtt5.read(view[at:])
        except IndexError:
            break
        assert isinstance(packet, mqtt5.PublishPacket)
        assert packet.packet_id is not None
        out.append((packet.topic, bytes(packet.payload), packet.packet_id))
        at += used
    return out, at


@given(_MESSAGES, st.integers(0, 400))
def test_it_reads_what_the_codec_reads_wherever_the_bytes_end(
    messages: list[tuple[str, bytes, int, int]], missing: int
) -> None:
    whole = b"".join(_packet(*message) for message in messages)
    data = whole[: max(0, len(whole) - missing)]

    found = read_plain(data, 0, QOS1, Topics())

    assert (list(zip(found.topics, found.payloads, found.packet_ids, strict=True)), found.end) == _by_the_codec(data)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_read_as_the_codec_reads_them_or_left_to_it(noise: bytes, at: int) -> None:
    data = bytes([QOS1]) + noise

    found = read_plain(data, 0, QOS1, Topics())

    for topic, payload, packet_id in zip(found.topics, found.payloads, found.packet_ids, strict=True):
        packet, used = mqtt5.read(memoryview(data))
        assert isinstance(packet, mqtt5.PublishPacket)
        assert (packet.topic, packet.payload, packet.packet_id) == (topic, payload, packet_id)
        data = data[used:]


@pytest.mark.parametrize(
    "odd",
    [
        _packet("a", b"x", 7, QOS1, content_type="text"),
        _packet("a", b"x" * 20_000, 7, QOS1),
        bytes([QOS1, 5, 0, 1, 0xFF, 0, 7]),  # no UTF-8
        bytes([QOS1, 5, 0, 0, 0, 7, 0]),  # no topic
        bytes([QOS1, 6, 0, 1, 97, 0, 0, 0]),  # packet id 0
        bytes([QOS1, 5, 0, 9, 97, 0, 7]),  # a topic beyond its packet
    ],
)
def test_what_is_not_plain_stops_it(odd: bytes) -> None:
    before = _packet("b", b"y", 3, QOS1)

    found = read_plain(before + odd + before, 0, QOS1, Topics())

    assert (found.topics, found.end) == (["b"], len(before))


def test_a_topic_that_came_before_is_the_same_object() -> None:
    topics = Topics(at_most=1)
    data = _packet("first", b"", 1, QOS1) + _packet("second", b"", 2, QOS1)

    one, two = read_plain(data, 0, QOS1, topics), read_plain(data, 0, QOS1, topics)

    assert one.topics[0] is two.topics[0]
    assert one.topics == two.topics
    assert len(topics.known) == 1, "it is bounded"
