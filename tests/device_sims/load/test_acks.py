"""Bulk reading of PUBACKs gives what the codec gives, however the stream is cut and mixed."""

import mqtt5
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.load.acks import read_answers

REASONS = mqtt5.PubAckReasonCode
SHORT = st.integers(1, 65_535).map(lambda k: (k, 0, bytes([0x40, 2, k >> 8, k & 255])))
MIDDLE = st.tuples(st.integers(1, 65_535), st.sampled_from([0, 0x10, 0x87])).map(
    lambda t: (t[0], t[1], bytes([0x40, 3, t[0] >> 8, t[0] & 255, t[1]]))
)
LONG = st.tuples(st.integers(1, 65_535), st.sampled_from([0, 0x10, 0x97])).map(
    lambda t: (t[0], t[1], bytes([0x40, 4, t[0] >> 8, t[0] & 255, t[1], 0]))
)
WORDY = st.integers(1, 65_535).map(
    lambda k: (k, 0x87, mqtt5.PubAckPacket(k, reason_code=REASONS.NOT_AUTHORIZED, reason_str="not yours").write())
)
PING = st.just((0, -1, mqtt5.PingRespPacket().write()))


@given(st.lists(st.one_of(SHORT, SHORT, SHORT, MIDDLE, LONG, WORDY, PING), max_size=60), st.integers(0, 12))
def test_every_answer_is_read_in_its_order(packets: list[tuple[int, int, bytes]], cut: int) -> None:
    data = b"".join(packet for _, _, packet in packets)
    kept = data[: max(0, len(data) - cut)]
    first = read_answers(kept)
    second = read_answers(kept[first.used :] + data[len(kept) :])

    acks = [(number, reason) for number, reason, _ in packets if reason >= 0]
    assert [*first.ids.tolist(), *second.ids.tolist()] == [number for number, _ in acks]
    assert [*first.reasons.tolist(), *second.reasons.tolist()] == [reason for _, reason in acks]
    pings = sum(reason < 0 for _, reason, _ in packets)
    assert len(first.others) + len(second.others) == pings
    assert first.used + second.used == len(data)


def test_a_long_run_is_read_whole() -> None:
    ids = np.arange(1, 20_001)
    data = b"".join(b"\x40\x02" + int(k).to_bytes(2) for k in ids)
    answers = read_answers(data + b"\x40\x02\x00")
    assert (answers.ids == ids).all()
    assert answers.used == len(data)


def test_what_is_no_mqtt_is_an_error() -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_answers(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9)
