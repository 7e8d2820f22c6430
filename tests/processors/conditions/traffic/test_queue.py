import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.traffic.queue import CLEAR, QUEUED, UNKNOWN, Queues, queue_states, queues

NAN = float("nan")
ROAD = np.array([1, 2, 3, 4, -1])
LENGTH = np.array([0.5, 0.5, 0.4, 0.5, 0.6])


def states(text: str) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    """`q` queued, `.` clear, `?` unknown."""
    return np.array([{"q": QUEUED, ".": CLEAR, "?": UNKNOWN}[sign] for sign in text], np.int8)


def listed(made: Queues) -> list[tuple[int, int, float, int]]:
    return [
        (int(head), int(tail), round(float(length), 9), int(number))
        for head, tail, length, number in zip(made.head, made.tail, made.length, made.detectors, strict=True)
    ]


def test_a_detector_is_queued_where_traffic_is_dense_and_slow() -> None:
    occupancy, speed = np.array([0.30, 0.29, 0.30, 0.9]), np.array([20.0, 20.0, 20.1, 0.0])

    assert queue_states(occupancy, speed, 0.30, 20.0).tolist() == [QUEUED, CLEAR, CLEAR, QUEUED]


def test_an_empty_road_with_speed_zero_is_no_queue() -> None:
    assert queue_states(np.array([0.0]), np.array([0.0]), 0.3, 20.0).tolist() == [CLEAR]


def test_where_one_is_missing_the_other_decides_and_without_both_nothing_is_known() -> None:
    occupancy, speed = np.array([NAN, NAN, 0.5, 0.1, NAN]), np.array([10.0, 50.0, NAN, NAN, NAN])

    assert queue_states(occupancy, speed, 0.3, 20.0).tolist() == [QUEUED, CLEAR, QUEUED, CLEAR, UNKNOWN]


def test_a_run_of_queued_detectors_is_one_queue_with_the_length_of_their_roads() -> None:
    made = queues(states(".qqq."), ROAD, LENGTH)

    assert listed(made) == [(3, 1, 1.4, 3)]
    assert made.member.tolist() == [-1, 0, 0, 0, -1]


def test_a_clear_detector_parts_two_queues() -> None:
    made = queues(states("qq.qq"), ROAD, LENGTH)

    assert listed(made) == [(1, 0, 1.0, 2), (4, 3, 1.1, 2)]
    assert made.member.tolist() == [0, 0, -1, 1, 1]


def test_nothing_queued_is_no_queue() -> None:
    made = queues(states(".?..."), ROAD, LENGTH)

    assert listed(made) == []
    assert made.member.tolist() == [-1] * 5
    assert len(queues(states(""), np.empty(0, np.int64), np.empty(0)).head) == 0


def test_an_unknown_detector_ends_a_queue_unless_it_is_bridged() -> None:
    assert listed(queues(states("qq?qq"), ROAD, LENGTH)) == [(1, 0, 1.0, 2), (4, 3, 1.1, 2)]
    assert listed(queues(states("qq?qq"), ROAD, LENGTH, bridge=True)) == [(4, 0, 2.5, 5)]


def test_a_bridge_needs_a_queue_on_both_sides_and_spans_one_detector() -> None:
    assert listed(queues(states("?q?.q"), ROAD, LENGTH, bridge=True)) == [(1, 1, 0.5, 1), (4, 4, 0.6, 1)]
    assert listed(queues(states("q??q?"), ROAD, LENGTH, bridge=True)) == [(0, 0, 0.5, 1), (3, 3, 0.5, 1)]


def test_where_roads_join_the_longest_branch_is_the_length() -> None:
    # 0 -> 1 -> 4 and 2 -> 4, 4 -> 3
    made = queues(states("qqqqq"), np.array([1, 4, 4, -1, 3]), np.array([0.5, 0.5, 1.2, 0.3, 0.2]))

    assert listed(made) == [(3, 2, 1.7, 5)]


def test_a_ring_that_is_queued_all_around_is_cut_once() -> None:
    # 1 -> 2 -> 3 -> 1, and 0 and 4 flow into it
    made = queues(states("qqqqq"), np.array([3, 2, 3, 1, 0]), np.array([0.1, 1.0, 2.0, 4.0, 0.2]))

    assert listed(made) == [(1, 2, 7.0, 5)]
    assert listed(queues(states("q"), np.array([0]), np.array([0.7]))) == [(0, 0, 0.7, 1)]


def test_order_of_detectors_does_not_matter(rng: np.random.Generator) -> None:
    place = rng.permutation(5)
    downstream = np.full(5, -1)
    downstream[place[:-1]] = place[1:]
    state, length = np.empty(5, np.int8), np.empty(5)
    state[place], length[place] = states(".qqq."), LENGTH

    assert listed(queues(state, downstream, length)) == [(int(place[3]), int(place[1]), 1.4, 3)]


@given(st.lists(st.tuples(st.sampled_from("q.?"), st.integers(-1, 200), st.floats(0.1, 2)), max_size=40))
def test_queues_of_a_tree_are_those_found_by_walking(rows: list[tuple[str, int, float]]) -> None:
    # each detector flows into one with a higher index, or out of the road
    n = len(rows)
    downstream = np.array([min(i + 1 + step, n - 1) if step >= 0 and i + 1 < n else -1 for i, (_, step, _) in
                           enumerate(rows)], np.int64)  # fmt: skip
    state, length = states("".join(row[0] for row in rows)), np.array([row[2] for row in rows], np.float64)

    made = queues(state, downstream, length)

    want: dict[int, dict[int, float]] = {}
    for i in range(n):
        if state[i] != QUEUED:
            assert made.member[i] == -1
            continue
        at, reach = i, length[i]
        while downstream[at] >= 0 and state[downstream[at]] == QUEUED:
            at = int(downstream[at])
            reach += length[at]
        want.setdefault(at, {})[i] = reach
        assert made.head[made.member[i]] == at
    assert made.head.tolist() == sorted(want)
    for row, head in enumerate(sorted(want)):
        assert made.detectors[row] == len(want[head])
        assert made.length[row] == pytest.approx(max(want[head].values()))
        assert want[head][int(made.tail[row])] == pytest.approx(made.length[row])
