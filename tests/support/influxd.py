"""A real InfluxDB 2 for a test: found on this machine, started on a free port with a folder of its own, set up once.

Where it is looked for: `CITYLOOM_TEST_INFLUXD` (path of an executable), the PATH, then Docker with an image that is
there already. `influxd version` must say 2.x, or `dev`, as builds from source do: then the proof that it is a 2 is that
`/api/v2/setup` answers once it runs, which no 1.x does.
"""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime.ports import free_ports
from gateway.stores.influx_config import Bucket, InfluxConfig

__all__ = ["Influxd", "find_influxd", "influxd"]

_VARIABLE = "CITYLOOM_TEST_INFLUXD"
_IMAGE = "influxdb:2"
_HOW = (
    f"get InfluxDB 2 from https://docs.influxdata.com/influxdb/v2/install/ and put influxd on the PATH or into "
    f"{_VARIABLE}, or run `docker pull {_IMAGE}`"
)
_DEADLINE_SECS = 60.0
_numbers = itertools.count(1)


def find_influxd(folder: Path) -> list[str]:
    """The command that starts a server on files in `folder`, up to its options; skips the test where there is none."""
    named = os.environ.get(_VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            pytest.fail(f"{_VARIABLE} is {named}, which is no executable")
        return [_checked(named)]
    found = shutil.which("influxd")
    if found is not None:
        return [_checked(found)]
    docker = shutil.which("docker")
    if docker and not subprocess.run([docker, "image", "inspect", _IMAGE], capture_output=True, check=False).returncode:
        return [
            docker, "run", "--rm", "--network", "host", "--volume", f"{folder}:{folder}",
            "--user", f"{os.getuid()}:{os.getgid()}", _IMAGE, "influxd",
        ]  # fmt: skip
    pytest.skip(f"no InfluxDB 2 on this machine: {_HOW}")


def _checked(path: str) -> str:
    said = subprocess.run([path, "version"], capture_output=True, text=True, check=False, timeout=60).stdout
    if not re.match(r"InfluxDB (v?2\.|dev\b)", said):
        pytest.skip(f"{path} is not InfluxDB 2 ({said.strip()[:60]!r}): {_HOW}")
    return path


class Influxd:
    """One server with its own folder. `start` and `stop` may alternate: the data stay."""

    org = "city"
    token = "token-of-the-tests"

    def __init__(self, folder: Path) -> None:
        self._command = find_influxd(folder)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers; the first time, set it up."""
        where = self._folder
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._command, "--bolt-path", f"{where}/bolt", "--engine-path", f"{where}/engine",
                    "--sqlite-path", f"{where}/sqlite", "--http-bind-address", f"127.0.0.1:{self.port}",
                    "--reporting-disabled",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + _DEADLINE_SECS
        while True:
            try:
                allowed = self.call("GET", "/api/v2/setup")["allowed"]
                break
            except (urllib.error.URLError, OSError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self._folder / "log").read_text(errors="replace")[-2000:]
                    pytest.fail(f"influxd does not come up:\n{log_text}")
                time.sleep(0.05)  # a poll with a deadline: influxd tells nobody when it is ready
        if allowed:
            setup = {"username": "tests", "password": "password-of-tests", "org": self.org, "token": self.token}
            self.call("POST", "/api/v2/setup", setup | {"bucket": "unused"})

    def stop(self) -> None:
        """End the process; idempotent."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """kill -9; `start` brings it back."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self, frozen: bool = True) -> None:
        """Stop it in the middle of whatever it does, with its connections open; or let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    def call(self, method: str, path: str, content: object = None) -> Any:
        """One request to its API, with JSON in and out."""
        body = (
            content.encode() if isinstance(content, str) else None if content is None else json.dumps(content).encode()
        )
        headers = {"Authorization": f"Token {self.token}"} | (
            {} if isinstance(content, str) else {"Content-Type": "application/json"}
        )
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else {}

    def flux(self, query: str) -> str:
        """A Flux query's answer as CSV."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/vnd.flux", "Accept": "text/csv"}
        request = urllib.request.Request(f"{self.url}/api/v2/query?org={self.org}", query.encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: str = response.read().decode()
        return answer

    def config(self, **changes: object) -> InfluxConfig:
        """A store's configuration with buckets that no other test has; `changes` replace its fields."""
        number = next(_numbers)
        fine, coarse = Bucket(f"fine-{number}", 0), Bucket(f"coarse-{number}", 0)
        steps = {10: fine, 60: fine, 900: coarse, 3600: coarse, 86400: coarse}
        config = InfluxConfig(self.url, self.org, self.token, Bucket(f"raw-{number}", 0), steps)
        return replace(config, **changes)  # type: ignore[arg-type]


_running: list[Influxd] = []


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """The server that the tests of this process share; each store of theirs has its own buckets."""
    if _running:
        yield _running[0]
        return
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    try:
        server.start()
        _running.append(server)
        yield server
    finally:
        _running.clear()
        server.stop()
