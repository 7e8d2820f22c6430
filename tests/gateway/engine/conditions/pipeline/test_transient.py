"""Jumps of pressure, by rows."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import Seen, feed, judging, profile, says, seen

QUICK = profile("pressure", 1, pressure="kPa")
SURGE: dict[str, Any] = {
    "name": "water.pressure-transient", "title": "Surge", "kind": "transient", "profile": "pressure",
    "quantity": "pressure", "amplitude": 100, "rate": 20, "within_secs": 10, "priorities": [2],
}  # fmt: skip


def _rows(values: Sequence[float | None], step: float = 1, name: str = "p1", zone: str = "a") -> list[Row]:
    return [says("pressure", name, k * step, zone, pressure=value) for k, value in enumerate(values)]


def _changes(rows: Sequence[Row], **changed: Any) -> list[Seen]:
    return seen(feed(judging(SURGE | changed, profiles=[QUICK]), rows))


def test_a_fall_of_enough_within_the_time_is_a_transient_of_the_logger_until_no_two_readings_are_so_far_apart() -> None:
    values = [400.0] * 5 + [370.0, 340.0, 310.0, 290.0] + [285.0] * 20

    changes = _changes(_rows(values))

    # 400 at 4 s: 290 at 8 s is -27.5 kPa/s, 285 at 9 s -23 kPa/s, 285 at 10 s -19.2 kPa/s
    assert changes == [Seen("raised", "p1", 1, 8), Seen("returned", "p1", 1, 10)]


def test_the_value_is_the_change_with_its_sign() -> None:
    made = judging(SURGE, profiles=[QUICK])

    (raised,) = [t for r in feed(made, _rows([400.0, 400.0, 270.0])) for t in r.transitions]

    assert (raised.value, raised.zone, raised.priority) == (-130.0, "a", 2)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([400.0, 310.0, 400.0, 310.0], 1),  # 90 kPa: too little
        ([400.0 - 9 * k for k in range(30)], 1),  # 9 kPa/s: too slow
        ([400.0, 100.0], 11),  # too far apart
    ],
)
def test_small_slow_and_distant_changes_are_none(values: Sequence[float], step: float) -> None:
    assert _changes(_rows(values, step)) == []


def test_a_missing_value_neither_raises_nor_ends_a_transient() -> None:
    changes = _changes(_rows([400.0, None, 200.0] + [None] * 30))

    assert changes == [Seen("raised", "p1", 1, 2)]


def test_a_reading_out_of_order_is_passed_over() -> None:
    late = says("pressure", "p1", 1.5, pressure=100.0, received=3)
    rows = [*_rows([400.0] * 3), late, says("pressure", "p1", 4, pressure=400.0)]

    assert _changes(rows) == []


def test_a_restart_and_another_zone_change_nothing() -> None:
    mine = _rows([400.0, 410.0, 250.0] + [250.0] * 15)
    other = _rows([500.0, 100.0] * 9, name="q1", zone="b")
    rows = sorted([*other, *mine], key=lambda row: row.received_at)

    made, found = judging(SURGE, profiles=[QUICK]), []
    for k in range(0, len(rows), 4):
        found += seen(made.step(rows[k : k + 4], rows[min(k + 3, len(rows) - 1)].received_at, True))
        made = ZoneEngine.restore(made.snapshot())

    alone = _changes(mine)
    assert [change.change for change in alone] == ["raised", "returned"]
    assert [change for change in found if change.asset == "p1"] == alone
