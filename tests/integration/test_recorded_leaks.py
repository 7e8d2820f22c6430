"""A leak that others put into L-TOWN (BattLeDIM 2019), through the whole path: recording, gateway, alarm, figures."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import asked
from tests.support.public_data import public_data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

QUARTER_NIGHT = 12
"""Samples of five minutes an hour."""


def test_the_first_abrupt_leak_is_raised_in_its_first_night_with_its_flow(tmp_path: Path) -> None:
    """p523 lets out 28 m3/h from 2019-01-15 23:00 on; four leaks of the year before are the usual flow by then."""
    files = [public_data(f"water/battledim_2019_{name}.csv") for name in ("flows", "levels")]
    recording, site, data = tmp_path / "r.jsonl.gz", tmp_path / "site", tmp_path / "data"
    sent = asked(
        "sim", "replay", *files, "--origin", "2019-01-01T00:00", "--for", "18d", "--record", recording, "--site", site,
        "--json",
    )  # fmt: skip
    assert sent.code == 0, sent.err
    assert sent.json["messages"] == 18 * 288 * 4

    config = site / "cityloom.toml"
    where = ("-c", config, "--data-dir", data)
    replayed = asked("replay", recording, *where, "--json")
    assert replayed.code == 0, replayed.err
    assert replayed.json["ledger"]["readings"]["accepted"] == sent.json["readings"]

    listed = asked("alarms", "list", "--all", *where, "--json").json["alarms"]
    (alarm,) = [each for each in listed if each["condition"] == "water.leak"]
    raised = asked("alarms", "history", *where, "--json").json["history"]
    assert alarm["asset"] == "dma-ltown"

    with np.load(public_data("water/battledim_2019_leak_flow_truth.npz")) as truth:
        pipes, flow = truth["pipes"].tolist(), truth["leak_flow"]
    night = slice((15 * 24 + 2) * QUARTER_NIGHT, (15 * 24 + 5) * QUARTER_NIGHT)
    true_flow = float(flow[night, pipes.index("p523")].mean())
    assert true_flow == pytest.approx(28.4, abs=0.1)
    assert alarm["value"] == pytest.approx(true_flow, rel=0.1)
    assert raised

    said = asked(
        "figures", "water.balance", *where, "--from", "2019-01-01", "--to", "2019-01-19", "--format", "csv"
    ).out
    inflow = {
        row["time"][:10]: float(row["value"]) for row in csv.DictReader(io.StringIO(said)) if row["figure"] == "inflow"
    }
    expected = _inflow(files[0])
    assert len(inflow) >= 15
    for day, value in inflow.items():
        assert value == pytest.approx(expected[day], rel=2e-3), day


def _inflow(file: Path) -> dict[str, float]:
    """m3 a day of both inlets, by the UTC day at whose 16:00 the local day ends."""
    days: dict[str, list[float]] = {}
    with file.open() as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            both = sum(float(row[pipe].replace(",", ".")) for pipe in ("p227", "p235"))
            days.setdefault(row["Timestamp"][:10], []).append(both)
    return {day: sum(values) / 12.0 for day, values in days.items()}
