"""The table of alarms in terminals of several widths."""

import io
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from gateway.cli.alarms import alarm_table

NOW = time.time_ns()
PLAIN = {
    "alarm": "91d70082359032d0", "priority": 1, "since": NOW, "state": "unacknowledged", "condition": "gas.lel",
    "asset": "gas-0001", "zone": "tianhe", "level": 2, "value": 26.54, "repeats": 0,
}  # fmt: skip


def _shown(width: int, *alarms: dict[str, Any]) -> list[str]:
    out = io.StringIO()
    table = alarm_table([PLAIN | alarm for alarm in alarms], ZoneInfo("Asia/Shanghai"), width)
    Console(width=width, file=out).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_an_alarm_is_one_line_in_a_terminal_of_100_columns() -> None:
    head, line, other = _shown(
        100, {}, {"priority": 3, "state": "out_of_service", "condition": "grid.voltage-high", "asset": "meter-0089",
                  "repeats": 3, "value": None},
    )  # fmt: skip

    assert head.split() == ["id", "priority", "since", "state", "condition", "asset", "level", "value"]
    assert line.split()[0:2] == ["91d70082", "critical"]
    assert line.split()[-5:] == ["unacknowledged", "gas.lel", "gas-0001", "2", "26.54"]
    assert other.endswith("-")
    assert "out of service x4 grid.voltage-high meter-0089" in other


def test_where_there_is_room_the_zone_is_shown() -> None:
    head, line = _shown(120, {})

    assert "zone" in head.split()
    assert "tianhe" in line.split()


@pytest.mark.parametrize("width", [80, 100, 120, 240])
def test_long_names_are_folded_and_nothing_else(width: int) -> None:
    lines = _shown(width, {"asset": "huangpu-avenue-west-segment-12-northbound", "condition": "x" * 60})

    assert max(map(len, lines)) <= width
    assert lines[1].startswith("91d70082 critical ")
    assert "unacknowledged" in lines[1]
    assert lines[1].endswith("26.54")


def test_names_are_texts_and_no_markup_and_no_control() -> None:
    assert any("[red]a\N{REPLACEMENT CHARACTER}b" in line for line in _shown(240, {"asset": "[red]a\x1bb"}))


def test_a_time_of_another_year_says_so() -> None:
    (_, line) = _shown(100, {"since": 1_700_000_000 * 10**9})

    assert "2023-11-15 06:13" in line
