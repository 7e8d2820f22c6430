"""A source is live when nothing of ours holds anything up, and has been so for a while."""

import math

from gateway.clock import ManualClock, ScaledClock, SystemClock
from gateway.runtime.liveness import Liveness, stall_secs

SECOND = 1_000_000_000
START = 1_772_366_400 * SECOND
IDLE_SECS = 30


def test_who_gathers_for_long_does_not_stall() -> None:
    assert stall_secs(SystemClock(), 1.0, 0.1) == 5
    assert stall_secs(SystemClock(), 1.0, 10.0) == 25


class Looking:
    """A gateway that looks once a second, on clocks that a test turns."""

    def __init__(self) -> None:
        self.now, self.at = START, 100.0
        self._liveness = Liveness(
            lambda: self.now, IDLE_SECS * SECOND, stall_secs=stall_secs(SystemClock(), 1.0), monotonic=lambda: self.at
        )

    def look(self, secs: float = 1.0, *, clock_secs: float | None = None, **state: bool) -> bool:
        """After so many seconds; `clock_secs` where the machine's clock says otherwise."""
        self.now += round((secs if clock_secs is None else clock_secs) * SECOND)
        self.at += secs
        given = {"connected": True, "backlog": False} | state
        return self._liveness.observe(**given, newest_event=self.now, newest_receipt=self.now)

    def until_live(self) -> int:
        """How many looks it takes."""
        return next(k for k in range(1, 100) if self.look())


def test_it_is_live_when_all_has_been_well_for_the_idle_timeout() -> None:
    assert Looking().until_live() == IDLE_SECS


def test_a_backlog_and_a_lost_connection_begin_it_anew() -> None:
    looking = Looking()
    looking.until_live()

    assert not looking.look(backlog=True)
    assert looking.until_live() == IDLE_SECS
    assert not looking.look(connected=False)
    assert looking.until_live() == IDLE_SECS


def test_a_process_that_stood_still_is_not_live_before_it_has_caught_up() -> None:
    looking = Looking()
    looking.until_live()

    assert looking.look(4.0)
    assert not looking.look(30.0)
    assert looking.until_live() == IDLE_SECS


def test_a_machine_that_slept_or_whose_clock_was_set_on_is_not_live_either() -> None:
    looking = Looking()
    looking.until_live()

    assert not looking.look(1.0, clock_secs=3600.0)
    assert looking.until_live() == IDLE_SECS


def test_a_city_clock_that_runs_fast_is_looked_at_less_often_than_its_seconds_pass() -> None:
    assert stall_secs(SystemClock(), 1.0) == 5.0
    assert stall_secs(ScaledClock(START, START, 400.0), 1.0) == 2.5
    assert stall_secs(ManualClock(START), 1.0) == math.inf
