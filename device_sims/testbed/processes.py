"""Processes of a city under a test: each with a log, none of them left behind; free ports for them."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from device_sims.testbed import guard

__all__ = ["HOST", "Child", "Guard", "answers", "free_ports"]

HOST = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000
"""Below the ports that systems give to outgoing connections."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on; drawn at random, so that sessions side by side get different ones.

    Raises:
        OSError: there are not so many.
    """
    found: list[int] = []
    for _ in range(_LAST - _FIRST):
        if len(found) == count:
            return found
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if port not in found and _is_free(port):
            found.append(port)
    raise OSError(f"{HOST} has no {count} free ports between {_FIRST} and {_LAST}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((HOST, port), timeout=0.5):
            return True
    except OSError:
        return False


class Guard:
    """Ends the children where this process can't any more: killed, or left by a second Ctrl-C."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", guard.__file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603

    def watch(self, pid: int) -> None:
        """From now on."""
        self._write(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """It has ended: its number may become another's."""
        self._write(f"-{pid}\n")

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def close(self) -> None:
        """Nothing is left to guard."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()


class Child:
    """`python -m ...` in a session of its own: Ctrl-C at the terminal is the test session's to pass on."""

    def __init__(self, module: Sequence[str], folder: Path, name: str, watched_by: Guard) -> None:
        """Standard output goes to NAME.out, standard error to NAME.log."""
        self.log, self.out = folder / f"{name}.log", folder / f"{name}.out"
        self._guard = watched_by
        # settings of whoever runs the tests would lead to brokers and databases of theirs
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CITYLOOM_")}
        with self.log.open("ab") as log, self.out.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *module], cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=log,
                start_new_session=True, env=environment | {"PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        watched_by.watch(self._process.pid)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.poll()

    def ask_to_end(self) -> None:
        """SIGTERM, if it runs."""
        if self.code is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, secs: float) -> int:
        """Ask it to end, and kill it where it has not within `secs`; gives the exit code."""
        try:
            self.ask_to_end()
            self._process.wait(secs)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if self._process.poll() is None:
                self._process.kill()
            code = self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
                self._process.stdin = None
                self._guard.forget(self._process.pid)
        return code
