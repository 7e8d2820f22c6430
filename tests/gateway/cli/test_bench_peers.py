"""`cityloom bench ingest --vs`, small: everybody's figures are there, and the gateway loses nothing, killed or not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = Path(__file__).parents[2] / "perf" / "peers" / "plain.py"
_FIGURES = {"steady_us", "fast_us", "fast_per_s", "rss_mb", "lost", "lost_when_killed", "slowdown", "spread"}


def _compared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [
        "bench",
        "ingest",
        "--devices",
        "50",
        "--rate",
        "200",
        "--paced-secs",
        "4",
        "--folder",
        str(folder),
        *arguments,
    ]
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *words, *arguments, "--messages", "1000", "--json"],
        cwd=folder, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip


def _told(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert run.returncode == 0, run.stdout + run.stderr
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    for name, figures in told["contenders"].items():
        assert figures.keys() >= _FIGURES, name
        assert figures["steady_us"] > 0, name
        assert figures["rss_mb"] > 10, name
    ours = told["contenders"]["cityloom"]
    assert (ours["lost"], ours["lost_when_killed"]) == (0, 0)
    return told


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_a_script_is_measured_in_turns_with_the_gateway(tmp_path: Path) -> None:
    told = _told(_compared(tmp_path, "--vs", str(_SCRIPT)))

    assert list(told["contenders"]) == ["cityloom", "plain"]
    assert told["contenders"]["plain"]["lost"] == 0
    assert told["contenders"]["plain"]["lost_when_killed"] > 0, "who acknowledges early loses what he holds"
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.slow
@pytest.mark.timeout(620)
@pytest.mark.skipif(
    not (os.environ.get("CITYLOOM_TEST_TELEGRAF") or shutil.which("telegraf")),
    reason="no telegraf on this machine: get it from https://github.com/influxdata/telegraf/releases",
)
def test_telegraf_is_measured_twice(tmp_path: Path) -> None:
    told = _told(_compared(tmp_path, "--vs", "telegraf"))

    assert list(told["contenders"]) == ["cityloom", "telegraf", "telegraf, persistent_session"]


@pytest.mark.parametrize(
    "arguments", [["--vs", "nobody"], ["--vs", "telegraf", "--store", "duckdb2"], ["--vs", "missing.py"]]
)
def test_a_peer_that_is_not_there_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _compared(tmp_path, *arguments)

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
