"""Brokers for tests: the embedded one, and a plain mosquitto without rules where one is installed."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports
from tests.support.mosquitto import find_executable

__all__ = ["PlainMosquitto", "running_embedded"]

_DEADLINE_SECS = 20.0
_CONF = """\
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
autosave_interval 0
sys_interval 1
"""


@contextmanager
def running_embedded() -> Iterator[EmbeddedBroker]:
    """The embedded broker on free ports."""
    port, v4_port = free_ports(2)
    with EmbeddedBroker(port, v4_port) as broker:
        yield broker


class PlainMosquitto:
    """mosquitto for anybody, without caps. `start` and `kill` may alternate. extra: lines of its configuration."""

    def __init__(self, folder: Path, extra: str = "", *, listener: str = "") -> None:
        self.executable = find_executable("mosquitto", "apt-get install mosquitto, or brew install mosquitto")
        self.port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "mosquitto.log"
        self._conf = folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""  # else it becomes one that can't read a test's folder
        self._conf.write_text(f"{user}{_CONF}{extra}\nlistener {self.port} 127.0.0.1\n{listener}\n", encoding="utf-8")

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self.executable, "-c", str(self._conf)], stdout=log, stderr=log)
        deadline = time.monotonic() + _DEADLINE_SECS
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"mosquitto did not start: {self._log.read_text(encoding='utf-8')}")

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @classmethod
    @contextmanager
    def running(cls, folder: Path, extra: str = "", *, listener: str = "") -> Iterator["PlainMosquitto"]:
        """A started broker that is gone afterwards."""
        broker = cls(folder, extra, listener=listener)
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()

    def _accepts(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False
