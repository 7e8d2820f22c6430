"""PUBACKs: bytes, order, and never one for a message that is not durable."""

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.acks import AckQueue, encode_pubacks


@given(st.lists(st.integers(1, 65_535), max_size=50))
def test_pubacks_are_the_bytes_of_an_independent_encoder(packet_ids: list[int]) -> None:
    assert encode_pubacks(packet_ids) == b"".join(mqtt5.PubAckPacket(packet_id).write() for packet_id in packet_ids)


def _ids(data: bytes) -> list[int]:
    return [int.from_bytes(data[at + 2 : at + 4]) for at in range(0, len(data), 4)]


def test_only_durable_rows_are_acknowledged_and_in_order() -> None:
    acks = AckQueue()
    acks.enter([7, 3, 9])
    acks.owe([7, 0, 3, 9])  # the second row came at QoS 0
    assert acks.collect() == b""
    acks.acknowledge(2)
    assert _ids(acks.collect()) == [7]
    acks.acknowledge(2)
    assert _ids(acks.collect()) == [3, 9]
    assert acks.in_flight == set()


def test_rows_of_an_earlier_connection_become_durable_without_a_puback() -> None:
    acks = AckQueue()
    acks.enter([1, 2])
    acks.owe([1, 2])
    acks.begin()
    acks.enter([2])
    acks.owe([2])
    acks.acknowledge(2)
    assert acks.collect() == b""
    acks.acknowledge(1)
    assert _ids(acks.collect()) == [2]


def test_a_redelivered_message_waits_for_the_earlier_copy_to_be_durable() -> None:
    acks = AckQueue()
    acks.enter([1])
    acks.owe([1])
    acks.begin()
    acks.enter([5])
    acks.owe_redelivered(acks.hold(5))
    assert acks.collect() == b""
    acks.acknowledge(1)
    assert _ids(acks.collect()) == [5]


def test_a_held_message_holds_up_those_after_it() -> None:
    acks = AckQueue()
    acks.enter([1])
    held = acks.hold(1)
    acks.enter([2])
    acks.owe_row(acks.hold(2))
    acks.go_plain()
    acks.enter([3])
    acks.owe([3])
    acks.acknowledge(2)
    assert (acks.collect(), acks.sorted) == (b"", False)
    acks.owe_redelivered(held)
    assert _ids(acks.collect()) == [1, 2, 3]
    assert (acks.sent, acks.sent_plain, acks.sorted) == (3, 1, True)


def test_acknowledging_what_was_not_handed_out_is_an_error() -> None:
    acks = AckQueue()
    acks.owe([1])
    with pytest.raises(ValueError, match="2 rows acknowledged, 1 are waiting"):
        acks.acknowledge(2)


@pytest.mark.parametrize(("first", "second", "index"), [([1, 2], [3, 2, 4], 1), ([], [5, 6, 5], 2), ([1], [2], -1)])
def test_a_packet_id_in_use_is_found(first: list[int], second: list[int], index: int) -> None:
    acks = AckQueue()
    assert acks.enter(first) == -1
    assert acks.enter(second) == index
