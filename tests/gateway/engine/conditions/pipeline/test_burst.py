"""Bursts: an area's inflow steps up while its pressure falls."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import BURST, Seen, device, feed, judging, made_of, says, seen
from tests.support.engine import config_row

Of = Callable[[int], float | None]
INLETS, POINTS = ("f1", "f2"), ("p1", "p2", "p3")
BREAK = 40
"""The minute in which the main breaks."""


def _calm(k: int) -> float:
    return 100 + math.sin(k)


def _pressure(k: int) -> float:
    return 400 + 2 * math.cos(k)


def _more(k: int) -> float:
    return _calm(k) + (60 if k >= BREAK else 0)


def _less(k: int) -> float:
    return _pressure(k) - (80 if k >= BREAK else 0)


def _rows(flow: Of, pressure: Of, minutes: Sequence[int] = range(60), zone: str = "a",
          inlets: Sequence[str] = INLETS, points: Sequence[str] = POINTS) -> list[Row]:  # fmt: skip
    rows = []
    for k in minutes:
        rows += [says("flow", name, 60 * k + 20, zone, flow=flow(k)) for name in inlets]
        rows += [says("pressure", name, 60 * k + 25, zone, pressure=pressure(k)) for name in points]
    return rows


def _changes(rows: Sequence[Row], **changed: Any) -> list[Seen]:
    return seen(feed(judging(BURST | changed), rows))


def test_a_step_of_flow_with_a_fall_of_pressure_is_a_burst_at_the_area() -> None:
    changes = _changes(_rows(_more, _less))

    # the first window of both ends at minute 41; the base takes the new level over in time
    assert changes[0] == ("raised", "a", 1, 60 * (BREAK + 1))
    assert [change.change for change in changes] == ["raised", "returned"]


def test_the_value_is_the_rise_of_the_inflow() -> None:
    (raised,) = [t for r in feed(judging(BURST), _rows(_more, _less, range(BREAK + 3))) for t in r.transitions]

    assert raised.value == pytest.approx(120, abs=5)
    assert (raised.condition, raised.zone, raised.priority) == ("water.burst", "a", 1)


@pytest.mark.parametrize(("flow", "pressure"), [(_more, _pressure), (_calm, _less), (_calm, _pressure)])
def test_one_of_the_two_is_no_burst(flow: Of, pressure: Of) -> None:
    assert _changes(_rows(flow, pressure)) == []


def test_only_the_area_that_breaks_has_the_burst() -> None:
    broken = _rows(_more, _less, zone="b", inlets=["x1"], points=["x2"])
    rows = sorted(_rows(_calm, _pressure) + broken, key=lambda row: row.received_at)

    assert {change.asset for change in _changes(rows)} == {"b"}


def test_an_inlet_that_misses_windows_is_neither_a_fall_nor_later_a_step() -> None:
    def gap(k: int) -> float | None:
        return None if 30 <= k < 36 else _calm(k)

    one = _rows(_calm, _less, inlets=["f1"])
    other = _rows(gap, _less, inlets=["f2"], points=[])

    assert _changes(sorted(one + other, key=lambda row: row.received_at)) == []


def test_a_point_that_misses_windows_makes_no_fall_of_the_mean() -> None:
    """The highest pressure of the area goes missing as a large customer starts."""
    rows = _rows(_more, _pressure, points=["p1"])
    rows += _rows(_calm, lambda k: None if k >= BREAK else 900 + _pressure(k), inlets=[], points=["p2"])

    assert _changes(sorted(rows, key=lambda row: row.received_at)) == []


def test_a_meter_that_is_gone_for_good_does_not_blind_its_area() -> None:
    rows = _rows(lambda k: _calm(k) + (60 if k >= 100 else 0), lambda k: _pressure(k) - (80 if k >= 100 else 0),
                 range(120), inlets=["f1"])  # fmt: skip
    rows += _rows(_calm, _pressure, range(20), inlets=["f2"], points=[])

    assert _changes(sorted(rows, key=lambda row: row.received_at))[0] == ("raised", "a", 1, 60 * 101)


def test_an_area_without_pressures_is_not_judged_and_waits_for_them_with_few_windows() -> None:
    made = judging(BURST)

    assert seen(feed(made, _rows(_more, _less, points=[]))) == []
    assert len({end for _, end, *_ in made.snapshot()["judge"]["rules"]["water.burst"]["waiting"]}) == 8


def test_windows_of_flows_count_though_pressures_are_met_in_a_later_call() -> None:
    flows, pressures = _rows(_more, _less, points=[]), _rows(_more, _less, inlets=[])
    rows = sorted([*flows[:12], *flows[12:], *pressures[18:]], key=lambda row: row.received_at)

    for cut in range(14):
        made, cut_up = judging(BURST), judging(BURST)
        whole = made.step(rows, rows[-1].received_at, False)
        pieces = [cut_up.step(part, rows[-1].received_at, False) for part in (rows[:cut], rows[cut:]) if part]

        assert [t for piece in pieces for t in piece.transitions] == whole.transitions
        assert str(made.snapshot()["judge"]["rules"]) == str(cut_up.snapshot()["judge"]["rules"])


def test_flows_that_come_far_behind_pressures_are_judged_with_them() -> None:
    flows = _rows(_more, _less, range(1, 60), points=[])
    pressures = _rows(_more, _less, range(1, 60), inlets=[])
    made = judging(BURST)
    feed(made, _rows(_more, _less, [0]))

    early = made.step(pressures, made.now, False)
    late = made.step(flows, made.now, False)

    assert seen(early) == []
    assert seen(late) == _changes(_rows(_more, _less))


def test_a_restart_in_between_changes_nothing() -> None:
    rows = _rows(_more, _less)
    made, found = judging(BURST), []
    for row in rows:
        made = ZoneEngine.restore(made.snapshot())
        found += seen(made.step([row], row.received_at, True))

    assert found == _changes(rows)


def test_what_an_area_has_learned_stays_with_it_when_another_leaves() -> None:
    devices = [device("x1", "flow", "b"), device("x2", "pressure", "b")]
    devices += [device(name, "flow") for name in INLETS] + [device(name, "pressure") for name in POINTS]
    made = judging(BURST, devices=devices)
    before = _rows(_calm, _pressure, range(BREAK - 2))
    before += _rows(lambda k: 5.0, lambda k: 90.0, range(BREAK - 2), zone="b", inlets=["x1"], points=["x2"])
    feed(made, sorted(before, key=lambda row: row.received_at))

    made.step([config_row(made_of(BURST, devices=devices[2:]), made.now)], made.now, True)

    after = seen(feed(made, _rows(_more, _less, range(BREAK - 2, 60))))
    assert after[0] == ("raised", "a", 1, 60 * (BREAK + 1))
