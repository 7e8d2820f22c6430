"""Transformers by rows: loading and temperatures."""

from typing import Any

import pytest

from gateway.config.content import AssetFacts
from gateway.engine.results import StepResult
from gateway.rows import Row
from tests.support.conditions import device
from tests.support.engine import SECOND, START
from tests.support.grid import at, changes, figures, grid, play, values

MINUTE = 60 * SECOND
SPEC: dict[str, Any] = {
    "name": "grid.transformer", "title": "Transformer", "kind": "transformer", "profile": "unit", "power": "s",
    "oil": "oil", "winding": "winding", "loading": [0.8, 1.0, 1.3], "priorities": [4, 3, 2],
}  # fmt: skip
DEVICES = [device("t1", "unit", asset="tx-1"), device("t2", "unit", "b", "tx-2"), device("t3", "unit")]
ASSETS = [AssetFacts("tx-1", "transformer", "a", {"kva": 630.0}), AssetFacts("tx-2", "transformer", "b", {"kva": 50.0})]


def _rows(name: str = "t1", zone: str = "a", minutes: int = 32, **of: float) -> list[Row]:
    return [at("unit", name, START + k * MINUTE + 5 * SECOND, zone, **of) for k in range(minutes)]


def _played(rows: list[Row], size: int = 50, restarts: bool = False, **changed: Any) -> list[StepResult]:
    return play(grid(SPEC | changed, start=START, devices=DEVICES, assets=ASSETS), rows, size, restarts=restarts)


@pytest.mark.parametrize(("kva", "level"), [(503.0, None), (504.0, 1), (630.0, 2), (819.0, 3)])
def test_loading_is_power_over_the_rating_of_the_asset(kva: float, level: int | None) -> None:
    results = _played(_rows(s=kva))

    first = START + 15 * MINUTE
    assert values(results, "loading") == pytest.approx({first: kva / 630, first + 15 * MINUTE: kva / 630})
    raised = [("grid.transformer", "tx-1", "raised", level, first)]
    assert changes(results) == (raised if level is not None else [])


def test_the_most_loaded_phase_counts() -> None:
    # 630 kVA at 380 V: 957.2 A
    results = _played(_rows(i_a=700.0, i_b=957.3, i_c=100.0), power=None, currents=["i_a", "i_b", "i_c"])

    assert list(values(results, "loading").values()) == pytest.approx([1.0001] * 2, abs=1e-4)
    assert [change[2:4] for change in changes(results)] == [("raised", 2)]


def test_heat_counts_beside_load_and_says_its_own_figure() -> None:
    (raised, *_) = [t for result in _played(_rows(s=100.0, oil=96.0, winding=97.0)) for t in result.transitions]

    assert (raised.level, raised.value) == (2, 96.0)


def test_the_worst_of_them_counts() -> None:
    assert [change[3] for change in changes(_played(_rows(s=900.0, oil=86.0, winding=99.0)))] == [3]


def test_a_missing_temperature_is_no_cool_one() -> None:
    hot = _rows(oil=90.0, minutes=17)
    silent = [at("unit", "t1", START + k * MINUTE + 5 * SECOND, oil=None) for k in range(17, 62)]

    assert [change[2] for change in changes(_played(hot + silent))] == ["raised"]


def test_a_rating_that_nobody_knows_gives_no_loading() -> None:
    results = _played(_rows("t3", s=9000.0, oil=20.0))

    assert (figures(results), changes(results)) == ([], [])


def test_neither_cuts_nor_restarts_nor_company_show() -> None:
    mine = [at("unit", "t1", START + k * MINUTE + 5 * SECOND, s=500.0 + 40 * (k // 15), oil=80.0 + k % 40)
            for k in range(130)]  # fmt: skip
    both = sorted(mine + _rows("t2", "b", 130, s=70.0), key=lambda row: row.received_at)

    whole, parts, beside = _played(mine, 200), _played(mine, 3, restarts=True), _played(both, 7)

    assert changes(whole) == changes(parts) == [change for change in changes(beside) if change[1] == "tx-1"]
    assert figures(whole) == figures(parts) == [figure for figure in figures(beside) if figure.asset == "tx-1"]
    assert len(changes(whole)) > 1
