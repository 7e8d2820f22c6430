"""Unbalance of line voltages by rows."""

import cmath
import math
from collections.abc import Callable
from typing import Any

import pytest

from gateway.rows import Row
from tests.support.engine import SECOND
from tests.support.grid import at, changes, figures, grid, play, values
from tests.support.speakers import utc

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
MIDNIGHT = utc("2026-03-01T16:00")  # of Shanghai, 2026-03-02
SPEC: dict[str, Any] = {
    "name": "grid.unbalance", "title": "Unbalance", "kind": "unbalance", "profile": "unit",
    "lines": ["u_ab", "u_bc", "u_ca"], "priorities": [4, 3],
}  # fmt: skip
# sides 400, 400, 380: 3.363 % (doc of processors/conditions/grid/unbalance.py)
UNEVEN = 380.0


def _rows(start: int, minutes: int, ca: Callable[[int], float | None], name: str = "t1", zone: str = "a") -> list[Row]:
    return [
        at("unit", name, start + k * MINUTE + 5 * SECOND, zone, u_ab=400.0, u_bc=400.0, u_ca=ca(k))
        for k in range(minutes)
    ]


def _uneven_for(minutes: int) -> Callable[[int], float]:
    return lambda k: UNEVEN if k < minutes else 400.0


def test_a_known_triangle_has_its_unbalance_after_ten_minutes() -> None:
    made = grid(SPEC, start=MIDNIGHT)
    results = play(made, _rows(MIDNIGHT, 22, lambda k: UNEVEN))

    told = values(results, "unbalance")
    assert list(told) == [MIDNIGHT + 10 * MINUTE, MIDNIGHT + 20 * MINUTE]
    assert list(told.values()) == pytest.approx([0.03363, 0.03363], abs=1e-5)
    assert changes(results) == [("grid.unbalance", "t1", "raised", 1, MIDNIGHT + 10 * MINUTE)]


def test_phasors_tell_the_unbalance_that_their_magnitudes_do_not() -> None:
    # a third of a turn apart but for c, which is 10 degrees late: |U2| / |U1| by hand of the symmetrical components
    spec = {**SPEC, "profile": "phasors", "phases": ["u_a", "u_b", "u_c"], "angles": ["phi_a", "phi_b", "phi_c"]}
    del spec["lines"]
    angles = (0.0, -2 * math.pi / 3, 2 * math.pi / 3 - math.radians(10))
    a, b, c = (230 * cmath.exp(1j * angle) for angle in angles)
    turn = cmath.exp(2j * math.pi / 3)
    expected = abs(a + turn**2 * b + turn * c) / abs(a + turn * b + turn**2 * c)
    rows = [
        at("phasors", "m1", MIDNIGHT + k * MINUTE + 5 * SECOND, u_a=230.0, u_b=230.0, u_c=230.0,
           phi_a=angles[0], phi_b=angles[1], phi_c=angles[2])
        for k in range(12)
    ]  # fmt: skip

    results = play(grid(spec, start=MIDNIGHT), rows)

    assert 0.05 < expected < 0.06
    assert list(values(results, "unbalance").values()) == pytest.approx([expected], abs=1e-9)
    assert [change[2:4] for change in changes(results)] == [("raised", 2)]


def test_minutes_make_ten_by_the_mean_of_their_squares() -> None:
    results = play(grid(SPEC, start=MIDNIGHT), _rows(MIDNIGHT, 12, lambda k: UNEVEN if k < 5 else 400.0))

    assert list(values(results, "unbalance").values()) == pytest.approx([0.03363 / math.sqrt(2)], abs=1e-5)


@pytest.mark.parametrize(("missing", "told"), [(5, 1), (6, 0)])
def test_ten_minutes_need_five_and_a_missing_voltage_is_no_unbalance(missing: int, told: int) -> None:
    results = play(grid(SPEC, start=MIDNIGHT), _rows(MIDNIGHT, 12, lambda k: None if k < missing else UNEVEN))

    assert len(figures(results, "unbalance")) == told


def test_the_largest_twentieth_of_a_day_is_left_out() -> None:
    # 144 values: 7 are left out, so with 7 uneven ones the even rest counts, with 8 it doesn't
    for uneven, expected in ((7, 0.0), (8, 0.03363)):
        rows = _rows(MIDNIGHT, 24 * 60 + 2, _uneven_for(10 * uneven))
        results = play(grid(SPEC, start=MIDNIGHT), rows)

        assert values(results, "unbalance_95") == pytest.approx({MIDNIGHT + 24 * HOUR: expected}, abs=1e-5)


def test_half_a_day_is_too_little_for_a_day() -> None:
    rows = _rows(MIDNIGHT + 13 * HOUR, 11 * 60 + 2, lambda k: UNEVEN)

    assert figures(play(grid(SPEC, start=MIDNIGHT), rows), "unbalance_95") == []


@pytest.mark.parametrize(("start", "hours"), [("2026-03-28T23:00", 23), ("2026-10-24T22:00", 25)])
def test_a_day_of_berlin_is_as_long_as_it_is(start: str, hours: int) -> None:
    begin = utc(start)
    results = play(grid(SPEC, start=begin, timezone="Europe/Berlin"), _rows(begin, 26 * 60, lambda k: UNEVEN))

    assert list(values(results, "unbalance_95")) == [begin + hours * HOUR]


def test_neither_cuts_nor_restarts_nor_company_show() -> None:
    mine = _rows(MIDNIGHT, 400, lambda k: UNEVEN if 100 < k < 200 else 400.0)
    others = _rows(MIDNIGHT, 400, lambda k: 370.0, "t2", "b")
    both = sorted(mine + others, key=lambda row: row.received_at)

    whole = play(grid(SPEC, start=MIDNIGHT), mine, 400)
    parts = play(grid(SPEC, start=MIDNIGHT), mine, 7, restarts=True)
    beside = play(grid(SPEC, start=MIDNIGHT), both, 13)

    assert figures(whole) == figures(parts) == [figure for figure in figures(beside) if figure.asset == "t1"]
    assert changes(whole) == changes(parts) == [change for change in changes(beside) if change[1] == "t1"]
    assert len(changes(whole)) == 2
