"""`cityloom bench live`, small: every event is accounted for. How late they come, people judge on a quiet machine."""

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
        [sys.executable, "-m", "gateway.cli.main", "bench", "live", *arguments, "--folder", str(folder)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_event_is_accounted_for(tmp_path: Path) -> None:
    small = ("--readers", "20", "--stalled", "4", "--seconds", "4", "--rate", "200", "--devices", "40")
    run = _run(tmp_path, *small, "--json")

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert (result["lost"], result["balanced"]) == (0, True)
    assert (result["readers"]["count"], result["stalled"]["count"]) == (16, 4)
    assert result["readers"]["events_least"] > 40
    assert result["readers"]["unaccounted"] == result["stalled"]["unaccounted"] == 0
    assert 0 < result["latency_ms"]["p50"] <= result["latency_ms"]["p99"]
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("arguments", [["--rate", "0"], ["--stalled", "1000"], ["--broker", "nowhere"]])
def test_what_can_not_be_measured_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _run(tmp_path, *arguments)

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr
