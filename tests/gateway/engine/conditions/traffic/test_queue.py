"""Queues: neighbouring detectors in slow, dense traffic, as rows of the engine."""

from typing import Any

import numpy as np
import pytest

from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import made_of
from tests.support.engine import config_row
from tests.support.traffic import ASSETS, LOOP, LOOPS, SPEED, brief, loop, minute, on_roads, said, same, values

QUEUE: dict[str, Any] = {
    "name": "traffic.queue", "title": "Queue", "kind": "queue", "profile": "loop", "speed": "speed",
    "occupancy": "occupancy", "window_secs": 60, "least_occupancy": 0.3, "most_speed": 15, "high": [0, 2.5],
    "priorities": [3, 2],
}  # fmt: skip
FREE, SLOW = (55.0, 0.1), (8.0, 0.5)
QUEUED = ("l2", "l3")


def _rows(last: int = 8, queued: tuple[str, ...] = QUEUED, gone: tuple[str, ...] = ()) -> list[Row]:
    """Queued from minute 2 to minute 5."""
    rows = []
    for k in range(last):
        states = {name: SLOW if name in queued and 2 <= k < 5 else FREE for name in ("l1", "l2", "l3")}
        rows += minute(k, "a", **{name: state for name, state in states.items() if name not in gone or k not in (3, 4)})
    return rows


def test_a_queue_stands_at_the_segment_of_its_head_with_its_length() -> None:
    changes, figures = said(on_roads(QUEUE), _rows())

    assert brief(changes) == [("raised", "r3", 1, 3), ("returned", "r3", 1, 6)]
    # l2 and l3 are 1 km apart and stand for half of it each way, l3 for the rest of its segment
    assert values(figures, "queue_length", "r3") == [(3, 2.0), (4, 2.0), (5, 2.0)]
    assert changes[0].value == pytest.approx(2.0)


def test_a_longer_queue_is_another_level() -> None:
    changes, _ = said(on_roads(QUEUE), _rows(queued=("l1", "l2", "l3")))

    assert brief(changes)[0] == ("raised", "r3", 2, 3)


def test_one_detector_is_no_queue() -> None:
    assert said(on_roads(QUEUE), _rows(queued=("l2",))) == ([], [])
    assert brief(said(on_roads(QUEUE | {"least_detectors": 1}), _rows(queued=("l2",)))[0])[0] == ("raised", "r2", 1, 3)


def test_slow_but_empty_and_dense_but_fast_are_no_queues() -> None:
    def drive(state: tuple[float, float]) -> Any:
        return said(on_roads(QUEUE), [row for k in range(6) for row in minute(k, l1=FREE, l2=state, l3=state)])

    assert drive((8.0, 0.1)) == ([], [])
    assert drive((40.0, 0.5)) == ([], [])
    assert drive((8.0, 0.5))[0]


def test_a_detector_that_says_nothing_is_bridged_and_is_neither_queued_nor_free_at_the_end() -> None:
    inner = said(on_roads(QUEUE), _rows(queued=("l1", "l2", "l3"), gone=("l2",)))
    head = said(on_roads(QUEUE), _rows(queued=("l1", "l2", "l3"), gone=("l3",)))

    assert values(inner[1], "queue_length", "r3") == [(3, 3.0), (4, 3.0), (5, 3.0)]
    # the alarm at the head stands, as nothing says that it doesn't; what is known of the queue ends at l2
    assert values(head[1], "queue_length", "r2") == [(4, 2.0), (5, 2.0)]
    assert ("returned", "r3", 2, 6) in brief(head[0])


def test_a_queue_ends_at_the_zone() -> None:
    rows = [row for k in range(5) for row in (*minute(k, l2=FREE, l3=SLOW), *minute(k, "b", l4=SLOW))]

    assert said(on_roads(QUEUE), rows) == ([], [])


def test_carriageways_have_queues_of_their_own_and_the_longest_counts() -> None:
    devices = [*LOOPS, *(loop(f"b{k}", f"r{k}", 500, 2) for k in (1, 2, 3))]
    rows = [row for k in range(4) for row in minute(k, l1=FREE, l2=SLOW, l3=SLOW, b1=SLOW, b2=SLOW, b3=SLOW)]

    changes, figures = said(on_roads(QUEUE, devices=devices), rows)

    assert sorted({change.asset for change in changes}) == ["r1", "r3"]
    assert values(figures, "queue_length", "r1")[0] == (1, 3.0)


def test_cuts_and_restarts_do_not_show() -> None:
    rows = _rows()
    whole = said(on_roads(QUEUE), rows, range(1, len(rows)))
    rng = np.random.default_rng(5)

    for _ in range(5):
        cuts = sorted(rng.integers(0, len(rows), 6).tolist())
        assert same(said(on_roads(QUEUE), rows, cuts, restarts=True), whole)


def test_an_open_queue_goes_on_when_detectors_change_their_numbers() -> None:
    rows = _rows()
    made = on_roads(QUEUE)
    before, _ = said(made, rows[:13])
    more = made_of(QUEUE, devices=[loop("a0", "r1", 100), *LOOPS], assets=ASSETS, profiles=(LOOP, SPEED))

    made.step([config_row(more, made.now)], made.now, False)
    after, _ = said(ZoneEngine.restore(made.snapshot()), rows[13:])

    assert brief([*before, *after]) == [("raised", "r3", 1, 3), ("returned", "r3", 1, 6)]
