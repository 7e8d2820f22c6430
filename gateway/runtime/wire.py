"""What both ends of the control door agree on, and nothing of what is behind it: a client imports no engine for it."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import CommandError

__all__ = [
    "LIVE_PING_SECS", "METADATA", "MOST_COLUMN_ROWS", "MOST_ROWS", "SOCKET_NAME", "listen", "socket_path",
]  # fmt: skip

SOCKET_NAME = "control.sock"
_MOST_UNSENT = 128 << 10
_SOCKET_PATH_BYTES = 100
"""Unix socket paths may not be longer than about 108 bytes."""
METADATA = b"cityloom"
"""Key of a table's schema metadata: names, the times that were meant, where the next page begins."""
MOST_COLUMN_ROWS = 1_000_000
"""Rows a page of columns: 25 MB of readings, 110 MB of windows."""
MOST_ROWS = 100_000
"""Rows a page of plain data: some 5 MB of JSON."""
LIVE_PING_SECS = 5.0
"""A line of a live stream comes at least this often; who hears nothing for longer knows that the gateway is gone."""


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A name of the folder's control socket, inside the block, that is short enough for a socket's address."""
    path = os.fspath(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
        yield path
        return
    # another name of the same folder, of this block only
    with tempfile.TemporaryDirectory(prefix="cityloom-") as short:
        link = Path(short) / "d"
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield os.fspath(link / SOCKET_NAME)


def listen(host: str, port: int, what: str, option: str) -> socket.socket:
    """A listening socket. Raises CommandError (exit code 2): what it is for, and which option chooses another."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # connections inherit it: who does not read holds this much of the kernel's memory, and not megabytes
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise CommandError(
            f"The port for {what}, {host}:{port}, can't be used: {error.strerror}.",
            f"Choose another with `{option}`, or 0 for any free one.", 2,
        ) from error  # fmt: skip
    return sock
