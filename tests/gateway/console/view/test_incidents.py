"""An incident on a time line; where reports can go."""

from typing import Any

import pytest

from gateway.console.view.incidents import places_in, report_moves, time_line
from gateway.engine.incidents.report_model import MOVES

SECOND = 1_000_000_000


def _member(part: str, began: int, over: int | None, asset: str = "x") -> dict[str, Any]:
    end = over * SECOND if over is not None else None
    return {"part": part, "part_type": "alarm", "kind": "gas.lel", "asset": asset, "began": began * SECOND, "over": end}


def _incident(*members: dict[str, Any]) -> dict[str, Any]:
    return {"since": 100 * SECOND, "cause": "a", "zone": "tianhe", "members": list(members)}


def test_members_are_shares_of_the_whole() -> None:
    line = time_line(_incident(_member("a", 100, 700), _member("b", 400, None)), 1_300 * SECOND)
    first, second = line.bars
    assert 0 < first.begin < second.begin < 1
    assert first.end < second.end < 1
    assert (first.stands, second.stands) == (False, True)
    assert (first.is_cause, second.is_cause) == (True, False)
    assert 1 <= len(line.ticks) <= 6
    assert all(0 < share < 1 and at % (60 * SECOND) == 0 for share, at in line.ticks)


def test_one_that_began_after_the_clock_we_know_is_drawn_all_the_same() -> None:
    line = time_line(_incident(_member("a", 100, None)), 0)
    assert line.end > line.start


def test_one_without_members() -> None:
    assert time_line(_incident(), 200 * SECOND).bars == []


def test_places_are_what_devices_stand_on() -> None:
    devices = {"gas-1": {"asset": "tunnel-1", "zone": "tianhe"}, "gas-2": {"asset": "", "zone": "panyu"}}
    found = places_in(
        _incident(_member("a", 1, 2, "gas-1"), _member("b", 1, 2, "gas-2"), _member("c", 1, 2, "road-1")), devices
    )
    assert found == {"tunnel-1", "panyu", "road-1", "tianhe"}


@pytest.mark.parametrize("state", MOVES)
def test_reports_go_where_the_engine_lets_them(state: str) -> None:
    assert set(report_moves(state)) == {str(each) for each in MOVES[state]}  # type: ignore[index]
