"""Shares of connections are together the whole schedule, each message once and in its place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.load.schedule import Schedule


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 300))
def test_the_shares_are_the_whole(devices: int, connections: int, messages: int) -> None:
    schedule = Schedule(devices, min(connections, devices), 10.0, None)
    numbers = []
    for connection in range(schedule.connections):
        share = schedule.share(connection)
        mine = share.numbers(0, share.count(messages))
        assert (np.diff(mine) > 0).all()
        assert ((mine % devices) % schedule.connections == connection).all()
        # the k-th message of a share comes from its (k mod devices)-th device
        place = (mine % devices - connection) // schedule.connections
        assert (place == np.arange(len(mine)) % share.devices).all()
        assert (share.numbers(3, 5) == share.numbers(0, 8)[3:]).all()
        numbers += mine.tolist()
    assert sorted(numbers) == list(range(messages))


def test_due_times_and_counts_agree_over_a_day() -> None:
    schedule = Schedule(1000, 1, 150_000.0, None)
    numbers = np.array([0, 1, 149_999, 150_000, 150_000 * 86_400])
    due = schedule.due_times(numbers)
    assert due.tolist() == [0, 6666, 999_993_333, 10**9, 86_400 * 10**9]
    for number, moment in zip(numbers.tolist(), due.tolist(), strict=True):
        assert schedule.due_by(moment + 1) == number + 1, "due a nanosecond later, for rounding"
    assert schedule.due_by(-1) == 0


def test_a_schedule_ends_with_its_messages() -> None:
    assert Schedule(10, 1, 100.0, 7).due_by(10**10) == 7
    assert Schedule(10, 1, 0.0, 7).due_by(0) == 7, "without a rate all are due"


@pytest.mark.parametrize(
    ("devices", "connections", "rate", "why"),
    [(0, 1, 1, "at least 1"), (5, 6, 1, "as many devices"), (5, 0, 1, "at least 1"), (10, 1, 10_001, "at least 11")],
)
def test_what_makes_no_sense_is_refused(devices: int, connections: int, rate: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Schedule(devices, connections, rate, None)
