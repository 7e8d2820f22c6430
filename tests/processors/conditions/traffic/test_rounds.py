import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.traffic.rounds import rounds


def test_subjects_that_come_once_make_one_round() -> None:
    assert [rows.tolist() for rows in rounds(np.array([1, 4, 9]))] == [[0, 1, 2]]
    assert [rows.tolist() for rows in rounds(np.array([9, 1, 4]))] == [[0, 1, 2]]


def test_no_rows_make_no_round() -> None:
    assert list(rounds(np.empty(0, np.int32))) == []


@given(st.lists(st.integers(0, 5), max_size=40))
def test_each_row_comes_once_and_rows_of_a_subject_in_their_order(listed: list[int]) -> None:
    subject = np.array(listed, np.int32)
    made = [rows.tolist() for rows in rounds(subject)]

    want: list[list[int]] = []
    seen = dict.fromkeys(range(6), 0)
    for row, of in enumerate(listed):
        if seen[of] == len(want):
            want.append([])
        want[seen[of]].append(row)
        seen[of] += 1
    assert made == want
