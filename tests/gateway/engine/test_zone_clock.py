"""When the zone's engine says that our own clock is wrong: not because of a backlog of ours."""

from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.engine import SECOND, START, engine, loop

NAMES = [f"{zone}-{k}" for zone in "ab" for k in range(3)]
MINUTE = 60 * SECOND


def _spoken(made: ZoneEngine, names: list[str], at: int, delay: int = 0, *, live: bool) -> None:
    """Each says something at `at` that comes `delay` later."""
    rows: list[Row] = [loop(name, at, 50, at + delay, zone=name[0]) for name in names]
    made.step(rows, START + at + delay, live)


def test_after_a_backlog_devices_that_have_not_spoken_since_make_no_clock_suspect() -> None:
    made = engine()
    _spoken(made, NAMES, 0, live=False)
    # ten minutes of ours without a connection; then what came meanwhile
    _spoken(made, NAMES, 2 * MINUTE, delay=8 * MINUTE, live=False)
    few = NAMES[::3]
    for k in range(12):
        _spoken(made, few, (10 * 60 + 10 * k) * SECOND, live=k > 3)

        assert made.clock_suspect == ""


def test_devices_of_two_lanes_that_all_come_late_though_nothing_waits_are_our_clock() -> None:
    made = engine()
    for k in range(12):
        _spoken(made, NAMES, 10 * k * SECOND, delay=8 * MINUTE, live=k > 3)

    assert made.clock_suspect == "fast"
