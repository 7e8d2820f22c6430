"""Index of a zone: its segments' performance index, weighted by flow and length, once both lanes have come."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gateway.config.content import AssetFacts, Device
from gateway.rows import Row
from tests.support.conditions import says
from tests.support.traffic import LOOP, SPEED, Said, brief, on_roads, said, same, values

INDEX: dict[str, Any] = {
    "name": "traffic.zone-index", "title": "Index", "kind": "zone-index", "speed_profile": "speed", "speed": "speed",
    "flow_profile": "loop", "flow": "flow", "window_secs": 900, "least": 1000, "priorities": [4, 3],
}  # fmt: skip
LENGTHS = {"r1": 1000.0, "r2": 500.0}
ASSETS = [
    AssetFacts(name, "segment", "a", {"free_flow_kmh": 60.0, "length_m": length}) for name, length in LENGTHS.items()
]


def _device(name: str, kind: str, asset: str, zone: str = "a") -> Device:
    return Device(name, kind, (name,), zone, None, None, "", asset, "")


DEVICES = [_device(f"{kind[0]}{k}", kind, f"r{k}") for kind in ("speed", "loop") for k in (1, 2)]


def _rows(speeds: dict[str, Sequence[float | None]], flows: dict[str, Sequence[float | None]]) -> list[Row]:
    """A reading of each in every quarter of an hour."""
    rows = [says("speed", n, 900 * k + 450, speed=v) for n, each in speeds.items() for k, v in enumerate(each)]
    rows += [says("loop", n, 900 * k + 460, flow=v) for n, each in flows.items() for k, v in enumerate(each)]
    return sorted(rows, key=lambda row: row.received_at)


def _said(rows: Sequence[Row], cuts: Sequence[int] | None = None, restarts: bool = False, **changed: Any) -> Said:
    made = on_roads(INDEX | changed, devices=DEVICES, assets=ASSETS, profiles=(LOOP, SPEED))
    return said(made, rows, cuts, restarts=restarts)


def test_segments_weigh_by_flow_and_length() -> None:
    # TPI 4 (30 of 60 km/h) and 8 (18 of 60); weights 300 x 1 and 1200 x 0.5
    _, figures = _said(_rows({"s1": [30, 30], "s2": [18, 18]}, {"l1": [300, 300], "l2": [1200, 1200]}))

    assert values(figures, "tpi", "a") == [(15, round((4 * 300 + 8 * 600) / 900, 6))]


def test_steps_of_the_index_make_the_alarm_of_the_zone() -> None:
    slow, flow = [30, 18, 18, 30, 30], [100] * 5
    changes, _ = _said(_rows({"s1": slow, "s2": slow}, {"l1": flow, "l2": flow}))

    assert brief(changes) == [("raised", "a", 2, 30), ("returned", "a", 2, 60)]


def test_a_segment_whose_flow_is_missing_does_not_enter() -> None:
    rows = _rows({"s1": [30, 30], "s2": [18, 18]}, {"l1": [300, 300], "l2": [None, None]})

    assert values(_said(rows)[1], "tpi", "a") == [(15, 4.0)]
    assert _said(rows, least_share=0.6)[1] == []  # one of two is too few then


def test_a_zone_where_nothing_measures_flow_is_weighted_by_length() -> None:
    _, figures = _said(_rows({"s1": [30, 30], "s2": [18, 18]}, {}))

    assert values(figures, "tpi", "a") == [(15, round((4 * 1 + 8 * 0.5) / 1.5, 6))]


def test_missing_speeds_are_no_standstill() -> None:
    _, figures = _said(_rows({"s1": [30, None, 30], "s2": [30, None, 30]}, {"l1": [100] * 3, "l2": [100] * 3}))

    assert values(figures, "tpi", "a") == [(15, 4.0)]


def test_a_window_waits_for_the_lane_that_is_behind() -> None:
    speeds = _rows({"s1": [30, 30, 30], "s2": [18, 18, 18]}, {})
    flows = _rows({}, {"l1": [300] * 3, "l2": [1200] * 3})
    together = _said(_rows({"s1": [30, 30, 30], "s2": [18, 18, 18]}, {"l1": [300] * 3, "l2": [1200] * 3}))
    rows = [speeds[0], flows[0], *speeds[1:], *flows[1:]]

    made = on_roads(INDEX, devices=DEVICES, assets=ASSETS)
    early, late = said(made, rows[: len(speeds) + 1]), said(made, rows[len(speeds) + 1 :])

    assert early[1] == []
    assert values(late[1], "tpi", "a") == values(together[1], "tpi", "a") == [(15, 6.666667), (30, 6.666667)]


def test_another_zone_changes_nothing() -> None:
    rows = _rows({"s1": [30, 30], "s2": [18, 18]}, {"l1": [300, 300], "l2": [1200, 1200]})
    more = [says("speed", "x", 900 * k + 455, "b", speed=5) for k in range(2)]
    together = sorted([*rows, *more], key=lambda row: row.received_at)

    assert values(_said(together)[1], "tpi", "a") == values(_said(rows)[1], "tpi", "a")


def test_cuts_and_restarts_do_not_show() -> None:
    rng = np.random.default_rng(1)
    speeds = {name: rng.uniform(5, 60, 20).tolist() for name in ("s1", "s2")}
    flows = {name: rng.uniform(10, 900, 20).tolist() for name in ("l1", "l2")}
    rows = _rows(speeds, flows)
    whole = _said(rows, range(1, len(rows)), least=4)

    assert len(whole[1]) > 10
    assert whole[0]
    for _ in range(4):
        cuts = sorted(rng.integers(0, len(rows), 8).tolist())
        assert same(_said(rows, cuts, True, least=4), whole)


@pytest.mark.parametrize("missing", ["length_m", "free_flow_kmh"])
def test_what_is_not_known_of_a_segment_keeps_it_out(missing: str) -> None:
    figures = {name: value for name, value in ASSETS[1].figures.items() if name != missing}
    assets = [ASSETS[0], AssetFacts("r2", "segment", "a", figures)]
    rows = _rows({"s1": [30, 30], "s2": [18, 18]}, {"l1": [300, 300], "l2": [1200, 1200]})

    _, told = said(on_roads(INDEX, devices=DEVICES, assets=assets), rows)

    assert values(told, "tpi", "a") == [(15, 4.0)]
