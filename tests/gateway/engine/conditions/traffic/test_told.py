"""What congestion tells beside its alarm: figures of each reading, events with length, worst level and spread."""

from collections.abc import Sequence

import numpy as np

from gateway.config.content import AssetFacts
from gateway.rows import Row
from tests.support.conditions import CONGESTION, SEGMENT, device, judging, says
from tests.support.traffic import Said, said, same, values

NEAR = {"road-1": ("road-2",), "road-2": ("road-1", "road-3"), "road-3": ("road-2", "road-4"), "road-4": ("road-3",)}
ASSETS = [
    AssetFacts(name, "segment", "b" if name == "road-4" else "a", {"free_flow_kmh": 60.0, "length_m": 500.0}, near)
    for name, near in NEAR.items()
]
DEVICES = [device(f"s{k}", "segment", "b" if k == 4 else "a", f"road-{k}") for k in (1, 2, 3, 4)]


def _rows(**speeds: Sequence[float | None]) -> list[Row]:
    """A reading each ten minutes of every segment."""
    rows = [
        says("segment", name, 600 * k, "b" if name == "s4" else "a", speed=speed)
        for name, each in speeds.items()
        for k, speed in enumerate(each)
    ]
    return sorted(rows, key=lambda row: row.received_at)


def _told(rows: Sequence[Row], cuts: Sequence[int] | None = None, *, restarts: bool = False) -> Said:
    made = judging(CONGESTION | {"least": 100}, devices=DEVICES, assets=ASSETS, profiles=[SEGMENT])
    return said(made, rows, cuts, restarts=restarts)


def test_each_reading_tells_its_delay_index_and_level() -> None:
    _, figures = _told(_rows(s1=[60, 30, 24, 21, 15, None, 0]))

    # 1 - v/60; GB/T 33171 by the table of delay.py
    assert values(figures, "dtp", "road-1") == [(0, 0.0), (10, 0.5), (20, 0.6), (30, 0.65), (40, 0.75), (60, 1.0)]
    assert values(figures, "tpi", "road-1") == [
        (0, 0.0), (10, 4.0), (20, 6.0), (30, 7.0), (40, 8.333333), (60, 10.0),
    ]  # fmt: skip
    assert [level for _, level in values(figures, "level", "road-1")] == [1, 3, 4, 4, 5, 5]


def test_an_event_has_a_length_and_a_worst_level_at_its_end() -> None:
    _, figures = _told(_rows(s1=[60, 24, 15, 28, 40, 60]))

    # from the ten minutes up to 10 until those up to 30: light congestion (28) still belongs to it, 40 ends it
    assert values(figures, "congestion_secs", "road-1") == [(30, 1800.0)]
    assert values(figures, "congestion_worst", "road-1") == [(30, 5.0)]
    assert values(figures, "congestion_segments", "road-1") == [(30, 1.0)]
    assert values(figures, "congestion_km", "road-1") == [(30, 0.5)]


def test_neighbours_with_events_at_the_same_time_are_how_far_it_reached() -> None:
    rows = _rows(s1=[60, 20, 20, 60, 60], s2=[60, 60, 20, 20, 60], s3=[60, 60, 60, 20, 60], s4=[60, 20, 20, 20, 60])
    _, figures = _told(rows)

    # road-1 is over when road-3 begins; road-4 lies in another zone
    reached = {name: values(figures, "congestion_segments", name)[0][1] for name in NEAR}
    assert reached == {"road-1": 2, "road-2": 2, "road-3": 2, "road-4": 1}
    assert values(figures, "congestion_km", "road-2") == [(30, 1.0)]


def test_where_a_length_is_not_known_no_km_are_told() -> None:
    short = [AssetFacts("road-1", "segment", "a", {"free_flow_kmh": 60.0})]
    made = judging(CONGESTION, devices=DEVICES[:1], assets=short, profiles=[SEGMENT])
    _, figures = said(made, _rows(s1=[60, 20, 60]))

    assert values(figures, "congestion_segments", "road-1") == [(10, 1.0)]
    assert values(figures, "congestion_km", "road-1") == []


def test_cuts_and_restarts_do_not_show() -> None:
    rng = np.random.default_rng(3)
    rows = _rows(**{f"s{k}": rng.choice([60.0, 28.0, 20.0, 12.0], 40).tolist() for k in (1, 2, 3, 4)})
    whole = _told(rows, range(1, len(rows)))

    assert len(values(whole[1], "congestion_secs", "road-2")) > 3
    for _ in range(4):
        cuts = sorted(rng.integers(0, len(rows), 20).tolist())
        assert same(_told(rows, cuts, restarts=True), whole)
