"""Our own clock is wrong where devices say so, and where it shows an earlier time than it did."""

import pytest

from gateway.clock import ManualClock, SystemClock
from gateway.engine.engines import Engines
from gateway.runtime.clock_watch import ClockWatch

SECOND = 1_000_000_000


@pytest.mark.parametrize(("ahead_secs", "suspect"), [(-5, ""), (20, ""), (3600, "set back")])
def test_a_clock_that_shows_an_earlier_time_than_before_was_set_back(ahead_secs: int, suspect: str) -> None:
    engines = Engines()
    engines.zone.step([], SystemClock().now() + ahead_secs * SECOND, live=False)
    watch = ClockWatch(SystemClock(), engines, 30 * SECOND)

    assert watch.suspect == suspect
    assert ("set back by 3,5" in watch.reason()) == bool(suspect) == bool(watch.reason())


def test_what_the_devices_say_of_it_is_passed_on() -> None:
    engines = Engines()
    engines.zone.clock_suspect = "fast"

    assert ClockWatch(SystemClock(), engines, 30 * SECOND).reason() == "our clock looks fast"


def test_a_clock_that_a_recording_turns_is_not_judged() -> None:
    engines = Engines()
    engines.zone.step([], 3600 * SECOND, live=False)

    assert ClockWatch(ManualClock(0), engines, 30 * SECOND).suspect == ""
