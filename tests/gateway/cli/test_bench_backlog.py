"""`cityloom bench backlog`, small: everything that lay in the inbox is judged and stored, and the figures add up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_backlog_is_worked_off_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYLOOM_")}
    run = subprocess.run(
        [
            sys.executable, "-m", "gateway.cli.main", "bench", "backlog", "--messages", "30000", "--devices", "500",
            "--folder", str(tmp_path), "--json",
        ],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert (result["messages"], result["lost"], result["balanced"]) == (30_000, 0, True)
    assert result["messages_per_s"] == pytest.approx(30_000 / result["drain_secs"], rel=0.01)
    assert 0 < result["start_secs"] < result["live_secs"]
    assert min(result["plain_start_secs"], result["first_start_secs"], result["inbox_mb"]) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
