import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.flags import Why
from processors.quality.neighbour import neighbour
from tests.processors.quality.support import NAN


def test_the_one_far_from_the_median_of_its_group_is_flagged() -> None:
    value = np.array([50.0, 52.0, 48.0, 51.0, 20.0, 5.0])

    flag, why = neighbour(value, np.zeros(6, np.int32), suspect=3.5, fail=12.0, floor=0.1, least=4)

    # median 49, MAD 2.5, spread 3.7: 20 is 7.8 spreads away, 5 is 11.9
    assert flag.tolist() == [1, 1, 1, 1, 3, 3]
    assert why.tolist() == [0, 0, 0, 0, Why.NEIGHBOUR, Why.NEIGHBOUR]


def test_groups_do_not_mix_and_may_come_in_any_order() -> None:
    value = np.array([1.0, 100.0, 1.1, 101.0, 0.9, 99.0, 100.0, 1.0])
    group = np.array([7, 3, 7, 3, 7, 3, 7, 3], np.int32)

    assert neighbour(value, group, 5.0, NAN, 1.0, 4)[0].tolist() == [1, 1, 1, 1, 1, 1, 3, 3]


def test_peers_that_agree_to_the_digit_are_no_reason_to_object() -> None:
    value = np.array([5.0, 5.0, 5.0, 5.0, 5.9])

    assert neighbour(value, np.zeros(5, np.int32), 1.0, NAN, 1.0, 3)[0].tolist() == [1, 1, 1, 1, 1]
    assert neighbour(value, np.zeros(5, np.int32), 1.0, NAN, 0.5, 3)[0].tolist() == [1, 1, 1, 1, 3]


def test_too_few_peers_are_unknown_and_missing_ones_do_not_count() -> None:
    value = np.array([5.0, 5.0, NAN, 99.0])

    assert neighbour(value, np.zeros(4, np.int32), 1.0, NAN, 1.0, 4)[0].tolist() == [2, 2, 9, 2]
    assert neighbour(value, np.zeros(4, np.int32), 1.0, NAN, 1.0, 3)[0].tolist() == [1, 1, 9, 3]


def test_no_values_and_no_thresholds_judge_nothing() -> None:
    assert neighbour(np.empty(0), np.empty(0, np.int32), 1.0, NAN, 1.0, 3)[0].tolist() == []
    assert neighbour(np.full(3, NAN), np.zeros(3, np.int32), 1.0, NAN, 1.0, 3)[0].tolist() == [9, 9, 9]
    assert neighbour(np.array([1.0, 2.0, 99.0]), np.zeros(3, np.int32), NAN, NAN, 1.0, 3)[0].tolist() == [2, 2, 2]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-20, 20)), max_size=40))
def test_it_is_median_and_mad_group_by_group(listed: list[tuple[int, int]]) -> None:
    group, value = np.array([g for g, _ in listed], np.int32), np.array([float(v) for _, v in listed])
    want = []
    for g, v in zip(group.tolist(), value.tolist(), strict=True):
        peers = value[group == g]
        spread = max(1.4826 * float(np.median(np.abs(peers - np.median(peers)))), 1.0)
        away = abs(v - float(np.median(peers)))
        want.append(2 if len(peers) < 3 else 4 if away > 4 * spread else 3 if away > 2 * spread else 1)

    assert neighbour(value, group, 2.0, 4.0, 1.0, 3)[0].tolist() == want
