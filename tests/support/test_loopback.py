"""The guard of conftest.py holds, and lets through what tests need."""

import socket
from pathlib import Path

import pytest

from tests.support.loopback import LeftTheMachineError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_a_connection_to_another_machine_is_an_error(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(LeftTheMachineError):
        sock.connect((host, 1883))


def test_a_connection_to_this_machine_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        assert sock.getpeername() == server.getsockname()


def test_a_unix_socket_passes(data_folder: Path) -> None:
    path = str(data_folder / "control.sock")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as sock:
        server.bind(path)
        server.listen()
        sock.connect(path)
        assert sock.getpeername() == path
