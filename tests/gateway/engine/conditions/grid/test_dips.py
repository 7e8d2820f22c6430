"""Sags, swells and interruptions in telemetry, by rows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.rows import Row
from processors.conditions.grid.classify import DIP_CELLS, Kind, Lasting
from tests.support.engine import SECOND, START
from tests.support.grid import at, changes, figures, grid, play, values

SPEC: dict[str, Any] = {
    "name": "grid.dip", "title": "Dip", "kind": "dips", "profile": "fast", "phases": ["u_a", "u_b", "u_c"],
    "nominal": 220, "priorities": [4, 3, 2],
}  # fmt: skip
Volts = Sequence[float | None]
WELL: Volts = (220.0, 220.0, 220.0)


def _rows(volts: Sequence[Volts], name: str = "m1", zone: str = "a", first: int = 0) -> list[Row]:
    """A reading a second, and twenty that are well, so that the lane comes past all."""
    every = [*volts, *[WELL] * 20]
    return [
        at("fast", name, START + (first + k) * SECOND, zone, u_a=a, u_b=b, u_c=c) for k, (a, b, c) in enumerate(every)
    ]


def _seen(rows: Sequence[Row], size: int = 1, **more: Any) -> list[tuple[str, int, float]]:
    results = play(grid(SPEC | more, start=START), rows, size)
    return [(change, level, (ts - START) / SECOND) for _, _, change, level, ts in changes(results)]


def test_a_dip_begins_below_the_threshold_and_ends_above_the_hysteresis() -> None:
    # 0.9 pu are 198 V, 0.92 are 202.4
    volts = [WELL, (220.0, 197.0, 220.0), (220.0, 200.0, 220.0), (220.0, 202.0, 220.0), (220.0, 203.0, 220.0)]

    assert _seen(_rows(volts)) == [("raised", 1, 1), ("returned", 1, 4)]


def test_phases_that_go_one_after_the_other_are_one_event() -> None:
    volts = [WELL, (150.0, 220.0, 220.0), (220.0, 140.0, 220.0), (220.0, 220.0, 130.0), WELL]
    results = play(grid(SPEC, start=START), _rows(volts))

    assert [change[2] for change in changes(results)] == ["raised", "returned"]
    begin = START + SECOND
    assert values(results, "residual") == pytest.approx({begin: 130 / 220})
    assert values(results, "duration") == {begin: 3.0}
    assert values(results, "kind") == {begin: Kind.SAG}
    assert values(results, "lasting") == {begin: Lasting.MOMENTARY_OR_LONGER}
    assert values(results, "cell") == {begin: DIP_CELLS.index("C4")}  # 3 s, give or take one: from 1 to 5 s in any case


def test_one_that_lasts_goes_up_a_level() -> None:
    assert _seen(_rows([WELL, *[(150.0, 220.0, 220.0)] * 8])) == [
        ("raised", 1, 1), ("level", 2, 6), ("returned", 2, 9)
    ]  # fmt: skip


def test_all_phases_down_are_an_interruption_and_one_is_a_sag() -> None:
    assert _seen(_rows([WELL, (5.0, 5.0, 5.0)]))[0] == ("raised", 3, 1)
    assert _seen(_rows([WELL, (5.0, 220.0, 220.0)]))[0] == ("raised", 1, 1)


def test_a_swell_is_an_event_too() -> None:
    assert _seen(_rows([WELL, (250.0, 220.0, 220.0)])) == [("raised", 1, 1), ("returned", 1, 2)]


def test_a_nominal_voltage_of_its_own_belongs_to_its_place() -> None:
    rows = _rows([WELL, (250.0, 220.0, 220.0)])

    assert _seen(rows, where=[{"device": "m1", "nominal": 230}]) == []
    assert _seen(rows, where=[{"zone": "a", "nominal": 230}]) == []
    assert _seen(rows, where=[{"zone": "b", "nominal": 230}]) != []


def test_silence_and_missing_voltages_are_no_interruption() -> None:
    missing: Volts = (None, None, None)
    rows = _rows([WELL, *[missing] * 5, WELL]) + _rows([WELL], first=100)

    assert _seen(rows) == []
    # nor do they end one
    assert _seen(_rows([WELL, (150.0, 220.0, 220.0), missing, missing])) == [("raised", 1, 1), ("returned", 1, 4)]


def test_any_order_within_what_the_lane_allows_gives_the_same() -> None:
    rng = np.random.default_rng(5)
    volts = [WELL, (150.0, 220.0, 220.0), (220.0, 140.0, 220.0), WELL, (5.0, 5.0, 5.0), (220.0, 180.0, 220.0), WELL]
    rows = _rows(volts * 5)
    expected = play(grid(SPEC, start=START), rows, 1)
    for _ in range(5):
        late = [(row.received_at + int(rng.integers(0, 4 * SECOND)), k) for k, row in enumerate(rows)]
        shuffled = [msgspec.structs.replace(rows[k], received_at=receipt) for receipt, k in sorted(late)]
        again = play(grid(SPEC, start=START), [row for row in shuffled for _ in "12"], 5, restarts=True)

        assert changes(again) == changes(expected)
        assert figures(again) == figures(expected)
    assert len(changes(expected)) > 10


def test_neither_cuts_nor_company_show() -> None:
    rng = np.random.default_rng(6)

    def wild(name: str, zone: str) -> list[Row]:
        return _rows([[float(rng.choice([220, 190, 201, 5, 250])) for _ in "abc"] for _ in range(60)], name, zone)

    mine, others = wild("m1", "a"), wild("m2", "b")
    both = sorted(mine + others, key=lambda row: row.received_at)
    whole = play(grid(SPEC, start=START), mine, len(mine))

    for size, rows in ((1, mine), (7, mine), (9, both)):
        again = play(grid(SPEC, start=START), rows, size, restarts=True)
        assert [change for change in changes(again) if change[1] == "m1"] == changes(whole)
        assert [figure for figure in figures(again) if figure.asset == "m1"] == figures(whole)
    assert all(a[4] <= b[4] for a, b in pairwise(changes(whole)))
    assert len(changes(whole)) > 5
