"""Which alarms a fault explains: those that it can cause, at its device or what that measures, in its time."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from device_sims.truth.rules import DOMAINS, EXPLAINS
from gateway.score.troubles import Raised
from gateway.score.truth_run import TruthRun
from gateway.score.truth_score import score_alarms

MINUTE = 60_000_000_000
DEVICES = [
    {"device": "press-1", "profile": "water-pressure", "zone": "dma-1", "asset": "main-1"},
    {"device": "loop-1", "profile": "loop-detector", "zone": "north", "asset": "ring-1"},
]


def _run(folder: Path, device: str, fault: str) -> TruthRun:
    """One fault from the tenth minute to the twentieth."""
    faults = [{"device": device, "fault": fault, "start": 10 * MINUTE, "end": 20 * MINUTE}]
    pq.write_table(pa.Table.from_pylist(DEVICES), folder / "devices.parquet")
    pq.write_table(pa.Table.from_pylist(faults), folder / "faults.parquet")
    explains = {name: {"conditions": each.conditions, "after_secs": each.after_secs} for name, each in EXPLAINS.items()}
    return TruthRun(folder, {}, {"rules": {"explains": explains, "domains": DOMAINS}}, ())


@pytest.mark.parametrize(
    ("device", "fault", "condition", "asset", "minute", "explained"),
    [
        ("press-1", "silence", "device.silent", "press-1", 15, True),
        ("press-1", "outage", "device.silent", "press-1", 34, True),
        ("press-1", "outage", "device.silent", "press-1", 36, False),
        ("press-1", "silence", "device.silent", "press-1", 9, False),
        ("press-1", "silence", "device.silent", "main-1", 15, False),
        ("press-1", "silence", "water.pressure-low", "press-1", 15, False),
        ("press-1", "wrong_clock", "device.silent", "press-1", 15, False),
        ("press-1", "reboot", "water.pressure-low", "press-1", 15, False),
        ("press-1", "spike", "water.pressure-low", "press-1", 15, True),
        ("press-1", "spike", "water.pressure-low", "main-1", 79, True),
        ("press-1", "spike", "water.pressure-low", "main-1", 81, False),
        ("press-1", "spike", "device.silent", "press-1", 15, False),
        ("press-1", "spike", "gas.lel", "press-1", 15, False),
        ("loop-1", "noise", "traffic.queue", "loop-1", 15, True),
        ("loop-1", "noise", "water.pressure-low", "press-1", 15, False),
        ("loop-1", "truncated", "device.silent", "loop-1", 15, False),
    ],
)
def test_a_fault_explains_only_what_it_can_cause(
    device: str, fault: str, condition: str, asset: str, minute: int, explained: bool, tmp_path: Path
) -> None:
    alarm = Raised(condition, asset, "dma-1", minute * MINUTE)

    score, disturbed = score_alarms(_run(tmp_path, device, fault), [alarm])

    assert disturbed == ([alarm] if explained else [])
    assert score.unexplained == ([] if explained else [alarm])


@pytest.mark.parametrize(("condition", "explained"), [("device.silent", True), ("traffic.queue", False)])
def test_who_was_only_met_by_mistake_may_fall_silent_and_no_more(
    condition: str, explained: bool, tmp_path: Path
) -> None:
    alarm = Raised(condition, "loop-9-unknown", "north", MINUTE)

    _, disturbed = score_alarms(_run(tmp_path, "loop-1", "noise"), [alarm], {"loop-9-unknown"})

    assert disturbed == ([alarm] if explained else [])
