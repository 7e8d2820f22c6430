"""Sequence numbers: what never came is missing, no more and no less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.sequences import SequenceTracker
from tests.support.aliasing import shared_parts


def missing(numbers: list[int], modulus: int = 256) -> int:
    tracker = SequenceTracker()
    return sum(tracker.observe(0, number, "", modulus, at) for at, number in enumerate(numbers))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], 0),
        ([1, 2, 5], 2),
        ([254, 255, 0, 1], 0),
        ([255, 2], 2),
        ([1, 4, 3, 2], 0),
        ([1, 4, 3], 1),
        ([1, 1, 2, 2], 0),
        ([1, 4, 3, 3], 1),
        ([200, 201, 0, 1, 2, 3], 54),
    ],
)
def test_gaps_count_and_late_numbers_fill_them(numbers: list[int], expected: int) -> None:
    assert missing(numbers) == expected


def test_a_snapshot_stays_as_it_was_while_the_tracker_goes_on() -> None:
    tracker = SequenceTracker()
    for at, number in enumerate((1, 4)):
        tracker.observe(0, number, "", 256, at)

    taken = tracker.snapshot()
    assert shared_parts(taken, tracker) == []
    assert tracker.observe(0, 3, "", 256, 2) == -1

    assert SequenceTracker.restore(taken).observe(0, 3, "", 256, 2) == -1, "it fills the same gap when it is repeated"


def test_a_new_scope_starts_afresh() -> None:
    tracker = SequenceTracker()
    assert tracker.observe(0, 900, "session-1", 1 << 32, 1) == 0
    assert tracker.observe(0, 0, "session-2", 1 << 32, 2) == 0
    assert tracker.observe(0, 2, "session-2", 1 << 32, 3) == 1


def test_a_counter_that_restarts_is_followed_after_three_in_a_row() -> None:
    tracker = SequenceTracker()
    numbers = (5000, 5001, 0, 1, 2, 3, 5)
    changes = [tracker.observe(0, number, "", 1 << 32, at) for at, number in enumerate(numbers)]

    assert changes == [0, 0, 0, 0, 0, 0, 1]


def test_old_numbers_that_come_again_with_their_old_times_are_no_restart() -> None:
    tracker = SequenceTracker()
    numbers = [*range(40), *range(10, 30), 40, 42]  # a broker fell back, then one was lost
    changes = [tracker.observe(0, number, "", 1 << 16, number) for number in numbers]

    assert sum(changes) == 1


@given(st.lists(st.booleans(), min_size=2, max_size=80), st.integers(0, 5), st.randoms(use_true_random=False))
def test_missing_equals_what_was_lost_whatever_the_order(kept: list[bool], start: int, random) -> None:  # type: ignore[no-untyped-def]
    sent = [n for n, keep in enumerate(kept) if keep]
    if not sent:
        return
    # shuffled within a few places, each perhaps twice: the first stays first, for gaps are counted from it on
    rest = sorted(sent[1:], key=lambda n: n + random.uniform(0, 2.9))
    arriving = [sent[0], *[n for n in rest for _ in range(random.randint(1, 2))]]
    lost = sum(not keep for keep in kept[sent[0] : sent[-1] + 1])

    assert missing([(n + start) % 65536 for n in arriving], 65536) == lost


def test_restore_goes_on_as_if_nothing_had_been() -> None:
    random = np.random.default_rng(7)
    numbers = np.cumsum(random.integers(1, 4, 200)) % 256
    straight, broken = SequenceTracker(), SequenceTracker()
    for at, number in enumerate(numbers.tolist()):
        broken = SequenceTracker.restore(broken.snapshot())
        assert straight.observe(3, number, "", 256, at) == broken.observe(3, number, "", 256, at)


def test_an_absurd_jump_is_another_counter_and_no_loss() -> None:
    assert missing([1, 2, 2 + (1 << 40), 3 + (1 << 40), 5 + (1 << 40)], 1 << 62) == 1
    assert missing([(1 << 62) + 5, (1 << 62) + 7], 1 << 62) == 1
