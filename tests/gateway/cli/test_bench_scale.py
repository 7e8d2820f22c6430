"""`cityloom bench scale`, small: each curve has its points, they add up, and are drawn. What they say, people judge."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.bench.curves import CURVES

POINTS = {
    "devices": {"series", "bytes_per_series", "heard_mb", "us_per_message"},
    "rate": {"achieved_per_s", "ack_p50_ms", "ack_p99_ms"},
    "readings": {"us_per_message", "us_per_reading"},
    "window": {"us_per_message", "aggregates"},
    "broker": {"us_per_message", "messages_per_s"},
    "connections": {"us_per_message", "messages_per_s"},
    "shared": {"us_per_message", "messages_per_s"},
    "gateways": {"us_per_message", "messages_per_s"},
    "recovery": {"offered_per_s", "received_per_s", "behind_secs", "rss_mb"},
}


def _command(folder: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "gateway.cli.main", "bench", "scale", *arguments, "--folder", str(folder),
        "--out", str(folder / "curves"),
    ]  # fmt: skip


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}
    return subprocess.run(
        _command(folder, *arguments), cwd=folder, env=environment, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip


def test_every_curve_is_tried_here() -> None:
    assert POINTS.keys() == CURVES.keys()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", POINTS)
def test_a_curve_has_points_that_add_up_and_a_picture(name: str, tmp_path: Path) -> None:
    run = _run(tmp_path, name, "--quick", "--picture", "svg", "--json")

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    curve, points = CURVES[name], result["curves"][name]
    assert all(point.keys() >= POINTS[name] for point in points)
    assert (points[-1]["lost"], points[-1]["balanced"]) == (0, True)
    if name != "recovery":
        assert [point[curve.axis] for point in points] == list(curve.quick)
        assert all(point["us_per_message"] > 0 and point["messages_per_s"] > 0 for point in points)
    assert sorted(path.name for path in (tmp_path / "curves").iterdir()) == [
        f"{name}.csv", f"{name}.jsonl", f"{name}.svg"
    ]  # fmt: skip
    assert "<path" in (tmp_path / "curves" / f"{name}.svg").read_text(encoding="utf-8")
    with (tmp_path / "curves" / f"{name}.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(points)
    assert [path.name for path in tmp_path.iterdir()] == ["curves"], "nothing else is left behind"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ctrl_c_leaves_the_points_so_far_and_resume_goes_on(tmp_path: Path) -> None:
    words = ["connections", "--quick", "--picture", "none", "--json"]
    kept = tmp_path / "curves" / "connections.jsonl"
    process = subprocess.Popen(
        _command(tmp_path, *words), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 120
    while not kept.exists() or not kept.read_text(encoding="utf-8").endswith("\n"):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=120)

    assert process.returncode == 130
    assert [point["connections"] for point in json.loads(told.splitlines()[-1])["curves"]["connections"]] == [1]
    first = kept.read_text(encoding="utf-8")
    assert kept.with_suffix(".csv").exists()

    again = _run(tmp_path, *words, "--resume")

    assert again.returncode == 0, again.stderr
    assert kept.read_text(encoding="utf-8").startswith(first), "what is there is not measured again"
    points = json.loads(again.stdout.splitlines()[-1])["curves"]["connections"]
    assert [point["connections"] for point in points] == [1, 2]


@pytest.mark.parametrize(
    "arguments",
    [["nothing"], ["--values", "1,2"], ["rate", "--values", "fast"], ["--devices", "0"], ["--store", "paper"]],
)
def test_what_can_not_be_measured_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    run = _run(tmp_path, *arguments, "--picture", "none")

    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr


def test_without_matplotlib_it_says_so_before_it_measures(tmp_path: Path) -> None:
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    run = subprocess.run(
        _command(tmp_path, "rate"), cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert run.returncode == 2
    assert "cityloom[plots]" in run.stderr
