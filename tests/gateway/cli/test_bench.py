"""`cityloom bench ingest`, small: the figures are all there, and nothing is lost. How fast it is, people judge."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOLD = {
    "messages_per_s", "cpu_us_per_message", "stages_us", "rss_mb", "ack_ms", "stored_ms", "fsync_ms", "lost", "spread",
    "slowdown",
}  # fmt: skip


def _bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "bench", "ingest", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("store", ["duckdb", "influx-sink"])
def test_every_message_arrives_and_is_measured(store: str, tmp_path: Path) -> None:
    run = _bench(
        tmp_path, "--messages", "5000", "--devices", "200", "--store", store, "--folder", str(tmp_path), "--json"
    )

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert result.keys() >= TOLD
    assert (result["lost"], result["balanced"]) == (0, True)
    assert result["ack_ms"]["acked"] == 5000, "the tap sees each PUBACK of the paced run"
    assert 0 < result["ack_ms"]["p50"] <= result["ack_ms"]["p99"] <= result["ack_ms"]["max"]
    # what the stages measured adds up to what the process measured
    assert sum(result["stages_us"].values()) == pytest.approx(result["cpu_us_per_message"], rel=0.01)
    assert {"mqtt", "loop", "inbox", "engine", "outbox"} <= result["stages_us"].keys()
    assert result["slowdown"] >= 1
    assert min(result["stages_us"][stage] for stage in ("mqtt", "inbox", "engine", "outbox")) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    "arguments", [["--messages", "0"], ["--store", "paper"], ["--broker", "nowhere"], ["--rate", "-1"]]
)
def test_what_can_not_be_measured_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _bench(tmp_path, *arguments)

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr


def test_the_engine_alone_tells_what_judging_costs_and_what_it_holds(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable, "-m", "gateway.cli.main", "bench", "engine", "--series", "3000", "--readings", "5000",
            "--json",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert result["series"] >= 3000
    assert result["readings"] >= 5000
    judging = result["quality_us_per_reading"] + result["conditions_us_per_reading"]
    assert 0 < result["judging_us_per_reading"] == pytest.approx(judging, abs=0.002)
    assert result["judging_us_per_reading"] < result["us_per_reading"]
    assert result["state_bytes_per_series"] == pytest.approx(sum(result["state_parts"].values()), abs=10)
