"""Energy balance of feeders, by rows."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.engine.results import StepResult
from gateway.rows import Row
from tests.support.conditions import device
from tests.support.engine import SECOND
from tests.support.grid import at, changes, figures, grid, play, values
from tests.support.speakers import utc

HOUR = 3600 * SECOND
QUARTER = HOUR // 4
MIDNIGHT = utc("2026-03-01T16:00")  # of Shanghai
SPEC: dict[str, Any] = {
    "name": "grid.energy-balance", "title": "Loss", "kind": "energy-balance", "supply_profile": "supply",
    "supply": "energy", "meter_profile": "home", "meter": "energy", "meter_rollover": 1000, "most_kw": 50,
    "coverage": 0.6, "least": 2, "days": 5, "hours": 3, "priorities": [3],
}  # fmt: skip
Of = Callable[[int], float | None]
"""Register at a quarter of an hour."""


def _rows(
    name: str, hours: float, register: Of, zone: str = "a", kind: str = "home", start: int = MIDNIGHT
) -> list[Row]:
    every = range(int(hours * 4) + 1)
    return [at(kind, name, start + k * QUARTER, zone, energy=register(k)) for k in every]


def _supply(hours: float, register: Of, zone: str = "a", start: int = MIDNIGHT) -> list[Row]:
    return _rows(f"head-{zone}", hours, register, zone, "supply", start)


def _played(*parts: Sequence[Row], size: int = 50, restarts: bool = False, timezone: str = "Asia/Shanghai",
            start: int = MIDNIGHT, **more: Any) -> list[StepResult]:  # fmt: skip
    rows = sorted((row for part in parts for row in part), key=lambda row: row.received_at)
    return play(grid(SPEC, start=start, timezone=timezone, **more), rows, size, restarts=restarts)


def test_loss_is_supply_less_the_meters() -> None:
    results = _played(
        _supply(5, lambda k: 100 + 2.5 * k), _rows("h1", 5, lambda k: 7 + 1.5 * k), _rows("h2", 5, lambda k: 0.75 * k)
    )

    # 10 kWh an hour less 6 and 3; judged an hour after the hour, once the lane (90 s) has come there
    hours = [MIDNIGHT + k * HOUR for k in (1, 2, 3)]
    assert values(results, "loss") == pytest.approx(dict.fromkeys(hours, 0.1))
    assert values(results, "loss_kwh") == pytest.approx(dict.fromkeys(hours, 1.0))
    assert values(results, "coverage") == dict.fromkeys(hours, 1.0)
    assert changes(results) == []


def test_a_silent_meter_is_not_a_meter_at_zero() -> None:
    results = _played(
        _supply(6, lambda k: 2.5 * k), _rows("h1", 6, lambda k: 1.5 * k),
        _rows("h2", 6, lambda k: 0.75 * k if k <= 8 else None),
    )  # fmt: skip

    # from 02:00 on h2 is silent: two thirds of the usual energy are heard, 6 scaled up to 9
    loss = values(results, "loss")
    assert list(loss.values()) == pytest.approx([0.1] * 4)
    assert list(values(results, "coverage").values()) == pytest.approx([1, 1, 2 / 3, 2 / 3])


def test_too_few_meters_give_no_loss_but_their_coverage() -> None:
    results = _played(
        _supply(5, lambda k: 2.5 * k), _rows("h1", 5, lambda k: 1.5 * k if k <= 8 else None),
        _rows("h2", 5, lambda k: 0.75 * k),
    )  # fmt: skip

    assert list(values(results, "loss")) == [MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR]
    assert list(values(results, "coverage").values()) == pytest.approx([1, 1, 1 / 3])


def test_a_listed_meter_that_was_never_heard_is_silent_too() -> None:
    devices = [device(name, "home") for name in ("h1", "h2")]
    results = _played(_supply(4, lambda k: 2.5 * k), _rows("h1", 4, lambda k: 2 * k), devices=devices)

    assert values(results, "loss") == {}


def test_a_silent_supply_gives_no_loss() -> None:
    results = _played(_supply(5, lambda k: 2.5 * k if k < 6 else None), _rows("h1", 5, lambda k: 2.0 * k))

    assert list(values(results, "loss")) == [MIDNIGHT + HOUR]


def test_a_rollover_goes_on_and_a_reset_or_a_jump_leaves_its_hour_out() -> None:
    supply, other = _supply(7, lambda k: 2.5 * k), _rows("h2", 7, lambda k: 0.25 * k)

    rolled = _played(supply, other, _rows("h1", 7, lambda k: (990 + 2 * k) % 1000))
    reset = _played(supply, other, _rows("h1", 7, lambda k: 500 + 2 * k if k < 10 else 2.0 * (k - 10)))
    jump = _played(supply, other, _rows("h1", 7, lambda k: 2.0 * k + (300 if k >= 10 else 0)))

    whole = {MIDNIGHT + k * HOUR: 0.1 for k in range(1, 6)}
    assert values(rolled, "loss") == pytest.approx(whole)
    del whole[MIDNIGHT + 3 * HOUR]
    assert values(reset, "loss") == pytest.approx(whole)
    assert values(jump, "loss") == pytest.approx(whole)


def _two_kw(begin: float) -> Of:
    return lambda k: begin + 0.5 * k


def _theft(days: int, from_day: int, zone: str = "a") -> list[Row]:
    """Four homes of 2 kWh an hour; from a day on one of them counts 30 % of it. Loss 5 % of the supply."""
    begins = from_day * 96
    rows = _supply(24 * days, lambda k: 8 / 0.95 * k / 4, zone)
    for n in range(3):
        rows += _rows(f"h{n}-{zone}", 24 * days, _two_kw(40 * n), zone)
    rows += _rows(f"thief-{zone}", 24 * days, lambda k: 0.5 * min(k, begins) + 0.15 * max(k - begins, 0), zone)
    return rows


def test_a_meter_that_counts_thirty_percent_is_suspicious_at_the_feeder() -> None:
    results = _played(_theft(4, 3))

    # the third hour of the fourth day is the third in a row, and judged an hour later
    assert changes(results) == [("grid.energy-balance", "a", "raised", 1, MIDNIGHT + 76 * HOUR)]
    (raised, *_) = [t for result in results for t in result.transitions]
    assert raised.value == pytest.approx(1 - 6.6 / (8 / 0.95))
    assert values(results, "usual_loss")[MIDNIGHT + 75 * HOUR] == pytest.approx(0.05)


def test_nothing_is_suspicious_before_enough_days_are_known_nor_when_all_is_usual() -> None:
    assert changes(_played(_theft(3, 1))) == []
    assert changes(_played(_theft(4, 9))) == []


def test_hours_are_those_of_the_city() -> None:
    """A loss that belongs to one local hour is usual there, whatever the change of the clock does to UTC."""
    start = utc("2026-10-21T22:00")  # Berlin, three days before the day of 25 hours

    def lossy(k: int) -> float:
        """10 kWh an hour, 14 in the local hour from 22:00."""
        hours = k / 4
        shift = [24 * day for day in range(4)] + [97, 121]  # local midnights: the fourth day has 25 hours
        evening = sum(min(max(hours - (begin + (23 if day == 3 else 22)), 0), 1) for day, begin in enumerate(shift))
        return 10 * hours + 4 * evening

    results = _played(
        _supply(140, lossy, start=start), _rows("h1", 140, lambda k: 2.25 * k, start=start), start=start,
        timezone="Europe/Berlin",
    )  # fmt: skip

    assert changes(results) == []
    loss = values(results, "loss")
    (last, *_) = sorted((ts for ts, ratio in loss.items() if ratio > 0.3), reverse=True)
    assert values(results, "usual_loss")[last] == pytest.approx(5 / 14)


def test_neither_cuts_nor_restarts_nor_company_show() -> None:
    mine, others = _theft(4, 3), _theft(4, 2, "b")

    whole = _played(mine, size=5000)
    parts = _played(mine, size=37, restarts=True)
    beside = _played(mine, others, size=51)

    assert changes(whole) == changes(parts) == [change for change in changes(beside) if change[1] == "a"]
    assert figures(whole) == figures(parts) == [figure for figure in figures(beside) if figure.asset == "a"]


def test_customers_wait_no_longer_than_four_days_for_a_supply_that_is_never_heard() -> None:
    made = grid(SPEC, start=MIDNIGHT, devices=[device("head-a", "supply", "a")])
    for row in _rows("h1", 120, float):
        made.step([row], row.received_at, False)

    waiting = made.judge.snapshot()["rules"]["grid.energy-balance"]["meters"]["end"]
    assert len(waiting) == 96
    assert max(waiting) > MIDNIGHT + 118 * HOUR
