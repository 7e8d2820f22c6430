"""The control socket has a name that fits into a socket's address, however deep its folder lies."""

import os
import socket
from pathlib import Path

import pytest

from gateway.runtime.control import SOCKET_NAME, socket_path


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_server_and_a_client_meet_at_any_depth(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["d" * 60] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with socket_path(folder) as path:
            server.bind(path)
        server.listen()
        with socket_path(folder) as path:
            client.connect(path)
            assert len(os.fsencode(path)) <= 104  # macOS takes no more
    assert (folder / SOCKET_NAME).is_socket()


def test_nothing_is_left_of_a_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = tmp_path / "t"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    with socket_path(tmp_path / ("d" * 120)) as path:
        assert path.startswith(str(short))
    assert not list(short.iterdir())
