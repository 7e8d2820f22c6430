import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.pipeline.arrivals import first_of_group, fresh_rows, group, newest_so_far, turns
from processors.conditions.pipeline.table import NEVER

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=40)


def test_rows_that_are_not_newer_than_all_before_are_late() -> None:
    subject = np.array([0, 1, 0, 0, 1], np.int32)
    ts = np.array([1, 1, 5, 4, 1], np.int64)
    last = np.array([0, 0])

    assert fresh_rows(subject, ts, last).tolist() == [0, 2, 1]
    assert last.tolist() == [5, 1]


def test_groups_of_many_subjects_keep_the_order_of_arrival() -> None:
    subject = np.array([70_000, 3, 70_000, 65_539, 3], np.int32)

    assert group(subject).tolist() == [1, 4, 3, 0, 2]


def test_nothing_arrived() -> None:
    none, never = np.empty(0, np.int32), np.empty(0, np.int64)

    assert group(none).tolist() == first_of_group(none).tolist() == newest_so_far(none, never).tolist() == []
    assert fresh_rows(none, never, np.empty(0, np.int64)).tolist() == []
    assert list(turns(none)) == []


@given(ROWS)
def test_fresh_rows_are_those_that_a_plain_loop_finds(rows: list[tuple[int, int]]) -> None:
    newest = dict.fromkeys(range(5), NEVER)
    expected = []
    for at, (subject, ts) in enumerate(rows):
        if ts > newest[subject]:
            newest[subject] = ts
            expected.append(at)
    last = np.full(5, NEVER)
    found = fresh_rows(np.array([r[0] for r in rows], np.int32), np.array([r[1] for r in rows], np.int64), last)

    assert sorted(found.tolist()) == expected
    assert found.tolist() == sorted(found.tolist(), key=lambda at: (rows[at][0], at))
    assert last.tolist() == list(newest.values())


@given(ROWS)
def test_a_turn_has_each_subject_at_most_once_and_all_rows_get_theirs_in_order(rows: list[tuple[int, int]]) -> None:
    subject = np.sort(np.array([r[0] for r in rows], np.int32))
    parts = list(turns(subject))

    assert sorted(at for part in parts for at in part.tolist()) == list(range(len(rows)))
    for part in parts:
        assert len(set(subject[part].tolist())) == len(part)
    for which in range(5):
        mine = [at for part in parts for at in part.tolist() if subject[at] == which]
        assert mine == sorted(mine)
