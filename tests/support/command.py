"""The `cityloom` command as a person's shell runs it, and a gateway that runs beside it."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.cli import main as command
from gateway.runtime.wire import SOCKET_NAME

__all__ = [
    "Place", "Process", "Result", "asked", "cityloom", "door", "environment", "eventually", "gateway_on", "publish",
    "subscribed",
]  # fmt: skip

COMMAND = [sys.executable, "-m", "gateway.cli"]
_POLL_SECS = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """What is left of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The object on the last line of standard output."""
        found = json.loads(self.out.splitlines()[-1])
        assert isinstance(found, dict)
        return found


def environment(**variables: str) -> dict[str, str]:
    """This one without our own settings, and with `variables`. No web process where they don't ask for one."""
    ours = {"CITYLOOM_WEB__ENABLED": "false", **variables}
    return {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")} | ours


def cityloom(folder: Path, *arguments: str | Path, timeout: float = 60.0, **variables: str) -> Result:
    """Run a command in `folder` to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=folder, env=environment(**variables), capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def asked(*arguments: str | Path) -> Result:
    """Run a command in this process, which has imported already what it needs; for standard output as a pipe is."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        with pytest.raises(SystemExit) as left:
            command.main(list(map(str, arguments)))
    assert isinstance(left.value.code, int)
    return Result(left.value.code, out.getvalue(), err.getvalue())


def eventually(ready: Callable[[], bool], what: str, secs: float = 30.0) -> None:
    """Poll until `ready`; fail with `what` at the deadline."""
    deadline = time.monotonic() + secs
    while not ready():
        assert time.monotonic() < deadline, f"not within {secs:g} s: {what}"
        time.sleep(_POLL_SECS)


class Process:
    """A command that goes on until it is asked to end."""

    def __init__(self, folder: Path, *arguments: str | Path, **variables: str) -> None:
        self._log = folder / f"{arguments[0]}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *map(str, arguments)], cwd=folder, env=environment(**variables), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        """Whether it hasn't ended."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """Everything that it and those before it in this folder wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def ended(self, secs: float = 30.0) -> int:
        """Wait for the end; gives the exit code."""
        return self._process.wait(secs)

    def stop(self) -> None:
        """Ctrl-C, and a good end."""
        self.interrupt()
        assert self.ended() == 0, self.said

    def says(self, text: str, secs: float = 30.0) -> None:
        """Wait until it has written `text`."""
        eventually(lambda: text in self.said or not self.running, f"{text!r} in {self.said!r}", secs)
        assert text in self.said


def door(data_dir: Path, act: str = "status", **arguments: Any) -> dict[str, Any] | None:
    """What the control door says; None: it is not open."""
    connection = http.client.HTTPConnection("gateway", timeout=20)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection.sock:
        try:
            connection.sock.connect(str(data_dir / SOCKET_NAME))
            connection.request("POST", f"/{act}", json.dumps(arguments))
            answer = connection.getresponse()
        except OSError:
            return None
        found: dict[str, Any] = json.loads(answer.read())
    assert answer.status == http.HTTPStatus.OK, found
    return found


@contextmanager
def gateway_on(folder: Path, data_dir: Path, *arguments: str | Path, **variables: str) -> Iterator[Process]:
    """`cityloom run`, its door open inside the block; killed where a test leaves it running."""
    process = Process(folder, "run", "--data-dir", data_dir, *arguments, **variables)
    try:
        eventually(lambda: door(data_dir) is not None or not process.running, "the door opens", 60)
        assert process.running, process.said
        yield process
    finally:
        process.kill()


def subscribed(data_dir: Path) -> bool:
    """Whether the gateway there listens to its broker."""
    status = door(data_dir)
    return status is not None and status["sources"][0]["state"] == "subscribed"


@dataclass
class Place:
    """A gateway's folder, its configuration, and the port of its broker."""

    data_dir: Path
    config: Path
    port: int

    def gateway(self, **variables: str) -> contextlib.AbstractContextManager[Process]:
        """`cityloom run` on it."""
        return gateway_on(self.config.parent, self.data_dir, "-c", self.config, **variables)

    def subscribed(self) -> None:
        """Wait until it listens."""
        eventually(lambda: subscribed(self.data_dir), "it subscribes")

    def asked(self, *words: str) -> Result:
        """Any command on it."""
        return asked(*words, "--data-dir", self.data_dir, "-c", self.config)


def publish(port: int, messages: Iterable[tuple[str, bytes]]) -> None:
    """At QoS 1 in order; returns once the broker has acknowledged them all."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        for info in [client.publish(topic, payload, qos=1) for topic, payload in messages]:
            info.wait_for_publish(20)
            assert info.is_published()
    finally:
        client.disconnect()
        client.loop_stop()
