"""A real mosquitto for a test: found on this machine, started with the deploy files, paths and port put in place."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.runtime.ports import free_ports

__all__ = ["DEPLOY", "Mosquitto", "find_executable"]

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy" / "mosquitto"
_DEADLINE_SECS = 20.0


def find_executable(name: str, how_to_get_it: str) -> str:
    """The executable's path, also where Debian hides it from users; skips the test where there is none."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"no {name} on this machine: {how_to_get_it}")
    return path


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


class Mosquitto:
    """One broker with its own folder. `start` and `kill` may alternate: the data stay."""

    def __init__(self, folder: Path, users: Mapping[str, str]) -> None:
        self.executable = find_executable("mosquitto", "apt-get install mosquitto, or brew install mosquitto")
        self.config = folder / "config"
        self.data = folder / "data"
        self.ports = {1883: free_port(), 8883: free_port()}
        """Port of the deploy file -> port of this run."""
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log"
        shutil.copytree(DEPLOY, self.config)
        self.data.mkdir()
        passwords = self.data / "passwords"
        passwords.touch(mode=0o600)
        passwd = find_executable("mosquitto_passwd", "it comes with mosquitto")
        for user, password in users.items():
            subprocess.run([passwd, "-b", passwords, user, password], check=True, capture_output=True)

    def start(self) -> None:
        """Start and wait until it accepts connections."""
        text = self._placed((self.config / "mosquitto.conf").read_text(encoding="utf-8"))
        if os.geteuid() == 0:  # it would become a user that can't read a test's folder
            text += "\nuser root\n"
        conf = self.config / "placed.conf"
        conf.write_text(text, encoding="utf-8")
        for extra in (self.config / "conf.d").glob("*.conf"):
            extra.write_text(self._placed(extra.read_text(encoding="utf-8")), encoding="utf-8")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self.executable, "-c", str(conf)], stdout=log, stderr=log)
        deadline = time.monotonic() + _DEADLINE_SECS
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"mosquitto did not start: {self._log.read_text(encoding='utf-8')}")

    def save(self) -> None:
        """Have it save its database now, as the autosave would, and wait for it."""
        assert self._process is not None
        database, deadline = self.data / "mosquitto.db", time.monotonic() + _DEADLINE_SECS
        database.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGUSR1)
        while not database.exists():
            assert time.monotonic() < deadline, "mosquitto did not save"

    def kill(self) -> None:
        """kill -9: what was not saved is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @classmethod
    @contextmanager
    def running(cls, folder: Path, users: Mapping[str, str]) -> Iterator["Mosquitto"]:
        """A started broker that is gone afterwards."""
        broker = cls(folder, users)
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()

    def _placed(self, text: str) -> str:
        text = text.replace("/mosquitto/data/", f"{self.data}/").replace("/mosquitto/config/", f"{self.config}/")
        for written, used in self.ports.items():
            text = text.replace(f"listener {written}\n", f"listener {used} 127.0.0.1\n")
        return text

    def _accepts(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.ports[1883]), timeout=0.2):
                return True
        except OSError:
            return False
