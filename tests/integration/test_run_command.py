"""`cityloom run` as an operator meets it: the broker not there yet, and a second one on the same folder."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports

_DEADLINE_SECS = 30.0


def _command(folder: Path, config: Path) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", "run", "-c", str(config), "--data-dir", str(folder)]


def _source_state(folder: Path) -> str:
    """What the running gateway says of its source, through the door; "" where nobody answers yet."""
    request = b"POST /status HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    answer = b""
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(str(folder / "control.sock"))
        except OSError:
            return ""
        door.sendall(request)
        while part := door.recv(65_536):
            answer += part
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["sources"][0]["state"])


def _wait(ready: Callable[[], bool], what: str, secs: float = _DEADLINE_SECS) -> None:
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.05)  # a poll with a deadline: another process tells nobody when it is ready
    raise AssertionError(f"not within {secs:g} s: {what}")


def test_the_gateway_waits_for_its_broker_says_so_and_lets_no_second_one_in(data_folder: Path, tmp_path: Path) -> None:
    port, v4_port = free_ports(2)
    config, log = tmp_path / "city.toml", tmp_path / "log"
    config.write_text(f'[mqtt]\nport = {port}\n[http]\nport = 0\n[web]\nenabled = false\n[log]\nformat = "json"\n')
    with log.open("wb") as err:
        gateway = subprocess.Popen(_command(data_folder, config), stderr=err)
    try:
        _wait(lambda: _source_state(data_folder) == "waiting", "it waits for the broker")
        _wait(lambda: b"broker unreachable" in log.read_bytes(), "it says so")
        said = [json.loads(line) for line in log.read_text().splitlines()]
        [unreachable, *_] = [event for event in said if event.get("event") == "broker unreachable"]
        assert unreachable["address"] == f"127.0.0.1:{port}"
        assert unreachable["level"] == "warning"

        second = subprocess.run(_command(data_folder, config), capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert f"Another gateway (process {gateway.pid}) runs on {data_folder}." in " ".join(second.stderr.split())
        assert "Traceback" not in second.stderr
        assert gateway.poll() is None

        with EmbeddedBroker(port, v4_port):
            # the longer all of this has taken, the longer it waits before it tries again: up to half a minute
            _wait(lambda: _source_state(data_folder) == "subscribed", "it connects by itself", 60.0)
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(_DEADLINE_SECS) == 0
    finally:
        gateway.kill()
        gateway.wait()
