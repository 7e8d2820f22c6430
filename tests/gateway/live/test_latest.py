"""The newest of everything by series, and whose turn it is to be told."""

import numpy as np
import pytest

from gateway.live.latest import Changed, LatestReadings, LatestWindows
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.support.blocks import T0, aggregates, readings, rewrites


def _state(latest: LatestReadings) -> list[tuple[int, float, int]]:
    return [
        (int(latest.ts[k]) - T0, float(latest.value[k]), int(latest.flag[k]))
        for k in range(len(latest.ts)) if latest.known(k)
    ]  # fmt: skip


def test_the_newest_reading_stands_whatever_the_order() -> None:
    latest = LatestReadings()

    changed = latest.take(readings((0, T0 + 2, 20, 1, 0), (1, T0, 7, 3, 4), (0, T0 + 1, 10, 1, 0)))

    assert sorted(changed.tolist()) == [0, 1]
    assert _state(latest) == [(2, 20, 1), (0, 7, 3)]


def test_a_late_reading_changes_nothing_and_a_later_write_of_one_time_does() -> None:
    latest = LatestReadings()
    latest.take(readings((0, T0 + 5, 20, 1, 0)))

    assert latest.take(readings((0, T0 + 4, 99, 1, 0))).tolist() == []
    assert latest.take(readings((0, T0 + 5, 21, 1, 0), (0, T0 + 5, 22, 1, 0))).tolist() == [0]
    assert _state(latest) == [(5, 22, 1)]


def test_what_a_device_had_kept_is_not_its_newest_value_whatever_its_time() -> None:
    latest = LatestReadings()
    latest.take(readings((0, T0 + 5, 20, 1, 0)))

    changed = latest.take(readings((0, T0 + 9, 99, 1, Why.HISTORICAL), (1, T0 + 9, 98, 1, Why.HISTORICAL)))

    assert changed.tolist() == []
    assert _state(latest) == [(5, 20, 1)]


def test_a_new_verdict_counts_where_it_is_about_the_newest() -> None:
    latest = LatestReadings()
    latest.take(readings((0, T0, 1, 1, 0), (1, T0, 2, 1, 0)))

    assert latest.rewrite(rewrites((0, T0, 4, 8), (1, T0 - 1, 4, 8), (900, T0, 4, 8))).tolist() == [0]
    assert _state(latest) == [(0, 1, 4), (0, 2, 1)]


def test_how_readings_are_split_does_not_show(rng: np.random.Generator) -> None:
    rows = [(int(rng.integers(5)), T0 + int(rng.integers(20)), float(k), 1, 0) for k in range(200)]
    whole, split = LatestReadings(), LatestReadings()
    whole.take(readings(*rows))
    for at in range(0, 200, 7):
        split.take(readings(*rows[at : at + 7]))

    assert _state(whole) == _state(split)
    assert len(_state(whole)) == 5


def test_a_revision_replaces_its_window_and_none_that_is_newer() -> None:
    latest = LatestWindows(60)

    assert latest.take(aggregates((0, 60, T0, 0, 5, 1.0), (0, 10, T0 + 9, 0, 5, 1.0))).tolist() == [0]
    assert latest.take(aggregates((0, 60, T0, 1, 6, 2.0))).tolist() == [0]
    assert latest.take(aggregates((0, 60, T0, 0, 5, 1.0))).tolist() == []
    assert latest.take(aggregates((0, 60, T0 + 60, 0, 7, 3.0))).tolist() == [0]
    assert latest.take(aggregates((0, 60, T0, 2, 8, 4.0))).tolist() == []
    assert latest.take(aggregates((0, 10, T0, 2, 8, 4.0))).tolist() == []
    assert (latest.start[0], latest.stats[0, 0]) == (T0 + 60, 7)


def test_nothing_gives_nothing() -> None:
    assert LatestReadings().take(ReadingBatch.empty()).tolist() == []
    assert not LatestReadings().known(3)


def test_who_waits_longest_goes_first() -> None:
    changed = Changed()
    changed.mark(np.array([7, 8, 9], np.int32))

    assert len(changed) == 3
    assert changed.take(1) == [7]
    changed.mark(np.array([7], np.int32))
    assert [changed.take(1) for _ in range(4)] == [[8], [9], [7], []]


def test_who_speaks_seldom_is_told_soon_and_everybody_in_turn() -> None:
    changed, chatty, told = Changed(), np.arange(100, dtype=np.int32), set[int]()
    for turn in range(60):
        changed.mark(chatty)
        seldom = turn % 20 == 19
        if seldom:
            changed.mark(np.array([500], np.int32))
        some = changed.take(4)
        told.update(some)
        assert (500 in some) == seldom

    assert told == {*range(100), 500}


@pytest.mark.parametrize("most", [1, 3, 50])
def test_everything_that_changed_is_told_once(most: int, rng: np.random.Generator) -> None:
    changed = Changed()
    marked = rng.permutation(40).astype(np.int32)
    changed.mark(marked)

    told: list[int] = []
    while some := changed.take(most):
        assert len(some) <= most
        told += some

    assert sorted(told) == sorted(marked.tolist())
