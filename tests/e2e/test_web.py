"""`cityloom api`, alone and beside `cityloom run`: how it starts, what it tells once, how it ends with its parent."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime.ports import free_ports
from tests.support.certificates import make_certificates
from tests.support.command import Process, cityloom, door, eventually, gateway_on

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("web")]

TOKEN = re.compile(r"first administrator's token, shown this once: (cl_\S+)")
UP_SECS = 120.0
"""A web process has much to load, and others want the machine as well."""
SECRET = "hunter2-of-the-broker"


def _config(folder: Path, web: int, more: str = "") -> Path:
    file = folder / "c.toml"
    (broker,) = free_ports(1)
    text = f'[mqtt]\nport = {broker}\nwatch_sys = "off"\n[http]\nport = 0\n[web]\nport = {web}\n{more}'
    file.write_text(text, encoding="utf-8")
    return file


def _get(port: int, path: str, token: str = "", method: str = "GET") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else None


def _answers(port: int) -> bool:
    try:
        return _get(port, "/health/live")[0] == 200
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if int(line.split()[1]) == pid]


def _runs(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.startswith("Z")


def _stream(port: int, token: str) -> socket.socket:
    """An open live stream that nobody reads."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    sock.sendall(head.encode())
    assert sock.recv(15) == b"HTTP/1.1 200 OK"
    return sock


def _token(process: Process) -> str:
    process.says("first administrator's token", UP_SECS)
    (token,) = TOKEN.findall(process.said)
    return str(token)


def test_beside_a_gateway_it_serves_ends_with_it_and_tells_the_token_once(tmp_path: Path, data_folder: Path) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port, '[log]\nformat = "json"\n')
    variables = {"CITYLOOM_WEB__ENABLED": "true", "CITYLOOM_MQTT__PASSWORD": SECRET, "CITYLOOM_MQTT__USERNAME": "u"}
    with gateway_on(tmp_path, data_folder, "-c", config, **variables) as gateway:
        eventually(lambda: _answers(port), "it answers", UP_SECS)
        token = _token(gateway)
        gateway.says(f"console and API: http://127.0.0.1:{port}")
        assert _get(port, "/api/v1/status")[0] == 401
        code, status = _get(port, "/api/v1/status", token)
        assert (code, status["sources"][0]["state"]) == (200, "waiting")
        assert _get(port, "/health/ready")[1]["ready"] is False

        (child,) = _children(gateway.pid)
        for name in ("cmdline", "environ"):
            assert SECRET.encode() not in Path(f"/proc/{child}/{name}").read_bytes()
        assert SECRET not in gateway.said
        assert gateway.said.count("cl_") == 1

        # it is started again, on the same port and with the same tokens
        os.kill(child, signal.SIGKILL)
        eventually(
            lambda: _children(gateway.pid) not in ([], [child]) and _answers(port), "another one answers", UP_SECS
        )
        assert _get(port, "/api/v1/ledger", token)[0] == 200
        assert gateway.said.count("cl_") == 1
        assert '"code": -9' in gateway.said
        (again,) = _children(gateway.pid)

        with closing(_stream(port, token)):
            began = time.monotonic()
            gateway.interrupt()
            assert gateway.ended() == 0, gateway.said
            assert time.monotonic() - began < 15
        assert not _runs(again)
        assert not _answers(port)
    assert "Traceback" not in gateway.said
    assert "Cancel" not in gateway.said, "no stream had to be cut off"


def test_a_web_process_that_is_told_to_end_ends_well_while_its_parent_lives(tmp_path: Path, data_folder: Path) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port, '[log]\nformat = "json"\n')
    with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_WEB__ENABLED="true") as gateway:
        eventually(lambda: _answers(port), "it answers", UP_SECS)
        (child,) = _children(gateway.pid)
        os.kill(child, signal.SIGTERM)
        gateway.says("web process ended")
        assert '"code": 0' in gateway.said
        assert "Fatal Python error" not in gateway.said
        gateway.interrupt()
        assert gateway.ended() == 0, gateway.said


def test_a_report_that_is_being_made_ends_with_the_gateway(tmp_path: Path, data_folder: Path) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port)
    with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_WEB__ENABLED="true") as gateway:
        eventually(lambda: _answers(port), "it answers", UP_SECS)
        token = _token(gateway)
        body = {"domains": ["traffic", "grid", "water"], "period": "2020-W10"}
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request("POST", "/api/v1/documents", json.dumps(body), head)
            answer = connection.getresponse()
            assert answer.status == 202, answer.read()
        (web,) = _children(gateway.pid)
        workers: list[int] = []

        def works() -> bool:
            workers[:] = _children(web)
            return bool(workers)

        eventually(works, "a worker makes it", UP_SECS)
        gateway.interrupt()
        assert gateway.ended() == 0, gateway.said
        assert not any(_runs(worker) for worker in workers)
    assert "Traceback" not in gateway.said


