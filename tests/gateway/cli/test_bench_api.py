"""`cityloom bench api`, small: every question is answered, nothing is lost. How fast, people judge."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.bench_peers import executable
from gateway.errors import CommandError


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # settings are not known to it, where peers are is
    environment = {name: value for name, value in os.environ.items() if not re.match("CITYLOOM_(?!TEST_)", name)}
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", "bench", "api", *arguments, "--folder", str(folder)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["duckdb", "influxd"])
def test_every_question_is_answered(store: str, tmp_path: Path) -> None:
    if store == "influxd":
        try:
            executable("influxd")
        except CommandError as error:
            pytest.skip(f"{error.problem} {error.remedy}")
    small = ("--readings", "220000", "--rate", "200", "--seconds", "3", "--asked", "10", "--devices", "40")
    run = _run(tmp_path, *small, "--store", store, "--json")

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert (result["lost"], result["balanced"]) == (0, True)
    assert result["stored_readings"] >= 220_000 + (3 * 2 + 1) * 200 * 3
    assert len(result["questions"]) == 10
    for name, each in result["questions"].items():
        assert (each["asked"], each["failed"]) == (3, 0), name
        assert 0 < each["p50"] <= each["p99"], name
    assert result["questions"]["day chart"]["bytes"] > 10_000, "a day of minutes"
    assert min(result["ack_alone_ms"]["p99"], result["ack_beside_ms"]["p99"]) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    "arguments", [["--rate", "0"], ["--readings", "0"], ["--store", "influx-sink"], ["--broker", "nowhere"]]
)
def test_what_can_not_be_measured_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _run(tmp_path, *arguments)

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr
