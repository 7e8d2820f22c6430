"""An edge node's messages in order: numbers, sessions, births, what it kept."""

from device_sims.edge_node import METRICS, EdgeNode
from device_sims.sparkplug_b import asks_for_birth, encode

AT = 1_772_366_400_000_000_000
SECOND = 1_000_000_000


def _node() -> EdgeNode:
    node = EdgeNode("Water", "PS-1", ["Pump-1", "Pump-2"])
    node.will()
    return node


def test_births_come_in_order_and_data_goes_by_alias() -> None:
    node = _node()

    births, data = node.births(AT), node.data(AT + SECOND)

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
    node.keep(AT + SECOND)
    node.keep(AT + 2 * SECOND)

    packets = node.kept(AT + 3 * SECOND)

    assert len(packets) == 2
    assert sum(told.historical for told in node.told) == 2 * 2 * (len(METRICS) - 1)
    assert node.kept(AT + 4 * SECOND) == []


def test_a_pump_measures_the_same_whatever_was_before() -> None:
    one, other = _node(), _node()
    one.births(AT)
    one.data(AT + SECOND)
    other.data(AT + SECOND)

    assert one.told[-12:] == other.told[-12:]


def test_other_commands_ask_for_nothing() -> None:
    assert not asks_for_birth(encode(AT, None, ()))
