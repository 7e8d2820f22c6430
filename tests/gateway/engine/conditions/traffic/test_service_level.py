"""Level of service: density and letters of detectors, and the alarm where one is asked for."""

from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.rows import Row
from tests.support.conditions import says
from tests.support.traffic import ASSETS, brief, on_roads, said, same, values

SERVICE: dict[str, Any] = {
    "name": "traffic.service-level", "title": "Service", "kind": "service-level", "profile": "loop", "speed": "speed",
    "flow": "flow", "occupancy": "occupancy", "window_secs": 60, "least": 1000, "priorities": [4],
}  # fmt: skip
FREEWAYS = [msgspec.structs.replace(each, labels={"class": "expressway"}) for each in ASSETS]


def _rows(*states: tuple[float | None, float | None, float | None], name: str = "l1") -> list[Row]:
    """Speed, flow, occupancy a minute; one more so that the last one counts."""
    return [
        says("loop", name, 60 * k + 20, speed=speed, flow=flow, occupancy=occupancy)
        for k, (speed, flow, occupancy) in enumerate([*states, (None, None, None), (None, None, None)])
    ]


def test_an_expressway_is_judged_by_density() -> None:
    # 1800 veh/h at 60 km/h: 30 veh/km, 48.3 a mile: F above 45; 300 at 60: 5 veh/km, 8.0 a mile: A up to 11
    _, figures = said(on_roads(SERVICE, assets=FREEWAYS), _rows((60, 1800, 0.2), (60, 300, 0.03)))

    assert values(figures, "density", "l1") == [(1, 30.0), (2, 5.0)]
    assert values(figures, "service", "l1") == [(1, 6.0), (2, 1.0)]


def test_a_street_is_judged_by_its_share_of_free_flow() -> None:
    # 60 km/h is free: 54 is 90 %, 27 is 45 %, 15 is 25 %
    _, figures = said(on_roads(SERVICE), _rows((54, 600, 0.1), (27, 600, 0.1), (15, 600, 0.1)))

    assert [letter for _, letter in values(figures, "service", "l1")] == [1, 4, 6]


def test_what_stands_is_dense_by_its_occupancy() -> None:
    _, figures = said(on_roads(SERVICE, assets=FREEWAYS), _rows((0, 0, 0.65)))

    assert values(figures, "density", "l1") == [(1, 100.0)]
    assert values(figures, "service", "l1") == [(1, 6.0)]


def test_what_is_missing_has_no_letter() -> None:
    _, figures = said(on_roads(SERVICE), _rows((None, None, None), (None, 0, 0)))

    assert values(figures, "density", "l1") == [(2, 0.0)]
    assert values(figures, "service", "l1") == []


def test_letters_make_levels_of_an_alarm_where_they_are_asked_for() -> None:
    rows = _rows((54, 600, 0.1), (20, 600, 0.1), (15, 600, 0.1), (54, 600, 0.1))

    assert said(on_roads(SERVICE), rows)[0] == []
    changes, _ = said(on_roads(SERVICE | {"worst": ["E", "F"]}), rows)
    assert brief(changes) == [("raised", "r1", 1, 2), ("level", "r1", 2, 3), ("returned", "r1", 2, 4)]


@pytest.mark.parametrize("worst", [[], ["D", "F"]])
def test_cuts_and_restarts_do_not_show(worst: list[str]) -> None:
    rng = np.random.default_rng(2)
    states = [(float(rng.uniform(5, 70)), float(rng.uniform(0, 1800)), float(rng.uniform(0, 0.8))) for _ in range(30)]
    rows = sorted(_rows(*states) + _rows(*states[::-1], name="l2"), key=lambda row: row.received_at)
    spec = SERVICE | {"worst": worst, "least": 5}
    whole = said(on_roads(spec), rows, range(1, len(rows)))

    assert len(whole[1]) > 50
    for _ in range(4):
        cuts = sorted(rng.integers(0, len(rows), 10).tolist())
        assert same(said(on_roads(spec), rows, cuts, restarts=True), whole)
