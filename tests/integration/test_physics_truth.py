"""The gateway's figures against truth that physics computed: leaks of L-TOWN (wntr), a feeder's unbalance (pandapower).

computed network -> recording -> `cityloom replay` -> alarms, figures, balances    beside    --physics FILE.csv
"""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.command import asked
from tests.support.public_data import public_data

pytestmark = [pytest.mark.physics, pytest.mark.slow, pytest.mark.timeout(900)]

MINUTE = 60_000_000_000
BURST = """\
schema = 1

[[conditions]]
name = "water.burst"
title = "Burst main"
kind = "burst"
flow_profile = "water-flow"
flow = "flow"
pressure_profile = "water-pressure"
pressure = "pressure"
window_secs = 60
least_flow = 20
least_pressure = 1.5     # kPa of 33 loggers' mean: mains are wide, 84 m3/h cost 2.5 kPa; the built-in 25 are never seen
priorities = [1]
on_delay_secs = 60
off_delay_secs = 600
"""


class _Run:
    """A simulation, written as a recording and replayed into a folder of its own."""

    def __init__(self, folder: Path, *words: str | Path, conditions: str = "") -> None:
        folder.mkdir()
        self.physics = folder / "physics.csv"
        recording, site = folder / "r.jsonl.gz", folder / "site"
        sent = asked("sim", *words, "--physics", self.physics, "--record", recording, "--site", site, "--json")
        assert sent.code == 0, sent.err
        config = site / "cityloom.toml"
        if conditions:
            (site / "conditions.toml").write_text(conditions, encoding="utf-8")
            with config.open("a", encoding="utf-8") as file:
                file.write(f"conditions_file = '{(site / 'conditions.toml').as_posix()}'\n")
        self._where = ("-c", config, "--data-dir", folder / "data")
        done = asked("replay", recording, *self._where, "--json")
        assert done.code == 0, done.err
        assert done.json["ledger"]["readings"]["accepted"] == sent.json["readings"]

    def alarms(self, condition: str) -> list[dict[str, Any]]:
        """Alarms of a condition, also those that are over."""
        listed = asked("alarms", "list", "--all", *self._where, "--json").json["alarms"]
        return [alarm for alarm in listed if alarm["condition"] == condition]

    def figures(self, condition: str, name: str) -> list[tuple[str, int, float]]:
        """Asset, time (UTC ns) and value."""
        said = asked(
            "figures", condition, *self._where, "--from", "2026-03-01", "--to", "2026-03-05", "--format", "csv"
        )
        rows = csv.DictReader(io.StringIO(said.out))
        return [(row["asset"], _ns(row["time"]), float(row["value"])) for row in rows if row["figure"] == name]

    def truth(self) -> dict[str, np.ndarray]:
        """Columns of what the physics wrote."""
        with self.physics.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns: dict[str, np.ndarray] = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
        return columns | {"ts": np.array([int(row["ts"]) for row in rows])}


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


@pytest.fixture
def ltown() -> Path:
    """The network."""
    pytest.importorskip("wntr", reason='wntr is not installed: pip install "cityloom[sim-water]"')
    return public_data("water/networks/L-TOWN.inp")


def test_a_burst_in_ltown_is_raised_within_two_minutes_with_the_flow_that_runs_out(tmp_path: Path, ltown: Path) -> None:
    """35 mm in p523 at 02:00: 84 m3/h of what was 58 until then."""
    run = _Run(
        tmp_path / "burst", "water", ltown, "--origin", "2026-03-02T01:00", "--for", "100m", "--leak", "p523=35@1h",
        conditions=BURST,
    )  # fmt: skip
    truth = run.truth()
    leak = truth["leak_p523"]
    start = int(truth["ts"][leak > 0][0])

    (alarm,) = run.alarms("water.burst")

    assert 0 <= alarm["since"] - start <= 2 * MINUTE
    assert alarm["value"] == pytest.approx(leak[leak > 0][:3].mean(), rel=0.06)


def test_the_balance_of_ltown_grows_by_the_volume_that_a_leak_lets_out(tmp_path: Path, ltown: Path) -> None:
    """The same day with and without 20 mm in p523 from 10:30 to 16:30: what the area takes in more is what ran out."""
    day = ("water", ltown, "--step", "300", "--origin", "2026-03-01T22:30", "--for", "27h")
    leaky = _Run(tmp_path / "leaky", *day, "--leak", "p523=20@12h-18h")
    tight = _Run(tmp_path / "tight", *day)
    truth = leaky.truth()
    volume = float(truth["leak_p523"].sum()) * 300.0 / 3600.0
    assert 150.0 < volume < 190.0  # 28 m3/h for six hours

    ((area, at, with_leak),) = leaky.figures("water.balance", "supply")
    ((_, _, without),) = tight.figures("water.balance", "supply")
    assert area == "dma-network"

    assert at == _ns("2026-03-02T16:00:00Z")
    assert with_leak - without == pytest.approx(volume, rel=0.05)


def test_unbalance_along_the_feeder_is_that_of_the_phasors(tmp_path: Path) -> None:
    """25 kW on phase a of the last bus for half an hour: 2.2 % there, less towards the transformer."""
    pytest.importorskip("pandapower", reason='pandapower is not installed: pip install "cityloom[sim-grid]"')
    shapes = public_data("grid/ieee_european_lv_feeder.zip")
    run = _Run(
        tmp_path / "lv", "grid", "--shapes", shapes, "--origin", "2026-03-02T18:00", "--for", "60m", "--monitors", "4",
        "--load", "899a=25@20m-50m",
    )  # fmt: skip
    truth = run.truth()

    told = [each for each in run.figures("grid.unbalance", "unbalance") if _whole(each[1], truth["ts"])]

    assert len(told) == 6 * 6
    for device, end, value in told:
        within = (truth["ts"] >= end - 10 * MINUTE) & (truth["ts"] < end)
        # IEC 61000-4-30: values of ten minutes are root mean squares
        expected = float(np.sqrt(np.mean(truth[f"vuf_{device.removeprefix('monitor-')}"][within] ** 2)))
        assert value == pytest.approx(expected, abs=1e-6), (device, end)
    (alarm,) = run.alarms("grid.unbalance")
    assert alarm["asset"] == "monitor-899"
    assert alarm["since"] == _ns("2026-03-02T10:30:00Z")
    assert alarm["at"] == _ns("2026-03-02T11:00:00Z")
    assert alarm["change"] == "returned"


def _whole(end: int, ts: np.ndarray) -> bool:
    return bool(ts[0] <= end - 10 * MINUTE and end <= ts[-1] + MINUTE)
