"""Buckets of ten minutes, each told when a reading of a later one comes."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.peaks import Peaks
from tests.processors.conditions.pipeline.support import MINUTE, Arrays, same

NAN = float("nan")
TEN = 10 * MINUTE


def _peaks(n: int = 3) -> Peaks:
    made = Peaks(TEN)
    made.grow(n)
    return made


def _told(made: Peaks, rows: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Rows of (subject, minute, value); gives (subject, minute of the end, greatest)."""
    subject, minute, value = (np.array(column) for column in zip(*rows, strict=True)) if rows else ((), (), ())
    found = made.update(np.asarray(subject, np.int32), np.asarray(minute, np.int64) * MINUTE, np.asarray(value, float))
    return list(zip(found.subject.tolist(), (found.end // MINUTE).tolist(), found.value.tolist(), strict=True))


def test_the_greatest_value_of_a_bucket_is_told_when_the_next_one_begins() -> None:
    made = _peaks()

    assert _told(made, [(0, 1, 0.2), (0, 5, 0.7), (0, 9, 0.3)]) == []
    assert _told(made, [(0, 10, 0.1)]) == [(0, 10, 0.7)]
    assert _told(made, [(0, 12, 0.4), (0, 45, 0.2), (1, 3, 5.0)]) == [(0, 20, 0.4)]


def test_several_buckets_in_one_call_are_all_told_but_the_last() -> None:
    assert _told(_peaks(), [(0, 1, 0.2), (1, 4, -3.0), (0, 11, 0.5), (1, 15, -2.0), (0, 21, 0.1)]) == [
        (0, 10, 0.2), (0, 20, 0.5), (1, 10, -3.0)
    ]  # fmt: skip


def test_missing_and_late_values_count_for_nothing_and_tell_nothing() -> None:
    made = _peaks()

    assert _told(made, [(0, 11, 0.2), (0, 9, 9.0), (0, 11, 9.0), (0, 21, NAN)]) == []
    assert _told(made, [(0, 22, 0.1)]) == [(0, 20, 0.2)]


def test_nothing_in_nothing_out() -> None:
    assert _told(_peaks(), []) == []


def test_a_subject_met_later_starts_with_nothing() -> None:
    made = _peaks(1)
    _told(made, [(0, 1, 0.5)])
    made.grow(2)

    assert _told(made, [(1, 12, 0.4), (0, 12, 0.4)]) == [(0, 10, 0.5)]


ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 90), st.floats(-5, 5) | st.just(NAN)), max_size=50)


def _plain(rows: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    newest: dict[int, int] = {}
    buckets: dict[int, dict[int, float]] = {}
    for who, minute, value in rows:
        if np.isnan(value) or minute <= newest.get(who, -1):
            continue
        newest[who] = minute
        mine = buckets.setdefault(who, {})
        mine[minute // 10] = max(value, mine.get(minute // 10, value))
    return sorted(
        (who, 10 * (k + 1), value) for who, mine in buckets.items() for k, value in mine.items() if k != max(mine)
    )


@settings(max_examples=150, deadline=None)
@given(ROWS, st.lists(st.integers(0, 50), max_size=4).map(sorted))
def test_any_cut_and_restart_tells_what_a_plain_reading_of_the_rule_does(
    rows: list[tuple[int, int, float]], cuts: list[int]
) -> None:
    made, told = _peaks(), []
    edges = [0, *(min(cut, len(rows)) for cut in cuts), len(rows)]
    for a, b in pairwise(edges):
        told += _told(made, rows[a:b])
        state = made.snapshot()
        made = _peaks()
        made.restore(state)

    assert sorted(told) == _plain(rows)


def test_a_snapshot_is_a_copy() -> None:
    made = _peaks()
    _told(made, [(0, 1, 0.5)])
    state: Arrays = tuple(made.snapshot().values())
    _told(made, [(0, 12, 0.9)])

    same(state, tuple(made_again(state).snapshot().values()))


def made_again(state: Arrays) -> Peaks:
    made = _peaks()
    made.restore(dict(zip(("last", "bucket", "greatest"), state, strict=True)))
    return made
