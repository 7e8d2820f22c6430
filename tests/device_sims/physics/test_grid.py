"""The feeder's devices: voltages that agree with each other, and the truth beside them."""

import csv
import json
import math
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from device_sims.fleet.message import Message
from device_sims.physics.feeder import Load
from device_sims.physics.grid import GridFeeder

pytestmark = pytest.mark.physics
pytest.importorskip("pandapower", reason='pandapower is not installed: pip install "cityloom[sim-grid]"')

EVENING = 1_772_380_800_000_000_000 + 19 * 3_600_000_000_000
MINUTE = 60_000_000_000


def _told(messages: list[Message]) -> dict[str, Any]:
    return {message.device: json.loads(message.payload) for message in messages}


def test_a_step_is_one_state_of_the_feeder_told_by_all_devices(tmp_path: Path) -> None:
    truth = tmp_path / "vuf.csv"
    grid = GridFeeder(
        origin=EVENING + 1, timezone="Asia/Shanghai", loads=[Load(899, "a", 12.0)], monitors=3, truth=truth
    )  # fmt: skip
    messages = grid.messages()
    first = list(islice(messages, grid.devices))
    messages.close()  # type: ignore[attr-defined]
    told = _told(first)

    assert {message.due for message in first} == {EVENING + MINUTE}
    assert len(told) == grid.devices == 2 + 5 + 55
    assert told["tx-lv"]["u"] == pytest.approx([told["monitor-1"][name] for name in ("u_ab", "u_bc", "u_ca")], abs=0.01)
    assert told["meter-lv"]["u"]["a"] == pytest.approx(told["monitor-1"]["u_a"], abs=0.01)
    assert told["tx-lv"]["s"] == pytest.approx(math.hypot(told["meter-lv"]["p"], told["meter-lv"]["q"]), abs=0.01)
    homes = sum(told[f"home-{k:02d}"]["p"] for k in range(1, 56))
    assert told["meter-lv"]["p"] == pytest.approx(homes + 12.0, rel=0.05)
    # unbalance from three voltages between lines (IEC 61000-4-30) is the ratio that the phasors have
    with truth.open() as lines:
        row = next(csv.DictReader(lines))
    for bus in grid.monitored:
        ab, bc, ca = (told[f"monitor-{bus}"][name] for name in ("u_ab", "u_bc", "u_ca"))
        beta = (ab**4 + bc**4 + ca**4) / (ab**2 + bc**2 + ca**2) ** 2
        root = math.sqrt(3.0 - 6.0 * beta)
        assert math.sqrt((1.0 - root) / (1.0 + root)) == pytest.approx(float(row[f"vuf_{bus}"]), abs=1e-5)
    assert float(row["vuf_899"]) > 0.005
