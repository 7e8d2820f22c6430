"""`cityloom bench latency`, small: each probe is seen by every witness. How soon, people judge on a quiet machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "bench", "latency", *arguments, "--folder", str(folder)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_probe_is_seen_by_every_witness(tmp_path: Path) -> None:
    run = _run(tmp_path, "--rate", "200", "--devices", "100", "--seconds", "5", "--connections", "2", "--json")

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert (result["lost"], result["balanced"]) == (0, True)
    for way in ("latest_ms", "alarm_ms", "webhook_ms", "stored_ms"):
        assert result[way]["missing"] == 0, way
        assert 0 < result[way]["p50"] <= result[way]["p99"] <= result[way]["max"], way
    assert result["alarm_ms"]["probes"] == result["webhook_ms"]["probes"] >= 3
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("arguments", [["--rate", "0"], ["--store", "influx-sink"], ["--broker", "nowhere"]])
def test_what_can_not_be_measured_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _run(tmp_path, *arguments)

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr
