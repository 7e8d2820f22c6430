"""Which connection speaks how."""

import pytest

from device_sims.clients.dialect import Dialect, Dialects


def test_unless_said_otherwise_all_speak_one_way() -> None:
    assert {Dialects.parse().of(k) for k in range(20)} == {Dialect("aiomqtt", "5", 1)}


def test_twelve_mixed_connections_speak_in_all_ways() -> None:
    mixed = Dialects.parse("mixed", "mixed", "mixed")
    assert {mixed.of(k) for k in range(12)} == {
        Dialect(client, protocol, qos)
        for client in ("aiomqtt", "paho") for protocol in ("5", "3.1.1") for qos in (0, 1, 2)
    }  # fmt: skip


@pytest.mark.parametrize("qos", ["1,2", "2,1", "0,1,2"])
def test_lists_of_any_length_come_in_all_combinations(qos: str) -> None:
    some = Dialects.parse("paho,aiomqtt", "5,3.1.1", qos)
    count = 4 * len(some.qos)
    assert len({some.of(k) for k in range(count)}) == count
    assert some.of(0) == Dialect("paho", "5", int(qos[0]))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("hive", "5", "1"), "no client 'hive': aiomqtt, paho or mixed"), (("paho", "4", "1"), "no protocol '4'"),
        (("paho", "5", "3"), "no QoS '3'"), (("paho", "5", ""), "no QoS ''"),
    ],
)  # fmt: skip
def test_what_nobody_speaks_is_refused(given: tuple[str, str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Dialects.parse(*given)