def test_a_killed_gateway_leaves_nobody_behind_and_its_port_is_free_at_once(tmp_path: Path, data_folder: Path) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port)
    with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_WEB__ENABLED="true") as gateway:
        eventually(lambda: _answers(port), "it answers", UP_SECS)
        (child,) = _children(gateway.pid)
        with closing(_stream(port, _token(gateway))):
            gateway.kill()
            with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_WEB__ENABLED="true") as second:
                eventually(lambda: not _runs(child), "the old child is gone", 5)
                eventually(lambda: _answers(port), "the new one answers", UP_SECS)
                second.interrupt()
                assert second.ended() == 0, second.said


@pytest.mark.parametrize("command", ["run", "demo", "api"])
def test_a_taken_port_is_a_sentence_before_anything_starts(tmp_path: Path, command: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        config = _config(tmp_path, port)
        data = tmp_path / "data"
        arguments = ["demo", "--http-port", str(port)] if command == "demo" else [command, "-c", str(config)]
        if command == "api":
            data.mkdir()
        done = cityloom(tmp_path, *arguments, "--data-dir", str(data), CITYLOOM_WEB__ENABLED="true")
    assert done.code == 2, done.err
    assert done.err.startswith(f"error: The port for the console and the API, 127.0.0.1:{port}, can't be used")
    assert "web.port" in done.err
    assert not data.exists() or not list(data.iterdir())
    assert "Traceback" not in done.err


def test_a_second_gateway_on_a_folder_says_that_and_not_that_the_port_is_taken(
    tmp_path: Path, data_folder: Path
) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port)
    with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_WEB__ENABLED="true") as first:
        second = cityloom(
            tmp_path, "run", "-c", config, "--data-dir", data_folder, CITYLOOM_WEB__ENABLED="true"
        )  # fmt: skip
        assert second.code == 2
        assert second.err.startswith(f"error: Another gateway (process {first.pid}) runs on {data_folder}.")
        first.interrupt()
        assert first.ended() == 0, first.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_alone_it_waits_for_a_gateway_and_ends_at_a_signal_with_open_streams(
    tmp_path: Path, data_folder: Path, number: signal.Signals
) -> None:
    web = Process(tmp_path, "api", "--data-dir", data_folder, "--port", "0")
    try:
        web.says("console and API: http://127.0.0.1:", UP_SECS)
        port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", web.said)[0])
        token = _token(web)
        eventually(lambda: _answers(port), "it answers", UP_SECS)
        code, body = _get(port, "/api/v1/status", token)
        assert (code, body["type"]) == (503, "urn:cityloom:problem:gateway-away")
        assert _get(port, "/health/ready")[0] == 503
        with gateway_on(tmp_path, data_folder, "-c", _config(tmp_path, 0)) as gateway:
            assert _get(port, "/api/v1/status", token)[0] == 200
            streams = [_stream(port, token) for _ in range(20)]
            began = time.monotonic()
            os.kill(web.pid, number)
            assert web.ended() == 0, web.said
            # two seconds are given to what does not end by itself; a machine that does other things takes the rest
            assert time.monotonic() - began < 8
            for stream in streams:
                stream.close()
            assert door(data_folder) is not None
            gateway.stop()
    finally:
        web.kill()
    assert "Traceback" not in web.said


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = cityloom(tmp_path, "api", "--data-dir", tmp_path / "nowhere", "--port", "0")
    assert done.code != 0
    assert done.err.startswith("error: There is no folder ")
    assert not (tmp_path / "nowhere").exists()


def test_a_reload_names_what_waits_for_a_restart(tmp_path: Path, data_folder: Path) -> None:
    (port,) = free_ports(1)
    config = _config(tmp_path, port)
    with gateway_on(tmp_path, data_folder, "-c", config) as gateway:
        config.write_text(config.read_text() + "max_series = 7\n")
        done = cityloom(tmp_path, "reload", "-c", config, "--data-dir", data_folder)
        assert done.code == 0, done.err
        assert "web.max_series" in done.out
        assert "restart" in done.out
        gateway.stop()


def test_with_a_certificate_it_is_https(tmp_path: Path, data_folder: Path) -> None:
    made = make_certificates(tmp_path / "certificates", "localhost")
    (port,) = free_ports(1)
    more = f'cert_file = "{made / "server.pem"}"\nkey_file = "{made / "server.key"}"\n'
    web = Process(tmp_path, "api", "-c", _config(tmp_path, port, more), "--data-dir", data_folder)
    try:
        web.says(f"console and API: https://127.0.0.1:{port}", UP_SECS)
        context = ssl.create_default_context(cafile=made / "ca.pem")

        def answers() -> bool:
            with (
                suppress(OSError),
                closing(http.client.HTTPSConnection("localhost", port, timeout=10, context=context)) as connection,
            ):
                connection.request("GET", "/health/live")
                answer = connection.getresponse()
                return answer.status == 200 and bool(answer.headers["strict-transport-security"])
            return False

        eventually(answers, "it answers", UP_SECS)
        os.kill(web.pid, signal.SIGTERM)
        assert web.ended() == 0, web.said
    finally:
        web.kill()
