"""Timers: in order of time, each once, the newest time of a name counts."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.incidents.timers import Timers

NAMES = st.sampled_from("abcd")


def test_what_is_due_comes_in_order_of_time_and_once() -> None:
    timers = Timers()
    for name, at in (("b", 5), ("a", 5), ("c", 2), ("d", 9)):
        timers.set(name, at)
    assert timers.due(5) == ["c", "a", "b"]
    assert timers.due(5) == []
    assert timers.due(9) == ["d"]


@given(st.lists(st.tuples(NAMES, st.integers(0, 20)), max_size=300), st.integers(0, 20))
def test_the_newest_time_of_a_name_counts_however_often_it_was_set(came: list[tuple[str, int]], now: int) -> None:
    timers, newest = Timers(), dict[str, int]()
    for name, at in came:
        timers.set(name, at)
        newest[name] = at
    assert timers.due(now) == sorted((n for n, at in newest.items() if 0 < at <= now), key=lambda n: (newest[n], n))
