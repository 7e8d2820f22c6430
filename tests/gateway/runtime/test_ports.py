"""Free ports: really free, and none that an outgoing connection may take."""

import socket
from pathlib import Path

import pytest

from gateway.runtime.ports import HOST, free_ports, is_free


def test_ports_are_different_and_can_be_listened_on() -> None:
    ports = free_ports(50)

    assert len(set(ports)) == 50
    for port in ports:
        socket.create_server((HOST, port)).close()


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    [port] = free_ports(1)
    with socket.create_server((HOST, port)):
        assert not is_free(port)
    assert is_free(port)


def test_none_is_of_the_range_that_outgoing_connections_get() -> None:
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not range_file.exists():
        pytest.skip("this system doesn't tell which ports outgoing connections get")
    first = int(range_file.read_text().split()[0])

    assert max(free_ports(50)) < first
