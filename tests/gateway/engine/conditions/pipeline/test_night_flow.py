"""Night flow of areas, by rows: the least of each local night, leaks and their ends."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.areas import (
    HOUR,
    NIGHT,
    PROFILES,
    QUARTER,
    Of,
    area,
    by_night,
    judging_areas,
    metering,
    nights,
    ns,
    quarters,
    told,
)
from tests.support.conditions import device, made_of
from tests.support.engine import config_row

INLET, OTHER, OUTLET, TANK = "flow__m_a_in0", "flow__m_a_in1", "flow__m_a_out0", "level__m_a_tank"
DAY = 24 * HOUR


def _run(rows: Sequence[Row], *facts: Any, **changed: Any) -> list[StepResult]:
    return by_night(judging_areas(NIGHT | changed, facts=facts or area("a")), rows)


def _alarms(results: Sequence[StepResult]) -> list[Transition]:
    return [change for result in results for change in result.transitions]


# -- the least of a night ---------------------------------------------------------------------------------------------


def test_the_night_flow_is_the_least_mean_of_four_quarter_hours_in_a_row() -> None:
    """In 20, out 2, but an hour from 03:15 with 12, 8, 6, 10 in: 9 less 2."""
    low = dict(zip(range(ns("2026-03-01T19:15Z"), ns("2026-03-01T20:15Z"), QUARTER), (12, 8, 6, 10), strict=True))
    rows = nights("2026-03-02", 1, {INLET: lambda at: low.get(at, 20.0) - 5, OTHER: 5.0, OUTLET: 2.0})

    results = _run(rows, *area("a", inlets=2, outlets=1))

    assert told(results, "night_flow") == [(ns("2026-03-01T21:00Z"), 7.0)]


def test_leakage_is_what_no_connection_takes_where_that_is_said() -> None:
    rows = nights("2026-03-02", 1, {INLET: 10.0})

    assert told(_run(rows), "leakage") == []
    # 500 connections of 2 L/h take 1 m3/h
    assert told(_run(rows, per_connection=2.0), "leakage") == [(ns("2026-03-01T21:00Z"), 9.0)]
    own = [{"zone": "a", "legitimate": 3.0}]
    assert told(_run(rows, per_connection=2.0, where=own), "leakage") == [(ns("2026-03-01T21:00Z"), 7.0)]


@pytest.mark.parametrize("which", [INLET, OTHER])
def test_a_meter_that_misses_more_of_the_night_than_is_allowed_makes_it_unknown(which: str) -> None:
    def gap(quarter_hours: int) -> Callable[[int], float | None]:
        return lambda at: None if 0 <= at - ns("2026-03-01T19:00Z") < quarter_hours * QUARTER else 10.0

    def told_with(quarter_hours: int) -> list[tuple[int, float]]:
        flows: dict[str, Of] = {INLET: 10.0, OTHER: 10.0, which: gap(quarter_hours)}
        return told(_run(nights("2026-03-02", 1, flows), *area("a", inlets=2)), "night_flow")

    assert told_with(1) == [(ns("2026-03-01T21:00Z"), 20.0)]
    assert told_with(2) == []


def test_an_inlet_without_a_meter_and_a_meter_never_heard_make_the_area_unknown() -> None:
    rows = nights("2026-03-02", 1, {INLET: 10.0})
    facts = area("a", inlets=2)

    assert told(_run(rows, *facts), "night_flow") == []
    made = judging_areas(NIGHT, facts=facts, devices=metering(area("a")))
    assert told(by_night(made, rows), "night_flow") == []


def test_a_stranger_changes_nothing_where_meters_are_listed_and_counts_where_none_is() -> None:
    rows = nights("2026-03-02", 1, {INLET: 10.0, "flow__stranger": 4.0})

    assert told(_run(rows), "night_flow") == [(ns("2026-03-01T21:00Z"), 10.0)]
    alone = judging_areas(NIGHT, facts=[], devices=[])
    assert told(by_night(alone, rows), "night_flow") == [(ns("2026-03-01T21:00Z"), 14.0)]


def test_what_a_tank_takes_is_no_use_and_what_it_gives_is() -> None:
    """100 m2 that rise 0.01 m a quarter hour take 4 m3/h."""
    begin = ns("2026-03-01T17:30Z")
    rows = nights("2026-03-02", 1, {INLET: 10.0, TANK: lambda at: 2 + 0.01 * (at - begin) / QUARTER}, (1.5, 5.75))

    ((at, value),) = told(_run(rows, *area("a", tank=True)), "night_flow")

    assert at == ns("2026-03-01T21:00Z")
    assert value == pytest.approx(6.0)


def test_a_second_gauge_of_a_tank_makes_no_second_tank() -> None:
    facts = area("a", tank=True)
    begin = ns("2026-03-01T17:30Z")
    rows = nights("2026-03-02", 1, {
        INLET: 10.0, TANK: lambda at: 2 + 0.01 * (at - begin) / QUARTER, "level__other": 3.0,
    }, (1.5, 5.75))  # fmt: skip
    made = judging_areas(NIGHT, facts=facts, devices=[*metering(facts), device("other", "level", "a", "a-tank")])

    assert dict(told(by_night(made, rows), "night_flow")) == pytest.approx({ns("2026-03-01T21:00Z"): 6.0})


def test_a_gauge_that_misses_a_quarter_hour_leaves_three_unknown() -> None:
    def gauge(at: int) -> float | None:
        return None if at == ns("2026-03-01T19:00Z") else 2.0

    rows = nights("2026-03-02", 1, {INLET: 10.0, TANK: gauge}, (1.5, 5.75))

    assert told(_run(rows, *area("a", tank=True)), "night_flow") == []
    loose = _run(rows, *area("a", tank=True), least_coverage=0.75)
    assert told(loose, "night_flow") == [(ns("2026-03-01T21:00Z"), 10.0)]


def _gauge(jump: int, by: float, level: float = 3.0) -> Of:
    """A gauge that was set anew by so much amid the quarter hour from `jump` on; its tank takes nothing."""
    return lambda at: level + (by if at > jump else by / 2 if at == jump else 0.0)


@pytest.mark.parametrize("by", [1.2, -1.2, 0.5])
def test_a_gauge_that_is_set_anew_is_no_flow_and_no_leak(by: float) -> None:
    """100 m2: 1.2 m in no time would be 240 m3/h for half an hour. Beside it nothing is known; the rest stays."""
    jump = ns("2026-03-21T19:00Z")
    rows = nights("2026-03-02", 30, {INLET: 10.0, TANK: _gauge(jump, by)}, (1.5, 5.75))
    facts = area("a", tank=True)

    strict = _run(rows, *facts, per_connection=2.0)
    assert {value for _, value in told(strict, "night_flow")} == {10.0}
    assert len(told(strict, "night_flow")) == 29
    assert _alarms(strict) == []
    loose = _run(rows, *facts, least_coverage=0.75, per_connection=2.0)
    assert len(told(loose, "night_flow")) == 30
    assert min(value for _, value in told(loose, "leakage")) >= 0
    assert _alarms(loose) == []


def test_a_gauge_that_was_set_anew_while_it_was_silent_is_no_flow_either() -> None:
    silent = ns("2026-03-01T19:00Z"), ns("2026-03-01T19:15Z")

    def gauge(at: int) -> float | None:
        return None if silent[0] <= at < silent[1] else 4.5 if at >= silent[1] else 2.0

    rows = nights("2026-03-02", 1, {INLET: 10.0, TANK: gauge}, (1.5, 5.75))

    assert dict(told(_run(rows, *area("a", tank=True), least_coverage=0.5), "night_flow")) == {
        ns("2026-03-01T21:00Z"): 10.0
    }


def test_a_site_says_how_fast_its_tanks_change() -> None:
    """100 m2 that fall 0.6 m a quarter hour for an hour give 240 m3/h: a small tower does, where that is said."""
    begin = ns("2026-03-01T19:00Z")

    def gauge(at: int) -> float:
        return 5.0 - 0.6 * min(max((at - begin) / QUARTER, 0.0), 4.0)

    rows = nights("2026-03-02", 1, {INLET: 10.0, TANK: gauge}, (1.5, 5.75))
    facts = area("a", tank=True)

    assert told(_run(rows, *facts), "night_flow") == []
    assert told(_run(rows, *facts, level_rate=3.0), "night_flow") == [(ns("2026-03-01T21:00Z"), 10.0)]


# -- nights of a city -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("night", "begin", "end"),
    [
        (("02:00", "05:00"), "2026-03-28T01:00Z", "2026-03-28T04:00Z"),
        (("02:00", "05:00"), "2026-03-29T01:00Z", "2026-03-29T03:00Z"),  # 23 hours: 02:00 to 03:00 is skipped
        (("02:00", "05:00"), "2026-10-25T00:00Z", "2026-10-25T04:00Z"),  # 25 hours: 02:00 to 03:00 comes twice
        (("23:00", "04:00"), "2026-03-28T22:00Z", "2026-03-29T02:00Z"),
        (("23:00", "04:00"), "2026-10-24T21:00Z", "2026-10-25T03:00Z"),
    ],
)
@pytest.mark.parametrize("low_first", [True, False])
def test_a_night_lies_where_the_citys_clocks_say(night: tuple[str, str], begin: str, end: str, low_first: bool) -> None:
    """5 in the first or last hour, 9 in the rest of it, and 1 all around it."""
    low = ns(begin) if low_first else ns(end) - HOUR

    def flow(at: int) -> float:
        return 5.0 if low <= at < low + HOUR else 9.0 if ns(begin) <= at < ns(end) else 1.0

    made = judging_areas(NIGHT | {"night": list(night)}, facts=area("a"), timezone="Europe/Berlin")
    results = by_night(made, quarters(ns(begin) - 2 * HOUR, ns(end) + HOUR, {INLET: flow}))

    assert told(results, "night_flow") == [(ns(end), 5.0)]


def test_weekdays_are_those_of_the_local_morning() -> None:
    """Sundays take 8 m3/h more: as long as the weekday is told by the city's calendar that is no leak."""
    sunday = {ns("2026-03-07T16:00Z") + week * 7 * DAY for week in range(12)}

    def flow(at: int) -> float:
        return 18.0 if at - (at - ns("2026-03-07T16:00Z")) % DAY in sunday else 10.0

    results = _run(nights("2026-03-02", 70, {INLET: flow}))

    assert len(told(results, "night_flow")) == 70
    assert _alarms(results) == []


