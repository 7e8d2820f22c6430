"""An edge node's messages in order: numbers, sessions, births, what it kept."""

from device_sims.edge.node import METRICS, EdgeNode
from device_sims.encoders.sparkplug_b import asks_for_birth, encode

AT = 1_772_366_400_000_000_000
SECOND = 1_000_000_000


def _node() -> EdgeNode:
    node = EdgeNode("Water", "PS-1", ["Pump-1", "Pump-2"])
    node.will()
    return node


def test_births_come_in_order_and_data_goes_by_alias() -> None:
    node = _node()

    births, data = node.births(AT), [node.data(which, AT + SECOND) for which in range(2)]

    assert [packet.topic for packet in births] == [
        "spBv1.0/Water/NBIRTH/PS-1", "spBv1.0/Water/DBIRTH/PS-1/Pump-1", "spBv1.0/Water/DBIRTH/PS-1/Pump-2",
    ]  # fmt: skip
    assert [packet.topic for packet in data] == ["spBv1.0/Water/DDATA/PS-1/Pump-1", "spBv1.0/Water/DDATA/PS-1/Pump-2"]
    assert b"Flow/Rate" in births[1].payload
    assert b"Flow/Rate" not in data[0].payload


def test_a_session_counts_its_bd_seq_and_its_death_has_the_same() -> None:
    node = _node()
    first = node.death()

    second = node.will()

    assert node.bd_seq == 1
    assert second == node.death() != first


def test_what_was_kept_is_told_once_and_as_historical() -> None:
    node = _node()
    node.births(AT)
    for secs in (1, 2):
        for which in range(2):
            node.keep(which, AT + secs * SECOND)

    packets = list(node.kept(AT + 3 * SECOND))

    assert len(packets) == 2
    assert all(packet.historical for packet in packets)
    assert [len(packet.readings) for packet in packets] == [2 * (len(METRICS) - 1)] * 2
    assert list(node.kept(AT + 4 * SECOND)) == []


def test_what_could_not_be_told_is_kept_on() -> None:
    node = _node()
    node.births(AT)
    for secs in range(60):
        node.keep(0, AT + secs * SECOND)

    told = next(node.kept(AT + 70 * SECOND))  # the line breaks before the next is asked for
    again = list(node.kept(AT + 80 * SECOND))

    assert again[0].readings == told.readings
    assert [len(packet.readings) for packet in again] == [50 * 6, 10 * 6]
    assert node.waiting == 0


def test_a_pump_measures_the_same_whatever_was_before() -> None:
    one, other = _node(), _node()
    one.births(AT)

    assert one.data(1, AT + SECOND).readings == other.data(1, AT + SECOND).readings == other.readings(1, AT + SECOND)


def test_times_are_those_of_the_payload() -> None:
    node = _node()

    assert node.readings(0, AT + 999_999) == node.readings(0, AT)
    assert {reading.ts for reading in node.data(0, AT + 999_999).readings} == {AT}


def test_other_commands_ask_for_nothing() -> None:
    assert not asks_for_birth(encode(AT, None, ()))
