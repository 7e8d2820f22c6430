"""Incidents: traffic breaks down at a detector, and the next one stays free."""

from typing import Any

import numpy as np
import pytest

from gateway.rows import Row
from tests.support.traffic import brief, minute, on_roads, said, same

INCIDENT: dict[str, Any] = {
    "name": "traffic.incident", "title": "Incident", "kind": "incident", "profile": "loop", "speed": "speed",
    "occupancy": "occupancy", "window_secs": 60, "warm_up": 5, "priorities": [2],
}  # fmt: skip
State = tuple[float | None, float | None]
FREE: State = (60.0, 0.1)
JAM: State = (10.0, 0.5)
BEGIN, END = 10, 20


def _rows(l2: State = JAM, l3: State = FREE, l1: State = FREE, last: int = 25, begin: int = BEGIN) -> list[Row]:
    """States from minute `begin` to minute 20; free before and after."""
    rows = []
    for k in range(last):
        on = begin <= k < END
        rows += minute(k, l1=l1 if on else FREE, l2=l2 if on else FREE, l3=l3 if on else FREE)
    return rows


def test_speed_falls_and_occupancy_rises_while_the_next_detector_is_free() -> None:
    changes, _ = said(on_roads(INCIDENT), _rows())

    # tentative in the window of minute 10, confirmed two windows later
    assert brief(changes) == [("raised", "r2", 1, BEGIN + 3), ("returned", "r2", 1, END + 1)]
    assert changes[0].value == pytest.approx(10)


def test_where_the_next_detector_is_dense_too_the_incident_lies_further_on() -> None:
    changes, _ = said(on_roads(INCIDENT), _rows(l3=JAM))

    assert {change.asset for change in changes} == {"r3"}  # the last one, which has none after it


def test_detectors_that_differ_for_good_have_no_incident() -> None:
    rows = [row for k in range(40) for row in minute(k, l1=FREE, l2=JAM, l3=FREE)]

    assert said(on_roads(INCIDENT), rows)[0] == []


@pytest.mark.parametrize("state", [(10.0, 0.1), (60.0, 0.5), (40.0, 0.2)])
def test_one_of_the_two_alone_is_no_incident(state: State) -> None:
    assert said(on_roads(INCIDENT), _rows(l2=state))[0] == []


def test_a_short_disturbance_is_no_incident() -> None:
    assert said(on_roads(INCIDENT), _rows(begin=END - 2))[0] == []


def test_where_the_next_detector_says_nothing_the_one_decides() -> None:
    without = [row for row in _rows() if "/l3" not in row.topic]

    assert brief(said(on_roads(INCIDENT), without)[0]) == brief(said(on_roads(INCIDENT), _rows())[0])


def test_missing_values_are_no_standstill_and_end_nothing() -> None:
    assert said(on_roads(INCIDENT), _rows(l2=(None, None)))[0] == []
    assert said(on_roads(INCIDENT), _rows(l2=(None, 0.5)))[0] == []
    rows = []
    for k in range(25):
        state = JAM if BEGIN <= k < END else FREE
        rows += minute(k, l1=FREE, l2=(None, None) if 14 <= k < 17 else state, l3=FREE)

    assert brief(said(on_roads(INCIDENT), rows)[0]) == [("raised", "r2", 1, BEGIN + 3), ("returned", "r2", 1, END + 1)]


def test_what_lasts_longer_than_incidents_do_is_the_usual_state() -> None:
    rows = [row for k in range(60) for row in minute(k, l1=FREE, l2=JAM if k >= BEGIN else FREE, l3=FREE)]

    changes, _ = said(on_roads(INCIDENT | {"longest_secs": 1200}), rows)

    assert [change.change for change in changes] == ["raised", "returned"]


def test_a_zone_hears_nothing_of_others() -> None:
    """The next detector of l3 lies in another zone: dense or free, it changes nothing."""

    def drive(l4: State | None) -> Any:
        rows = []
        for k in range(25):
            on = BEGIN <= k < END
            rows += minute(k, l3=JAM if on else FREE)
            rows += [] if l4 is None else minute(k, "b", l4=l4 if on else FREE)
        return [change for change in brief(said(on_roads(INCIDENT), rows)[0]) if change[1] == "r3"]

    assert drive(None) == drive(JAM) == drive(FREE) != []


def test_cuts_and_restarts_do_not_show() -> None:
    rows = _rows()
    whole = said(on_roads(INCIDENT), rows, range(1, len(rows)))
    rng = np.random.default_rng(5)

    assert whole[0]
    assert same(said(on_roads(INCIDENT), rows, range(1, len(rows)), restarts=True), whole)
    for _ in range(5):
        cuts = sorted(rng.integers(0, len(rows), 8).tolist())
        assert same(said(on_roads(INCIDENT), rows, cuts, restarts=True), whole)
