"""`cityloom run`: one gateway a folder, its doors, how it starts without a broker and how it ends."""

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.runtime.ports import free_ports
from gateway.runtime.wire import SOCKET_NAME
from tests.support.brokers import running_embedded
from tests.support.command import Process, asked, cityloom, door, eventually, gateway_on, publish, subscribed
from tests.support.influx_double import HANG, STORED, influx_double

SAMPLE = Path(__file__).resolve().parents[2] / "gateway" / "config" / "sample.toml"
TOPIC = "city/tianhe/traffic/loop/loop-0001/reading"


def _config(folder: Path, port: int, more: str = "") -> Path:
    file = folder / "c.toml"
    file.write_text(f'[mqtt]\nport = {port}\nwatch_sys = "off"\n[http]\nport = 0\n{more}', encoding="utf-8")
    return file


def _messages(count: int) -> list[tuple[str, bytes]]:
    start = time.time_ns() // 1_000_000 - count * 1000
    return [
        (TOPIC, json.dumps({"ts": start + k * 1000, "speed": 50, "flow": 20, "occ": 0.1}).encode())
        for k in range(count)
    ]  # fmt: skip


def _received(data_dir: Path) -> int:
    status = door(data_dir)
    return status["ledger"]["messages"]["received"] if status is not None else 0


def _get(port: int, path: str) -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def _ready(port: int) -> tuple[int, dict[str, Any]]:
    code, body = _get(port, "/health/ready")
    return code, json.loads(body)


@contextmanager
def _listener_on(port: int) -> Iterator[None]:
    with closing(socket.create_server(("127.0.0.1", port))):
        yield


def test_the_sample_configuration_runs_as_it_is(tmp_path: Path, data_folder: Path) -> None:
    (http,) = free_ports(1)
    with gateway_on(tmp_path, data_folder, "-c", SAMPLE, CITYLOOM_HTTP__PORT=str(http)) as gateway:
        assert _get(http, "/health/live") == (200, '{"live":true}')
        gateway.says(f"data_dir={data_folder} health=http://127.0.0.1:{http}")
        gateway.interrupt()
        assert gateway.ended() == 0
    assert "Traceback" not in gateway.said


def test_it_waits_for_a_broker_that_is_absent_and_says_when_data_flows(tmp_path: Path, data_folder: Path) -> None:
    port, http = free_ports(2)
    config = _config(tmp_path, port)
    with gateway_on(tmp_path, data_folder, "-c", config, CITYLOOM_HTTP__PORT=str(http)) as gateway:
        gateway.says("broker unreachable")
        away = (503, {"ready": False, "reasons": ["source main is waiting: Connection refused"]})
        eventually(lambda: _ready(http) == away, "the broker alone is missing")
        assert _get(http, "/health/live")[0] == 200
        shown = asked("status", "--data-dir", data_folder)
        assert shown.code == 0
        assert "main waiting" in shown.out

        with running_embedded_on(port) as broker:
            eventually(lambda: _ready(http) == (200, {"ready": True, "reasons": []}), "it is ready")
            publish(broker, _messages(3))
            eventually(lambda: _received(data_folder) == 3, "the messages arrive")
            families = {family.name: family for family in text_string_to_metric_families(_get(http, "/metrics")[1])}
            connected = families["cityloom_broker_connections"].samples
            assert [sample.value for sample in connected if sample.name.endswith("_total")] == [1.0], gateway.said
            assert families["cityloom_ack_seconds"].type == "histogram"
        eventually(lambda: _ready(http)[0] == 503, "it is not ready while the broker is away")
        gateway.interrupt()
        assert gateway.ended() == 0, gateway.said


@contextmanager
def running_embedded_on(port: int) -> Iterator[int]:
    """An embedded broker on a port that is chosen already."""
    from gateway.runtime.broker import EmbeddedBroker

    with EmbeddedBroker(port, free_ports(1)[0]):
        yield port


def test_a_second_gateway_on_a_folder_is_refused(tmp_path: Path, data_folder: Path) -> None:
    config = _config(tmp_path, free_ports(1)[0])
    with gateway_on(tmp_path, data_folder, "-c", config) as first:
        second = cityloom(tmp_path, "run", "-c", config, "--data-dir", data_folder)

        assert second.code == 2
        assert second.err.splitlines()[0] == f"error: Another gateway (process {first.pid}) runs on {data_folder}."
        assert "Traceback" not in second.err
        assert first.running


