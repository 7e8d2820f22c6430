"""A water network's devices: what they say, and the truth beside it."""

import csv
from itertools import islice
from pathlib import Path

import pytest

from device_sims.physics.hydraulics import Leak
from device_sims.physics.water import WaterNetwork

pytestmark = pytest.mark.physics
pytest.importorskip("wntr", reason='wntr is not installed: pip install "cityloom[sim-water]"')

HOUR = 3_600_000_000_000
MIDNIGHT = 1_772_380_800_000_000_000


def _network(truth: Path | None = None, seed: int = 1) -> WaterNetwork:
    leak = Leak("121", 0.05, MIDNIGHT + HOUR)
    return WaterNetwork(
        "Net1", origin=MIDNIGHT, midnight=MIDNIGHT, step_secs=600, leaks=[leak], pressures=4, seed=seed, truth=truth
    )  # fmt: skip


def test_every_device_speaks_once_a_step_and_the_bytes_follow_the_seed() -> None:
    first = list(islice(_network().messages(), 60))

    assert [message.device for message in first[:6]] == [
        "flow-9", "press-11", "press-13", "press-22", "press-31", "tank-2",
    ]  # fmt: skip
    assert [message.due for message in first[::6]] == list(range(MIDNIGHT, MIDNIGHT + 10 * HOUR // 6, HOUR // 6))
    again = [message.payload for message in islice(_network().messages(), 60)]
    assert [message.payload for message in first] == again
    assert again != [message.payload for message in islice(_network(seed=2).messages(), 60)]


def test_the_truth_of_the_physics_is_written_without_scatter(tmp_path: Path) -> None:
    file = tmp_path / "physics.csv"
    messages = _network(file).messages()
    said = list(islice(messages, 6 * 13))
    messages.close()  # type: ignore[attr-defined]

    with file.open() as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["ts", "leak_121", "flow_9"]
    assert [int(row["ts"]) for row in rows[:2]] == [MIDNIGHT, MIDNIGHT + HOUR // 6]
    assert float(rows[3]["leak_121"]) == 0.0
    assert float(rows[12]["leak_121"]) > 10.0
    for row, message in zip(rows, said[::6], strict=False):
        flow = message.readings[0].value
        assert flow is not None
        assert flow == pytest.approx(float(row["flow_9"]), rel=0.025)


def test_its_site_has_the_inlet_and_the_tank() -> None:
    site = _network().site("net1", "Asia/Shanghai")
    assert {place.id: place.at for place in site.places if place.at} == {"flow-9": "inlet", "tank-2": "tank"}
    assert site.interval_secs == 600
