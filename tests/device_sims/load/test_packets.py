"""Packets made of columns are what the codec reads back, and their payloads are sane detector readings."""

import json

import mqtt5
import numpy as np
import pytest

from device_sims.load.packets import PacketForm, topics_of
from seeds import profile_texts

ZONES = ("tianhe", "yuexiu", "conghua", "liwan")


def _read(data: memoryview) -> list[mqtt5.PublishPacket]:
    out, view = [], data
    while len(view):
        packet, used = mqtt5.read(view)
        assert isinstance(packet, mqtt5.PublishPacket)
        out.append(packet)
        view = view[used:]
    return out


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("devices", [slice(3, 40), np.array([39, 0, 7, 7])], ids=["in a row", "picked"])
def test_the_codec_reads_back_what_was_asked_for(qos: int, devices: slice | np.ndarray) -> None:
    topics = topics_of(40, ZONES, "load")
    wanted = topics[devices] if isinstance(devices, slice) else [topics[k] for k in devices]
    count = len(wanted)
    ids = np.arange(65_530 - count, 65_530)
    stamps = 1_772_366_399_998 + np.arange(count)  # the ten millionth second turns within it
    packets = _read(PacketForm(topics, qos).packets(devices, ids, stamps, np.arange(count) + 123_456_789))

    assert [packet.topic for packet in packets] == wanted
    assert [packet.packet_id for packet in packets] == (ids.tolist() if qos else [None] * count)
    assert all(packet.qos == qos for packet in packets)
    assert not any(packet.duplicate or packet.retain for packet in packets)
    assert [json.loads(packet.payload)["ts"] for packet in packets] == stamps.tolist()


def test_stamps_may_go_back_and_forth() -> None:
    stamps = np.array([1_772_366_400_000, 1_772_999_999_999, 1_772_366_400_001, 1_000_000_000_000])
    form = PacketForm(topics_of(4, ZONES, "load"), 1)
    packets = _read(form.packets(slice(0, 4), np.arange(1, 5), stamps, np.arange(4)))
    assert [json.loads(packet.payload)["ts"] for packet in packets] == stamps.tolist()


def test_readings_are_in_the_profile_s_range_and_not_flat() -> None:
    form = PacketForm(topics_of(1, ZONES, "load"), 1)
    texts = set()
    # every 5000th message is the same device's
    for number in range(0, 500_000, 5000):
        [packet] = _read(form.packets(slice(0, 1), np.array([1]), np.array([1_772_366_400_000]), np.array([number])))
        reading = json.loads(packet.payload)
        assert 40 <= reading["speed"] <= 61.1
        assert 10 <= reading["flow"] <= 46
        assert 0 <= reading["occ"] < 0.9
        texts.add(packet.payload)
    assert len(texts) > 90
    assert "[fields.occupancy]" in profile_texts()["loop-detector"], "the profile that the payload is written for"


def test_every_device_has_a_name_of_its_own_and_all_topics_one_length() -> None:
    topics = topics_of(120_000, ZONES, "x")
    assert len(set(topics)) == 120_000
    assert len({len(topic) for topic in topics}) == 1
    assert topics[2] == "city/conghua/traffic/loop/x-000002/reading"


def test_topics_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        PacketForm(["a/b", "a/bc"], 1)
