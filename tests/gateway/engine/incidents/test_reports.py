"""Citizens' reports: their lives, the targets of their kinds, what is refused."""

from typing import Any

import msgspec
import pytest

from gateway.engine.city import CityResult
from gateway.engine.incidents.report_model import MOVES, OVER, NewReport, ReportState
from gateway.rows import Row, RowKind
from tests.support.city import HOUR, MINUTE, NEAR, add, advance, built_in, call, city, city_content
from tests.support.engine import START


def said(result: CityResult) -> list[tuple[str, str, str]]:
    return [(change.report, change.change, change.state) for change in result.reports]


def test_a_report_goes_its_way_and_every_step_is_told_with_who_and_why() -> None:
    engine = city()
    call(engine, add("r1", "no-water", **NEAR, text="since seven", contact="13800138000", who="li"))
    steps = ["accepted", "dispatched", "resolved", "reopened", "dispatched", "resolved", "confirmed"]
    out = [
        call(engine, advance("r1", state, k * MINUTE, who="wang", note=f"step {k}"), at=k * MINUTE)
        for k, state in enumerate(steps, 1)
    ]
    assert [said(result) for result in out] == [[("r1", state, state)] for state in steps]
    (change,) = out[0].reports
    assert (change.who, change.note, change.at) == ("wang", "step 1", START + MINUTE)
    assert (change.text, change.contact) == ("", "")
    assert out[0].without_effect == 0


def test_the_first_change_says_everything_of_the_report() -> None:
    engine = city()
    (change,) = call(engine, add("r1", "no-water", **NEAR, text="dry", contact="1380013", who="li"), at=5).reports
    assert (change.kind, change.domain, change.priority) == ("no-water", "water", 2)
    assert (change.lon, change.lat, change.text, change.contact, change.who) == (
        113.3265,
        23.1355,
        "dry",
        "1380013",
        "li",
    )
    assert (change.since, change.at, change.now) == (START, START, START + 5)
    assert (change.target, change.due) == ("accept", START + 1800 * 10**9)
    assert len(change.cell) == 15


def test_the_contact_is_in_no_repr() -> None:
    engine = city()
    row = add("r1", "no-water", **NEAR, contact="13800138000")
    new = NewReport.of(row)
    (change,) = call(engine, row).reports
    assert "13800138000" not in f"{new!r} {change!r} {new} {change}"
    assert "contact='***'" in repr(change)
    assert "contact=''" in repr(NewReport("r2", "other"))


@pytest.mark.parametrize("state", ReportState)
def test_a_step_that_is_not_possible_changes_nothing(state: ReportState) -> None:
    ways: dict[ReportState, list[str]] = {
        ReportState.RECEIVED: [], ReportState.ACCEPTED: ["accepted"], ReportState.DISPATCHED: ["dispatched"],
        ReportState.RESOLVED: ["resolved"], ReportState.CONFIRMED: ["resolved", "confirmed"],
        ReportState.REOPENED: ["resolved", "reopened"],
    }  # fmt: skip
    for wanted in ReportState:
        engine = city()
        call(engine, add("r1", "no-water"), *(advance("r1", way, k) for k, way in enumerate(ways[state])))
        result = call(engine, advance("r1", wanted, 100))
        possible = wanted in MOVES[state]
        assert said(result) == ([("r1", wanted, wanted)] if possible else [])
        assert result.without_effect == (not possible)


def test_targets_are_warned_of_before_they_lapse_and_when_they_do_once_each() -> None:
    engine = city()
    call(engine, add("r1", "no-water"))
    assert said(call(engine, at=24 * MINUTE - 1)) == []
    (soon,) = call(engine, at=24 * MINUTE + 7).reports
    assert (soon.change, soon.state, soon.at, soon.due) == (
        "due_soon",
        "received",
        START + 24 * MINUTE,
        START + 30 * MINUTE,
    )
    assert said(call(engine, at=29 * MINUTE)) == []
    (over,) = call(engine, at=31 * MINUTE).reports
    assert (over.change, over.target, over.at) == ("overdue", "accept", START + 30 * MINUTE)
    assert said(call(engine, at=10 * HOUR)) == []

    (step,) = call(engine, advance("r1", "accepted", 11 * HOUR), at=11 * HOUR).reports
    assert (step.target, step.due) == ("resolve", START + 24 * HOUR)
    assert [c.change for c in call(engine, at=20 * HOUR).reports] == ["due_soon"]
    assert said(call(engine, advance("r1", "dispatched", 21 * HOUR), at=21 * HOUR)) == [
        ("r1", "dispatched", "dispatched")
    ]
    assert said(call(engine, at=22 * HOUR)) == []
    assert [c.change for c in call(engine, at=25 * HOUR).reports] == ["overdue"]


def test_a_target_that_lapsed_while_nothing_ran_is_overdue_at_once() -> None:
    engine = city()
    call(engine, add("r1", "no-water"))
    assert [c.change for c in call(engine, at=40 * MINUTE).reports] == ["overdue"]