def test_only_its_user_may_use_the_control_socket(tmp_path: Path, data_folder: Path) -> None:
    with gateway_on(tmp_path, data_folder, "-c", _config(tmp_path, free_ports(1)[0])) as gateway:
        assert stat.S_IMODE((data_folder / SOCKET_NAME).stat().st_mode) == 0o600
        gateway.interrupt()
        assert gateway.ended() == 0
        assert not (data_folder / SOCKET_NAME).exists()


def test_a_folder_may_lie_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    config = _config(tmp_path, free_ports(1)[0])
    assert len(os.fsencode(deep / SOCKET_NAME)) > 108
    process = Process(tmp_path, "run", "-c", config, "--data-dir", deep)
    try:
        process.says("broker unreachable")
        found = asked("status", "--data-dir", deep, "--json")
        assert (found.code, found.json["running"]) == (0, True), found.err
    finally:
        process.kill()


def test_a_taken_port_is_a_sentence(tmp_path: Path, data_folder: Path) -> None:
    broker, http = free_ports(2)
    with _listener_on(http):
        done = cityloom(
            tmp_path, "run", "-c", _config(tmp_path, broker), "--data-dir", data_folder, CITYLOOM_HTTP__PORT=str(http)
        )

    assert done.code == 2
    assert f"error: The port for health and metrics, 127.0.0.1:{http}, can't be used" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_drains_at_the_first_signal(tmp_path: Path, data_folder: Path, number: signal.Signals) -> None:
    with (
        running_embedded() as broker,
        gateway_on(tmp_path, data_folder, "-c", _config(tmp_path, broker.port)) as gateway,
    ):
        eventually(lambda: subscribed(data_folder), "it subscribes")
        publish(broker.port, _messages(50))
        eventually(lambda: _received(data_folder) == 50, "the messages arrive")
        os.kill(gateway.pid, number)
        assert gateway.ended() == 0, gateway.said
    left = asked("ledger", "--verify", "--json", "--data-dir", data_folder).json
    assert "stopping: waiting for" in gateway.said
    assert (left["messages"]["waiting"], left["stores"]["duckdb"]["waiting"]) == (0, 0)
    assert left["stores"]["duckdb"]["stored"] == 150


def test_a_second_signal_leaves_at_once_and_loses_nothing_acknowledged(tmp_path: Path, data_folder: Path) -> None:
    with running_embedded() as broker, influx_double() as influx:
        influx.on_write = lambda bucket, lines: HANG
        config = _config(
            tmp_path, broker.port,
            f'[stores.influxdb]\nenabled = true\nurl = "{influx.url}"\ntoken = "t"\n[stores.duckdb]\nenabled = false\n',
        )  # fmt: skip
        with gateway_on(tmp_path, data_folder, "-c", config) as gateway:
            eventually(lambda: subscribed(data_folder), "it subscribes")
            publish(broker.port, _messages(200))
            eventually(lambda: _received(data_folder) == 200 and bool(influx.requests), "they wait for the database")
            gateway.interrupt()
            gateway.says("stopping: waiting for the stores")
            since = time.monotonic()
            gateway.interrupt()
            assert gateway.ended(20) == 130
            assert time.monotonic() - since < 5, "at once, whatever the database does"
        assert "leaving at once" in gateway.said
        assert "Traceback" not in gateway.said
        found = asked("ledger", "-c", config, "--json", "--data-dir", data_folder).json
        assert found["balanced"] is True
        assert found["messages"]["received"] == found["messages"]["decoded"] + found["messages"]["waiting"] == 200

        influx.on_write = lambda bucket, lines: STORED
        with gateway_on(tmp_path, data_folder, "-c", config) as gateway:
            eventually(lambda: _stored(data_folder) == 600, "everything acknowledged is stored")
            gateway.interrupt()
            assert gateway.ended() == 0
        again = asked("ledger", "-c", config, "--json", "--data-dir", data_folder).json
        assert again["stores"]["influxdb"] == {"stored": 600, "refused": 0, "dropped": 0, "waiting": 0}


def _stored(data_dir: Path) -> int:
    status = door(data_dir)
    return status["ledger"]["stores"].get("influxdb", {}).get("stored", 0) if status is not None else 0
