"""`cityloom sim load` as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.perf.ack_sink import running_sink
from tests.support.brokers import running_embedded
from tests.support.mosquitto import free_port
from tests.support.running import running_gateway, settings_of, settled

COMMAND = [sys.executable, "-m", "gateway.cli.main", "sim", "load"]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}


def _load(port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    broker = [] if "--broker" in arguments else ["--broker", f"127.0.0.1:{port}"]
    command = [*COMMAND, *broker, *arguments]
    return subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=60, check=False)


async def test_a_gateway_stores_what_a_load_says_that_it_sent(data_folder: Path) -> None:
    with running_embedded() as broker:
        async with running_gateway(settings_of(data_folder, broker.port)) as gateway:
            command = [*COMMAND, "--broker", f"mqtt://127.0.0.1:{broker.port}", "--rate", "2000", "--devices", "500"]
            process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for beside
                [*command, "--for", "2s", "--json"], env=_environment(), stdout=subprocess.PIPE, text=True,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            ledger = await settled(gateway, 4000)
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert result["due"] == result["sent"] == result["acked"] == 4000
    assert result["resent"] == result["overflowed"] == result["unanswered"] == result["unsent"] == 0
    assert ledger["messages"]["received"] == ledger["messages"]["decoded"] == 4000
    assert ledger["readings"] == {
        "decoded": 12_000, "accepted": 12_000, "duplicate": 0, "conflict": 0, "quarantined": 0, "expired": 0,
        "invalid": 0,
    }  # fmt: skip
    assert ledger["stores"]["duckdb"]["stored"] == 12_000
    for name in ("due_to_send_ms", "send_to_ack_ms", "due_to_ack_ms"):
        assert 0 < result[name]["p50"] <= result[name]["p99"] <= result[name]["p999"] <= result[name]["max"]
    assert result["due_to_ack_ms"]["p50"] >= result["send_to_ack_ms"]["p50"]


def test_people_get_a_line_a_second_and_an_account() -> None:
    with running_embedded() as broker:
        run = _load(broker.port, "--rate", "1000", "--for", "2.5s", "--devices", "100")
    assert run.returncode == 0, run.stderr
    lines = run.stderr.splitlines()
    assert len(lines) == 2, run.stderr
    assert "acknowledged" in lines[0]
    assert "lag p99" in lines[0]
    for words in ("2,500  messages were due (1,000/s, 100 devices)", "acknowledged within", "due to sent", "p99.9"):
        assert words in run.stdout
    assert "overflowed" not in run.stdout


def test_what_overflows_is_said_and_the_exit_code_is_1() -> None:
    with running_sink("--rate", "200", "--receive-max", "10") as (port, told):
        run = _load(port, "--rate", "5000", "--messages", "3000", "--queue", "100", "--connections", "1")
    assert run.returncode == 1, run.stderr
    assert f"{3000 - told['messages']:,}  given up: more than 100 waited" in run.stdout
    assert f"{told['messages']:,}  acknowledged" in run.stdout
    assert "overflowed" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_schedule_and_what_is_due_is_still_acknowledged(number: signal.Signals) -> None:
    with running_embedded() as broker:
        process = subprocess.Popen(
            [*COMMAND, "--broker", f"127.0.0.1:{broker.port}", "--rate", "1000", "--json"], env=_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    result = json.loads(out.splitlines()[-1])
    assert process.returncode == 0, err
    assert result["acked"] == result["due"] > 500
    assert "Traceback" not in err


def test_an_absent_broker_is_said_and_waited_for_until_the_signal() -> None:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "--broker", f"127.0.0.1:{port}", "--rate", "1000"], env=_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    first = process.stderr.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert f"no connection to the broker at 127.0.0.1:{port}" in first
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--rate", "5000", "--devices", "4"], "at least 6 devices"), (["--rate", "0"], "--rate"),
        (["--rate", "10", "--qos", "2"], "QoS 0 or 1"), (["--rate", "10", "--for", "soon"], "no length of time"),
        (["--rate", "10", "--ca-file", "absent.pem"], "absent.pem"), (["--rate", "10", "--broker", "x"], "no broker"),
    ],
)  # fmt: skip
def test_what_can_not_be_sent_is_a_sentence(arguments: list[str], why: str) -> None:
    run = _load(1, *arguments)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert why in run.stderr
    assert "Traceback" not in run.stderr
