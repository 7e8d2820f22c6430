"""The balance of an area over a local day, by rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.areas import BALANCE, HOUR, QUARTER, Of, area, by_night, judging_areas, metering, ns, quarters, told
from tests.support.conditions import device

BEGIN, END = ns("2026-03-01T16:00Z"), ns("2026-03-02T16:00Z")
"""A day in Shanghai."""
INLET, OTHER, OUTLET, TANK = "flow__m_a_in0", "flow__m_a_in1", "flow__m_a_out0", "level__m_a_tank"
COUNTER_1, COUNTER_2 = "counter__c1", "counter__c2"


def _listed(facts: Sequence[Any]) -> list[Any]:
    return [*metering(facts), device("c1", "counter"), device("c2", "counter")]


def _counts(per_hour: float) -> Of:
    return lambda at: 1000.0 + per_hour * (at + QUARTER - BEGIN) / HOUR


def _rows(devices: Mapping[str, Of], begin: int = BEGIN - HOUR, end: int = END + 3 * HOUR) -> list[Row]:
    rows = quarters(begin, end, devices)
    return sorted(rows, key=lambda row: row.received_at)


def _run(rows: Sequence[Row], facts: Sequence[Any] | None = None, zone: str = "Asia/Shanghai", listed: Any = None,
         **changed: Any) -> list[StepResult]:  # fmt: skip
    facts = area("a") if facts is None else facts
    devices = _listed(facts) if listed is None else listed
    made = judging_areas(BALANCE | changed, facts=facts, devices=devices, timezone=zone)
    return by_night(made, rows)


def _day(results: Sequence[StepResult]) -> dict[str, float]:
    """Figures of the day, to a billionth."""
    return {f.name: round(f.value, 9) for result in results for f in result.figures if f.ts == END}


FLOWS: dict[str, Of] = {INLET: 30.0, OTHER: 20.0, OUTLET: 10.0}


def test_a_day_with_all_that_there_is() -> None:
    """In 50 m3/h, out 10, a tank of 100 m2 rises 0.24 m, customers take 12 and 18: 960 - 24 - 720 = 216 m3 lost."""
    facts = area("a", inlets=2, outlets=1, tank=True)
    rows = _rows({**FLOWS, TANK: lambda at: 2 + 0.01 * (at + QUARTER / 2 - BEGIN) / HOUR,
                  COUNTER_1: _counts(12), COUNTER_2: _counts(18)})  # fmt: skip

    results = _run(rows, facts)

    assert _day(results) == {
        "inflow": 1200, "outflow": 240, "storage_change": 24, "supply": 936, "metered": 720, "loss": 216,
        "loss_share": round(216 / 936, 9),
    }  # fmt: skip
    ((change, at, level, value),) = {(t.change, t.at, t.level, t.value) for r in results for t in r.transitions}
    assert (change, at, level) == ("raised", END + QUARTER, 1)
    assert value == pytest.approx(216 / 936)


def test_without_meters_of_customers_the_supply_is_told_and_nothing_is_lost() -> None:
    rows = _rows({INLET: 30.0})
    facts = area("a")

    results = _run(rows, facts, listed=metering(facts))

    assert _day(results) == {"inflow": 720, "outflow": 0, "storage_change": 0, "supply": 720}
    assert [t for r in results for t in r.transitions] == []


def test_a_customers_meter_that_is_missing_makes_the_loss_unknown_unless_some_may_be() -> None:
    rows = _rows({INLET: 30.0, COUNTER_1: _counts(12)})

    assert _day(_run(rows)) == {"inflow": 720, "outflow": 0, "storage_change": 0, "supply": 720}
    assert _day(_run(rows, least_metered=0.5))["loss"] == 720 - 288


def test_a_counter_that_fell_was_changed_and_is_missing() -> None:
    rows = _rows({INLET: 30.0, COUNTER_1: _counts(12), COUNTER_2: _counts(-18)})

    assert "loss" not in _day(_run(rows))


@pytest.mark.parametrize(("missing", "known"), [(4, True), (5, False)])
@pytest.mark.parametrize("which", [INLET, OTHER])
def test_a_border_meter_that_misses_more_of_the_day_than_is_allowed_makes_it_unknown(
    which: str, missing: int, known: bool
) -> None:
    def gap(at: int) -> float | None:
        return None if 0 <= at - BEGIN - HOUR < missing * QUARTER else 30.0

    rows = _rows({INLET: 30.0, OTHER: 30.0, which: gap})

    figures = _day(_run(rows, area("a", inlets=2)))

    assert figures.get("inflow") == (1440 if known else None)


def test_a_tank_without_a_gauge_or_whose_gauge_is_silent_at_midnight_makes_the_day_unknown() -> None:
    facts = area("a", tank=True)
    full = _rows({INLET: 30.0, TANK: 2.0})
    silent = _rows({INLET: 30.0, TANK: lambda at: None if at == END - QUARTER else 2.0})

    assert _day(_run(full, facts))["supply"] == 720
    assert _day(_run(silent, facts)) == {}
    assert _day(_run(full, facts, listed=metering(area("a")))) == {}


@pytest.mark.parametrize("at", [BEGIN, BEGIN + 5 * HOUR, END])
@pytest.mark.parametrize("by", [1.5, -1.5])
def test_a_gauge_that_is_set_anew_makes_the_day_unknown(at: int, by: float) -> None:
    facts = area("a", tank=True)

    def gauge(then: int) -> float:
        return 3.0 + (by if then >= at else 0.0)

    rows = _rows({INLET: 30.0, TANK: gauge, COUNTER_1: _counts(12), COUNTER_2: _counts(18)})

    results = _run(rows, facts)

    assert _day(results) == {}
    assert [t for r in results for t in r.transitions] == []


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [("2026-03-28T23:00Z", "2026-03-29T22:00Z", 23), ("2026-10-24T22:00Z", "2026-10-25T23:00Z", 25)],
)
def test_a_day_is_as_long_as_the_citys(begin: str, end: str, hours: int) -> None:
    """1 m3/h by day, 100 m3/h before and after."""
    rows = _rows({INLET: lambda at: 1.0 if ns(begin) <= at < ns(end) else 100.0}, ns(begin) - HOUR, ns(end) + 3 * HOUR)

    results = _run(rows, zone="Europe/Berlin")

    assert dict(told(results, "inflow")) == pytest.approx({ns(end): hours})


def test_a_day_of_which_only_a_part_was_seen_is_not_told() -> None:
    rows = _rows({INLET: 30.0}, BEGIN + 6 * HOUR)

    assert _day(_run(rows)) == {}


def test_the_alarm_ends_with_a_day_below_its_step() -> None:
    """Customers take 26.1 of 30 m3/h on the first day (13 %), 27.3 (9 %, within the deadband), then 28.5 (5 %)."""

    def use(at: int) -> float:
        hours = (at + QUARTER - BEGIN) / HOUR
        return 1000 + 26.1 * min(hours, 24) + 27.3 * min(max(hours - 24, 0), 24) + 28.5 * max(hours - 48, 0)

    rows = _rows({INLET: 30.0, COUNTER_1: use}, end=END + 49 * HOUR)
    facts = area("a")
    made = judging_areas(BALANCE, facts=facts, devices=[*metering(facts), device("c1", "counter")])

    results = [made.step(rows[k : k + 2], rows[k + 1].received_at, True) for k in range(0, len(rows), 2)]

    assert [share for _, share in told(results, "loss_share")] == pytest.approx([0.13, 0.09, 0.05])
    assert [(t.change, t.at, t.historic) for r in results for t in r.transitions] == [
        ("raised", END + QUARTER, False), ("returned", END + 48 * HOUR + QUARTER, False)
    ]  # fmt: skip


def _busy() -> list[Row]:
    return _rows({**FLOWS, TANK: lambda at: 2 + (at // QUARTER % 13) / 100, COUNTER_1: _counts(12),
                  COUNTER_2: _counts(18)}, end=END + 25 * HOUR)  # fmt: skip


def _facts() -> list[Any]:
    return area("a", inlets=2, outlets=1, tank=True)


def test_neither_the_split_into_calls_nor_a_restart_shows() -> None:
    rows = _busy()
    whole = _run(rows, _facts())
    made = judging_areas(BALANCE, facts=_facts(), devices=_listed(_facts()))
    parts = []
    for k in range(0, len(rows), 61):
        part = rows[k : k + 61]
        parts.append(made.step(part, part[-1].received_at, True))
        made = ZoneEngine.restore(made.snapshot())

    figures = [figure for result in whole for figure in result.figures]
    assert len(figures) == 14
    assert [figure for result in parts for figure in result.figures] == figures


def test_flows_that_come_far_behind_levels_and_counters_give_the_same() -> None:
    rows = _busy()
    late = [row for row in rows if "/flow/" in row.topic]
    made = judging_areas(BALANCE, facts=_facts(), devices=_listed(_facts()))
    made.step(rows[:6], rows[5].received_at, False)

    apart = [made.step([row for row in rows[6:] if row not in late], rows[-1].received_at, False)]
    apart.append(made.step([row for row in late if row not in rows[:6]], rows[-1].received_at, False))

    figures = [figure for result in apart for figure in result.figures]
    assert figures == [figure for result in _run(rows, _facts()) for figure in result.figures]


def test_an_area_says_the_same_beside_others() -> None:
    other = quarters(BEGIN - HOUR, END + 25 * HOUR, {"flow__m_b_in0": 55.0}, zone="b")
    rows = sorted([*_busy(), *other], key=lambda row: row.received_at)
    facts = [*area("b"), *_facts()]

    beside = _run(rows, facts)

    alone = [figure for result in _run(_busy(), _facts()) for figure in result.figures]
    assert [f for result in beside for f in result.figures if f.zone == "a"] == alone
    assert dict(told(beside, "inflow", "b"))[END] == pytest.approx(1320)
