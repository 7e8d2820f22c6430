"""The process: what it prints, how it ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from device_sims.__main__ import main
from device_sims.city.devices import load_city
from tests.support.mosquitto import free_port
from tests.support.mqtt_peer import MqttPeer
from tests.support.truth import sent_rows

DEVICES = len(load_city().devices)
ORIGIN = "2026-03-03T08:00:00+08:00"


def _start(port: int, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "device_sims", "--broker", f"127.0.0.1:{port}", "--origin", ORIGIN, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])
    return summary


def test_a_number_of_messages_is_sent_at_once_and_the_truth_says_what(broker_port: int, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    with MqttPeer(broker_port, "watcher-3") as peer:
        peer.subscribe("#")
        arguments = ("--messages", "2000", "--faults", "invalid=0.05,duplicate=0.05", "--truth", str(truth), "--json")
        summary = _finish(_start(broker_port, *arguments))
        peer.wait_for(2000)
        received = list(peer.received)
    lines = sent_rows(truth)
    told = [line for line in lines if line["quantity"] is not None]
    assert summary["sent"] == summary["messages"] == 2000
    assert summary["devices"] == DEVICES
    assert summary["lag_ms"] is None
    assert summary["readings"] == len(told)
    assert Counter(line["topic"] for line in lines).keys() == Counter(topic for topic, _ in received).keys()
    assert {line["fault"] for line in lines} == {"", "invalid", "duplicate", "duplicate+invalid"}


def test_the_rate_is_kept(broker_port: int) -> None:
    begun = time.monotonic()
    _finish(_start(broker_port, "--messages", "300", "--rate", "300", "--json"))
    assert time.monotonic() - begun >= 0.99


def test_a_fast_city_is_paced_and_ends_at_its_time(broker_port: int, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    arguments = ("--speed", "600", "--until", "2026-03-03T08:10:00+08:00", "--truth", str(truth), "--json")
    summary = _finish(_start(broker_port, "--devices", "100", *arguments))
    assert summary["sent"] == summary["messages"] > 800
    assert summary["lag_ms"]["p50"] < 1000
    end = 1_772_496_600_000_000_000
    stamps = [row["ts"] for row in sent_rows(truth)]
    assert end - 600_000_000_000 - 10_000_000_000 <= min(stamps) < max(stamps) < end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_writes_the_truth_and_exits_with_0(
    broker_port: int, tmp_path: Path, number: signal.Signals
) -> None:
    truth = tmp_path / "truth"
    with MqttPeer(broker_port, f"watcher-{number}") as peer:
        peer.subscribe("#")
        process = _start(broker_port, "--speed", "120", "--truth", str(truth), "--json")
        peer.wait_for(200)
        os.kill(process.pid, number)
        summary = _finish(process)
        peer.wait_for(summary["sent"])
    assert summary["sent"] == summary["messages"] >= 200
    assert summary["readings"] == len(sent_rows(truth))
    assert json.loads((truth / "run.json").read_text())["ended_cleanly"]


def test_two_processes_send_what_one_sends_and_tell_it_as_one(broker_port: int, tmp_path: Path) -> None:
    arguments = ("--devices", "90", "--speed", "1200", "--until", "2026-03-03T08:12:00+08:00", "--json")
    told = []
    for number in ("1", "2"):
        truth = tmp_path / number
        summary = _finish(_start(broker_port, *arguments, "--processes", number, "--truth", str(truth)))
        when = ("sent_at", "acked_at", "message")  # by the machine's clock, and by who was first
        rows = sorted(str({name: row[name] for name in row if name not in when}) for row in sent_rows(truth))
        told.append((summary["devices"], summary["messages"], summary["readings"], rows))
        assert summary["sent"] == summary["messages"] > 500
        assert summary["lag_ms"]["p50"] < 5000
    assert told[0] == told[1]


def test_a_number_of_messages_is_divided_among_processes(broker_port: int) -> None:
    summary = _finish(_start(broker_port, "--messages", "301", "--rate", "600", "--processes", "2", "--json"))
    assert summary["sent"] == summary["messages"] == 301


def test_a_signal_ends_all_processes_with_a_drain(broker_port: int) -> None:
    with MqttPeer(broker_port, "watcher-of-two") as peer:
        peer.subscribe("#")
        process = _start(broker_port, "--speed", "120", "--processes", "2", "--json")
        peer.wait_for(200)
        process.send_signal(signal.SIGTERM)
        summary = _finish(process)
        peer.wait_for(summary["sent"])
    assert summary["sent"] == summary["messages"] >= 200


async def test_it_ends_after_the_real_seconds_it_was_given(broker_port: int) -> None:
    process = _start(broker_port, "--speed", "120", "--for", "0.5")
    out, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0
    assert f"{DEVICES} devices sent" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--broker", "nowhere"], "HOST:PORT"),
        (["--devices", "1000001"], "1 to 1,000,000 devices"),
        (["--faults", "lost=1"], "unknown fault"),
        (["--origin", "2026-03-03T08:00:00"], "offset"),
        (["--speed", "0"], "above 0"),
        (["--processes", "0"], "--processes must be 1 or more"),
        (["--processes", "2", "--share", "0/2"], "--share K/P alone"),
        (["--processes", "2", "--faults", "lost=1"], "unknown fault"),
        (["--share", "2/2"], "such as 0/4"),
        (["--truth", "no/such/folder/truth"], "No such file"),
    ],
)
def test_arguments_that_make_no_sense_exit_with_2_and_a_sentence(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--broker", f"127.0.0.1:{free_port()}", "--messages", "1", *arguments]) == 2
    assert says in capsys.readouterr().err
