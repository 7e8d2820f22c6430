"""Questions to a running gateway, over the socket in its data folder."""

import http.client
import json
import os
import socket
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from device_sims.testbed.errors import CityError

__all__ = ["ask"]

_SOCKET = "control.sock"
_ANSWER_SECS = 60.0
_LONGEST = 100
"""Bytes: an address of a Unix socket has room for little more."""


def ask(data_dir: Path, method: str, **arguments: Any) -> Any:
    """What the gateway on `data_dir` answers.

    Raises:
        CityError: it refuses, and says why.
        OSError: nobody answers.
    """
    with closing(_Door(data_dir)) as door:
        door.request("POST", f"/{method}", json.dumps(arguments))
        with closing(door.getresponse()) as answer:
            body, status = answer.read(), answer.status
    try:
        found = json.loads(body)
    except ValueError as error:
        raise CityError(f"The gateway failed to answer {method!r} ({status}).") from error
    if status != http.client.OK:
        raise CityError(f"{found['problem']} {found['remedy']}".strip())
    return found


class _Door(http.client.HTTPConnection):
    def __init__(self, data_dir: Path) -> None:
        super().__init__("gateway", timeout=_ANSWER_SECS)
        self._folder = data_dir.absolute()

    def connect(self) -> None:
        """Over a Unix socket in place of a port."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_SECS)
        path = self._folder / _SOCKET
        if len(os.fsencode(path)) <= _LONGEST:
            self.sock.connect(os.fspath(path))
            return
        # another name of the folder, for this moment
        with tempfile.TemporaryDirectory(prefix="cityloom-") as short:
            link = Path(short) / "d"
            link.symlink_to(self._folder, target_is_directory=True)
            self.sock.connect(os.fspath(link / _SOCKET))