def test_a_report_that_is_resolved_in_time_is_never_due_and_a_reopened_one_counts_anew() -> None:
    engine = city()
    call(engine, add("r1", "no-water"), advance("r1", "resolved", MINUTE))
    assert said(call(engine, at=48 * HOUR)) == []
    (again,) = call(engine, advance("r1", "reopened", 50 * HOUR), at=50 * HOUR).reports
    assert (again.target, again.due) == ("accept", START + 50 * HOUR + 30 * MINUTE)
    assert [c.change for c in call(engine, at=51 * HOUR).reports] == ["overdue"]


def test_a_kind_without_targets_is_never_due() -> None:
    rules = built_in()
    rules["reports"] = [kind | {"accept_secs": 0, "resolve_secs": 0} for kind in rules["reports"]]
    engine = city(rules)
    (change,) = call(engine, add("r1", "gas-smell")).reports
    assert (change.target, change.due) == ("", 0)
    assert said(call(engine, at=1000 * HOUR)) == []


def test_a_report_may_have_been_made_before_it_came_but_not_after() -> None:
    engine = city()
    early = call(engine, add("r1", "no-water", HOUR, **NEAR, at=START)).reports[0]
    future = call(engine, add("r2", "no-water", HOUR, **NEAR, at=START + 9 * HOUR)).reports[0]
    assert (early.since, future.since) == (START, START + HOUR)


REFUSED: list[dict[str, Any]] = [
    {"kind": "strange", **NEAR}, {"kind": "no-water"}, {"kind": "no-water", "asset": "nothing"},
    {"kind": "no-water", "zone": "nowhere", **NEAR}, {"kind": "no-water", "lon": 113.0},
    {"kind": "no-water", "lon": 500.0, "lat": 23.0}, {"kind": "no-water", "text": "x" * 3000, **NEAR},
    {"kind": 7, **NEAR},
]  # fmt: skip


@pytest.mark.parametrize("body", REFUSED)
def test_what_says_nothing_usable_is_counted_and_changes_nothing(body: dict[str, Any]) -> None:
    engine = city()
    payload = msgspec.json.encode({"id": "r1"} | body)
    result = call(engine, Row(START, RowKind.REPORT, 254, 0, "add", payload))
    row = Row(START, RowKind.REPORT, 254, 0, "add", b"[" * 5000)
    strange = Row(START, RowKind.REPORT, 254, 0, "remove", b"{}")
    rest = call(engine, row, strange, Row(START, RowKind.REPORT, 254, 0, "advance", b"\xff"))
    assert (result.reports, result.without_effect) == ([], 1)
    assert (rest.reports, rest.without_effect) == ([], 3)


def test_a_report_that_nobody_confirms_makes_room_too() -> None:
    engine = city()
    call(engine, add("r1", "no-water"), advance("r1", "resolved", MINUTE))
    call(engine, at=6 * 24 * HOUR)
    assert list(engine.reports.reports) == ["r1"]
    assert said(call(engine, at=7 * 24 * HOUR)) == []
    assert not engine.reports.reports


def test_a_report_without_targets_that_is_reopened_is_neither_overdue_nor_forgotten() -> None:
    rules = built_in()
    rules["reports"] = [kind | {"accept_secs": 0, "resolve_secs": 0} for kind in rules["reports"]]
    engine = city(rules)
    steps = [advance("r1", state, k) for k, state in enumerate(("resolved", "confirmed", "reopened"))]
    call(engine, add("r1", "gas-smell"), *steps)
    assert said(call(engine, at=1000 * HOUR)) == []
    assert list(engine.reports.reports) == ["r1"]


def test_a_confirmed_report_can_be_reopened_for_a_week_and_is_then_forgotten() -> None:
    engine = city()
    call(engine, add("r1", "no-water"), advance("r1", "resolved", 1), advance("r1", "confirmed", 2), at=2)
    call(engine, at=6 * 24 * HOUR)
    assert said(call(engine, advance("r1", "reopened", 6 * 24 * HOUR), at=6 * 24 * HOUR)) != []
    call(engine, advance("r1", "resolved", 3), advance("r1", "confirmed", 4), at=6 * 24 * HOUR)
    call(engine, at=14 * 24 * HOUR)
    assert engine.reports.reports == {}
    assert call(engine, advance("r1", "reopened", 5)).without_effect == 1


def test_new_targets_hold_from_the_next_step_on() -> None:
    engine = city()
    call(engine, add("r1", "no-water"))
    rules = built_in()
    rules["reports"] = [kind | {"accept_secs": 60, "resolve_secs": 7200} for kind in rules["reports"]]
    engine.configure(city_content(rules))
    assert said(call(engine, at=10 * MINUTE)) == []
    (step,) = call(engine, advance("r1", "accepted", 11 * MINUTE), at=11 * MINUTE).reports
    assert step.due == START + 2 * HOUR


def test_open_reports_are_those_that_nobody_has_resolved() -> None:
    engine = city()
    call(engine, add("r1", "no-water"), add("r2", "no-water"), advance("r1", "resolved", 1))
    assert engine.reports.open() == 1
    assert {ReportState.RESOLVED, ReportState.CONFIRMED} == OVER