# -- leaks ------------------------------------------------------------------------------------------------------------


def _with_leak(first: int, last: int = 1000, much: float = 10.0) -> Callable[[int], float]:
    """10 m3/h, and more from night `first` to `last`, counted from 2026-03-02."""
    start = ns("2026-03-01T16:00Z")
    return lambda at: 10.0 + (much if first <= (at - start) // DAY < last else 0.0)


def test_a_step_of_the_night_flow_is_a_leak_with_its_flow_and_a_repair_ends_it() -> None:
    results = _run(nights("2026-03-02", 40, {INLET: _with_leak(20, 30)}))

    raised, returned = _alarms(results)
    assert (raised.change, raised.condition, raised.asset, raised.zone) == ("raised", "water.leak", "a", "a")
    assert raised.value == pytest.approx(10.0)
    assert (raised.at, raised.historic) == (ns("2026-03-21T21:15Z"), False)
    # a repair must last two nights
    assert (returned.change, returned.at) == ("returned", ns("2026-04-01T21:15Z"))


def test_a_second_leak_is_added_and_half_a_repair_ends_nothing() -> None:
    def flow(at: int) -> float:
        return _with_leak(20, 40)(at) + _with_leak(27, 33)(at) - 10.0

    changes = _alarms(_run(nights("2026-03-02", 50, {INLET: flow})))

    assert [(change.change, change.at) for change in changes] == [
        ("raised", ns("2026-03-21T21:15Z")), ("returned", ns("2026-04-11T21:15Z"))
    ]  # fmt: skip


def test_a_leak_that_nobody_repairs_becomes_the_usual_flow_after_so_many_nights() -> None:
    changes = _alarms(_run(nights("2026-03-02", 40, {INLET: _with_leak(20)}), new_usual_nights=12))

    assert [(change.change, change.at) for change in changes] == [
        ("raised", ns("2026-03-21T21:15Z")), ("returned", ns("2026-04-02T21:15Z"))
    ]  # fmt: skip


def test_a_night_that_is_missing_neither_raises_nor_ends_a_leak() -> None:
    def flow(at: int) -> float | None:
        return None if ns("2026-03-24T16:00Z") <= at < ns("2026-03-26T16:00Z") else _with_leak(20)(at)

    changes = _alarms(_run(nights("2026-03-02", 30, {INLET: flow})))

    assert [change.change for change in changes] == ["raised"]


@pytest.mark.parametrize(("floor", "raised"), [(1.0, True), (5.0, False)])
def test_an_area_may_have_a_floor_of_its_own(floor: float, raised: bool) -> None:
    """A step of 10 is two scales of 5: less than the limit of 3.75 in one night."""
    rows = nights("2026-03-02", 21, {INLET: _with_leak(20)})

    by_key = _alarms(_run(rows, floor=floor))
    by_place = _alarms(_run(rows, where=[{"zone": "a", "floor": floor}]))

    assert bool(by_key) == bool(by_place) == raised


def test_other_meters_are_another_balance_which_is_learnt_anew() -> None:
    """An inlet is listed after 20 nights: its flow is no leak, nor does a leak count before two weeks are learnt."""
    facts = area("a")
    made = judging_areas(NIGHT, facts=facts)
    by_night(made, nights("2026-03-02", 20, {INLET: 10.0}))
    more = area("a", inlets=2)
    content = made_of(NIGHT, assets=more, devices=metering(more), profiles=PROFILES)
    made.step([config_row(content, made.now)], made.now, True)

    results = by_night(made, nights("2026-03-22", 20, {INLET: 10.0, OTHER: 10.0}))

    assert told(results, "night_flow")[-1] == (ns("2026-04-09T21:00Z"), 20.0)
    assert _alarms(results) == []


def test_what_an_area_has_learned_stays_when_another_one_comes() -> None:
    made = judging_areas(NIGHT, facts=area("b"))
    by_night(made, nights("2026-03-02", 20, {"flow__m_b_in0": _with_leak(20)}, zone="b"))
    both = [*area("a"), *area("b")]
    content = made_of(NIGHT, assets=both, devices=metering(both), profiles=PROFILES)
    made.step([config_row(content, made.now)], made.now, True)

    results = by_night(made, nights("2026-03-22", 2, {"flow__m_b_in0": _with_leak(20)}, zone="b"))

    assert [(change.change, change.asset) for change in _alarms(results)] == [("raised", "b")]


# -- what must not show -----------------------------------------------------------------------------------------------


def _leaky() -> list[Row]:
    """An area with a tank and an outlet, 24 nights of them with a leak in the end."""
    return nights("2026-03-02", 24, {
        INLET: lambda at: 14.0 + (at // QUARTER % 5) / 4 + _with_leak(20)(at), OUTLET: 4.0,
        TANK: lambda at: 2 + 0.002 * (at // QUARTER % 7),
    }, (1.75, 5.75))  # fmt: skip


def _facts() -> list[Any]:
    return area("a", outlets=1, tank=True)


def _outcome(results: Sequence[StepResult]) -> tuple[list[Any], list[tuple[Any, ...]]]:
    figures = [figure for result in results for figure in result.figures]
    # a call that comes hours after its rows says twice what still stands: historic, and then live
    changes = [(t.change, t.asset, t.at, t.value) for t in _alarms(results)]
    return figures, list(dict.fromkeys(changes))


def test_neither_the_split_into_calls_nor_a_restart_shows() -> None:
    rows = _leaky()
    whole = _outcome(_run(rows, *_facts()))

    made, by_many = judging_areas(NIGHT, facts=_facts()), []
    for k in range(0, len(rows), 97):
        part = rows[k : k + 97]
        by_many.append(made.step(part, part[-1].received_at, True))
        made = ZoneEngine.restore(made.snapshot())

    assert len(whole[0]) == 24
    assert [change[0] for change in whole[1]] == ["raised"]
    assert _outcome(by_many) == whole


def test_an_area_says_the_same_beside_others() -> None:
    alone = _outcome(_run(_leaky(), *_facts()))
    other = nights("2026-03-02", 24, {"flow__m_b_in0": lambda at: 30.0 + at // QUARTER % 11}, zone="b")
    rows = sorted(_leaky() + other, key=lambda row: row.received_at)

    figures, changes = _outcome(_run(rows, *area("b"), *_facts()))

    assert [figure for figure in figures if figure.zone == "a"] == alone[0]
    assert [change for change in changes if change[1] == "a"] == alone[1]
    assert len([figure for figure in figures if figure.zone == "b"]) == 24


def test_what_comes_for_quarter_hours_that_were_given_is_too_late_and_begins_nothing_anew() -> None:
    """Two strangers, one from the third hour on; the tank's gauge is heard when all of their hours are over."""
    facts = [each for each in area("a", tank=True) if each.kind != "inlet"]
    made = judging_areas(NIGHT, facts=facts)
    begin = ns("2026-03-01T00:00Z")
    end = begin + 12 * HOUR
    flows = quarters(begin, end, {"flow__one": 3.0}) + quarters(begin + 2 * HOUR, end, {"flow__two": 4.0})
    for row in sorted(flows, key=lambda row: row.received_at):
        made.step([row], row.received_at, False)

    def learned() -> dict[str, Any]:
        found: dict[str, Any] = made.judge.snapshot()["rules"]["water.leak"]
        return found

    before = learned()
    late = [msgspec.structs.replace(row, received_at=end) for row in quarters(begin, begin + 4 * HOUR, {TANK: 2.0})]
    made.step(late, end, False)

    assert before["areas"]["counted"] == [["one", "two"]]
    assert before["areas"]["done"][0] > begin + 8 * HOUR
    assert learned()["areas"]["done"] == before["areas"]["done"]
    assert learned()["recent"] == before["recent"]
