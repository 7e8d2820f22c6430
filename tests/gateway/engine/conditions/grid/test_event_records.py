"""Records of voltage events, by rows."""

from typing import Any

import msgspec
import pytest

from gateway.rows import Row
from processors.conditions.grid.classify import DIP_CELLS, Kind, Lasting
from tests.support.engine import SECOND, START
from tests.support.grid import at, changes, figures, grid, play, values

SPEC: dict[str, Any] = {
    "name": "grid.event", "title": "Event", "kind": "dips", "profile": "event", "event": "event",
    "duration": "duration", "residual": "residual", "priorities": [4, 3, 2],
}  # fmt: skip
NONE, SAG, SWELL, INTERRUPTION = 1, 2, 3, 4


def _record(secs: float, event: int, duration: float | None = None, residual: float | None = None, zone: str = "a",
            name: str = "pq") -> Row:  # fmt: skip
    return at("event", name, START + round(secs * 1000) * 1_000_000, zone, event=event, duration=duration,
              residual=residual)  # fmt: skip


def _seen(*rows: Row) -> list[tuple[str, int, float]]:
    results = play(grid(SPEC, start=START), rows, 1)
    return [(change, level, (ts - START) / SECOND) for _, _, change, level, ts in changes(results)]


@pytest.mark.parametrize(("event", "duration", "residual", "level", "kind", "lasting", "cell"), [
    (SAG, 0.12, 0.62, 1, Kind.SAG, Lasting.INSTANTANEOUS, "C1"),  # 6 cycles
    (SAG, 0.7, 0.75, 1, Kind.SAG, Lasting.MOMENTARY, "B3"),
    (SAG, 10.0, 0.85, 2, Kind.SAG, Lasting.TEMPORARY, "A5"),
    (SAG, 90.0, 0.85, 2, Kind.UNDERVOLTAGE, Lasting.SUSTAINED, None),
    (SWELL, 0.1, 1.3, 1, Kind.SWELL, Lasting.INSTANTANEOUS, None),
    (SWELL, 120.0, 1.15, 2, Kind.OVERVOLTAGE, Lasting.SUSTAINED, None),
    (INTERRUPTION, 1.5, 0.0, 3, Kind.INTERRUPTION, Lasting.MOMENTARY, "X4"),
])  # fmt: skip
def test_a_record_is_classed_by_ieee_1159_and_the_table_of_en_50160(
    event: int, duration: float, residual: float, level: int, kind: Kind, lasting: Lasting, cell: str | None
) -> None:
    results = play(grid(SPEC, start=START), [_record(200, event, duration, residual)])
    begin = START + 200 * SECOND - round(duration * 1e9)

    assert [(change, lvl, ts) for _, _, change, lvl, ts in changes(results)] == [
        ("raised", level, begin), ("returned", level, START + 200 * SECOND)
    ]  # fmt: skip
    assert values(results, "kind") == {begin: kind}
    assert values(results, "lasting") == {begin: lasting}
    assert values(results, "residual") == {begin: residual}
    assert values(results, "cell") == ({} if cell is None else {begin: DIP_CELLS.index(cell)})


def test_the_value_of_the_alarm_is_the_residual_voltage() -> None:
    (raised, _) = [
        t for result in play(grid(SPEC, start=START), [_record(9, SAG, 0.1, 0.4)]) for t in result.transitions
    ]

    assert (raised.value, raised.priority, raised.asset) == (0.4, 4, "pq")


def test_one_that_goes_on_stands_until_it_is_over() -> None:
    assert _seen(_record(10, INTERRUPTION, None, 0.0), _record(100, INTERRUPTION, 90, 0.0)) == [
        ("raised", 3, 10), ("returned", 3, 100)
    ]  # fmt: skip
    assert _seen(_record(10, SAG, None, 0.5), _record(100, NONE)) == [("raised", 1, 10), ("returned", 1, 100)]


def test_no_event_and_no_known_kind_are_no_alarm() -> None:
    assert _seen(_record(10, NONE), _record(20, 9, 1.0, 0.5)) == []


def test_an_event_whose_depth_is_missing_is_still_one() -> None:
    results = play(grid(SPEC, start=START), [_record(9, INTERRUPTION, 2.0)])

    assert [change[2:4] for change in changes(results)] == [("raised", 3), ("returned", 3)]
    assert figures(results, "residual") == []


def test_the_hourly_record_between_start_and_end_does_not_hide_the_event() -> None:
    assert _seen(_record(100, NONE), _record(110, SAG, 30.0, 0.5)) == [("raised", 2, 100), ("returned", 2, 110)]


def test_one_that_comes_behind_a_later_one_is_told_in_figures_only() -> None:
    rows = [_record(100, NONE), _record(50, SAG, 0.1, 0.5)]
    rows[1] = msgspec.structs.replace(rows[1], received_at=rows[0].received_at)
    results = play(grid(SPEC, start=START), rows)

    assert changes(results) == []
    assert list(values(results, "residual").values()) == [0.5]


@pytest.mark.parametrize("size", [1, 2])
def test_what_two_messages_say_of_one_time_is_two_records_even_in_one_call(size: int) -> None:
    when = START + 10 * SECOND
    rows = [at("event", "pq", when, event=SAG), at("event", "pq", when, duration=0.1, residual=0.5)]

    results = play(grid(SPEC, start=START), rows, size)

    assert [change[2:] for change in changes(results)] == [("raised", 1, when)]
    assert figures(results) == []


def test_neither_cuts_nor_restarts_nor_company_show() -> None:
    mine = [_record(10 * k, 1 + k % 4, None if k % 7 == 0 else 0.5 + k % 3, 0.5) for k in range(1, 40)]
    others = [_record(10 * k + 3, 2, 1.0, 0.3, "b", "pq2") for k in range(1, 40)]
    both = sorted(mine + others, key=lambda row: row.received_at)

    whole = play(grid(SPEC, start=START), mine, 100)
    parts = play(grid(SPEC, start=START), mine, 1, restarts=True)
    beside = play(grid(SPEC, start=START), both, 9)

    assert changes(whole) == changes(parts) == [change for change in changes(beside) if change[1] == "pq"]
    assert figures(whole) == figures(parts) == [figure for figure in figures(beside) if figure.asset == "pq"]


@pytest.mark.parametrize(("last", "duration", "expected"), [
    # begins and ends in the off-delay of the one before: one alarm
    (1300, 300.0, [("raised", 1, 999.9), ("level", 2, 1000)]),
    # reaches back into it, or begins after it: another alarm, which never begins within the off-delay
    (2600, 1500.0, [("raised", 1, 999.9), ("returned", 1, 1000), ("raised", 2, 1400)]),
    (2600, 1000.0, [("raised", 1, 999.9), ("returned", 1, 1000), ("raised", 2, 1600)]),
])  # fmt: skip
def test_an_event_that_reaches_back_is_judged_the_same_whether_its_lane_has_passed_the_off_delay_or_not(
    last: int, duration: float, expected: list[tuple[str, int, float]]
) -> None:
    rows = [_record(1000, SAG, 0.1, 0.6), _record(last - 1, NONE, name="other"), _record(last, SAG, duration, 0.6)]

    for size in (1, 2, 3):
        made = grid(SPEC | {"off_delay_secs": 400}, start=START)
        # all at one time of calls: by that it is told what is live
        results = [made.step(rows[k : k + size], rows[-1].received_at, False) for k in range(0, 3, size)]
        assert [(change, level, (ts - START) / SECOND) for _, _, change, level, ts in changes(results)] == expected
