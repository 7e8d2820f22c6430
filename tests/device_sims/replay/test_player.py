"""Recorded rows in the city's clock."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from device_sims.fleet.message import Message
from device_sims.replay.mapping import Mapped, map_tables
from device_sims.replay.player import Playing, Replay
from device_sims.replay.table import Row, Table

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
ORIGIN = 1_772_380_800 * SECOND  # 2026-03-02T00:00:00+08:00
SHANGHAI = "Asia/Shanghai"
TEN = 1_546_336_800 * SECOND  # 2019-01-01 10:00 as if it were UTC


def _table(*rows: Row, name: str = "a.csv", local: bool = True) -> Table:
    return Table(Path(name), "CSV", ("value",), local, lambda: iter(rows))


def _played(*tables: Table, **how: Any) -> Iterator[Message]:
    mapped: list[list[Mapped]] = map_tables(tables, [], "z", ("segment-speed", "speed", "km/h"))
    playing: dict[str, Any] = {"origin": ORIGIN, "timezone": SHANGHAI} | how
    return Replay(tables, mapped, Playing(**playing)).messages()


def _speeds(messages: Iterator[Message]) -> list[tuple[float, float | None]]:
    """Hours since the origin, and what was said."""
    return [((m.due - ORIGIN) / HOUR, m.readings[0].value) for m in messages]


def test_the_first_row_is_the_origin() -> None:
    said = list(_played(_table((TEN, (50.0,)), (TEN + HOUR, (51.0,)))))

    assert _speeds(iter(said)) == [(0.0, 50.0), (1.0, 51.0)]
    assert said[0].payload == b'{"ts":1772380800,"speed":50.0}'
    assert said[0].topic == "city/z/traffic/segment/a/speed"


def test_of_several_files_the_earliest_row_is_the_origin_and_devices_are_numbered_through() -> None:
    a = _table((TEN + HOUR, (50.0,)), (TEN + 3 * HOUR, (51.0,)), name="a.csv")
    b = _table((TEN, (60.0,)), (TEN + 2 * HOUR, (61.0,)), name="b.csv")

    said = list(_played(a, b))

    assert _speeds(iter(said)) == [(0.0, 60.0), (1.0, 50.0), (2.0, 61.0), (3.0, 51.0)]
    assert [m.number for m in said] == [1, 0, 1, 0]


@pytest.mark.parametrize(("origin_hour", "expected"), [(0, 10.0), (10, 10.0), (11, 34.0)])
def test_the_time_of_day_can_be_kept(origin_hour: int, expected: float) -> None:
    said = _played(_table((TEN, (50.0,))), origin=ORIGIN + origin_hour * HOUR, keep_time_of_day=True)
    assert _speeds(said) == [(expected, 50.0)]


def test_times_with_an_offset_keep_their_local_time_of_day_too() -> None:
    said = _played(_table((TEN, (50.0,)), local=False), keep_time_of_day=True)
    assert _speeds(said) == [(18.0, 50.0)]  # 10:00 UTC is 18:00 in Shanghai


def test_a_loop_goes_on_one_step_after_the_end() -> None:
    rows = [(TEN, (50.0,)), (TEN + HOUR, (51.0,)), (TEN + 3 * HOUR, (52.0,))]
    said = _speeds(islice(_played(_table(*rows), loop=True), 7))
    assert said == [(0.0, 50.0), (1.0, 51.0), (3.0, 52.0), (4.0, 50.0), (5.0, 51.0), (7.0, 52.0), (8.0, 50.0)]


def test_a_loop_that_keeps_the_time_of_day_goes_on_whole_days_later() -> None:
    said = islice(_played(_table((TEN, (50.0,)), (TEN + HOUR, (51.0,))), loop=True, keep_time_of_day=True), 3)
    assert _speeds(said) == [(10.0, 50.0), (11.0, 51.0), (34.0, 50.0)]


def test_a_missing_value_is_null_or_nothing() -> None:
    rows: list[Row] = [(TEN, (50.0,)), (TEN + HOUR, (None,)), (TEN + 2 * HOUR, (52.0,))]

    assert _speeds(_played(_table(*rows)))[1] == (1.0, None)
    assert b'"speed":null' in list(_played(_table(*rows)))[1].payload
    assert _speeds(_played(_table(*rows), missing="skip")) == [(0.0, 50.0), (2.0, 52.0)]


def test_a_row_behind_its_neighbours_is_told_late_under_its_own_time() -> None:
    rows: list[Row] = [(TEN, (50.0,)), (TEN + 2 * HOUR, (51.0,)), (TEN + HOUR, (52.0,))]
    said = list(_played(_table(*rows)))
    assert [m.due for m in said] == [ORIGIN, ORIGIN + 2 * HOUR, ORIGIN + 2 * HOUR]
    assert said[2].readings[0].ts == ORIGIN + HOUR


def test_a_recording_without_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no row"):
        _played(_table())


def test_its_interval_is_the_usual_one_of_its_beginning() -> None:
    table = _table((TEN, (1.0,)), (TEN + 300 * SECOND, (1.0,)), (TEN + 600 * SECOND, (1.0,)), (TEN + HOUR, (1.0,)))
    mapped = map_tables([table], [], "z", ("segment-speed", "speed", "km/h"))
    assert Replay([table], mapped, Playing(ORIGIN, SHANGHAI)).interval_secs == 300.0


def test_a_day_in_the_night_of_a_clock_change_loses_no_hour() -> None:
    berlin = {"timezone": "Europe/Berlin", "origin": 1_774_738_800 * SECOND}  # 2026-03-29T00:00+01:00
    rows = [(TEN - 10 * HOUR + k * HOUR, (float(k),)) for k in range(24)]
    said = list(_played(_table(*rows), **berlin))
    assert [m.due - said[0].due for m in said] == [k * HOUR for k in range(24)]
