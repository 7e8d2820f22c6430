from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.traffic.incident import IncidentState, PairIncidents
from tests.processors.conditions.traffic.support import in_pieces

NAN = float("nan")
MIN = 60 * 10**9
UNKNOWN, FREE, TENTATIVE, CONFIRMED, CONTINUING = IncidentState


def judge(model: PairIncidents, up: list[float], down: list[float], minute: list[int] | None = None) -> list[int]:
    n = len(up)
    if not len(model):
        model.grow(1)
    start = MIN * np.array(range(n) if minute is None else minute)
    states: list[int] = model.step(np.zeros(n, np.int32), start, np.array(up), np.array(down)).tolist()
    return states


def model(**changes: Any) -> PairIncidents:
    arguments: dict[str, Any] = {
        "interval": MIN,
        "difference": 0.08,
        "relative": 0.5,
        "drop": 0.3,
        "patience": 5 * MIN,
    }
    return PairIncidents(**{**arguments, **changes})


def test_a_blocked_lane_is_tentative_then_confirmed_then_continues_until_it_clears() -> None:
    up = [0.15, 0.15, 0.30, 0.40, 0.45, 0.45, 0.20]
    down = [0.14, 0.14, 0.08, 0.07, 0.07, 0.07, 0.15]

    assert judge(model(), up, down) == [FREE, FREE, TENTATIVE, CONFIRMED, CONTINUING, CONTINUING, FREE]


def test_a_difference_that_is_gone_in_the_next_interval_is_no_incident() -> None:
    assert judge(model(), [0.15, 0.15, 0.30, 0.15], [0.14, 0.14, 0.08, 0.14]) == [FREE, FREE, TENTATIVE, FREE]


def test_each_of_the_three_tests_is_needed() -> None:
    # spatial difference 0.07; relative 0.47; downstream drop 0.29
    assert judge(model(), [0.1, 0.1, 0.13], [0.1, 0.1, 0.06])[-1] == FREE
    assert judge(model(), [0.3, 0.3, 0.30], [0.3, 0.3, 0.16])[-1] == FREE
    assert judge(model(), [0.3, 0.3, 0.60], [0.1, 0.1, 0.071])[-1] == FREE
    assert judge(model(), [0.3, 0.3, 0.60], [0.1, 0.1, 0.07])[-1] == TENTATIVE


def test_thresholds_belong_to_the_incident() -> None:
    # binary fractions, so that the comparison is exact: 0.5 - 0.25, half of 0.5, half of 0.5
    exact = model(difference=0.25, relative=0.5, drop=0.5)

    assert judge(exact, [0.25, 0.25, 0.5], [0.5, 0.5, 0.25]) == [FREE, FREE, TENTATIVE]


def test_dense_traffic_on_both_sides_is_a_wave_and_no_incident_by_the_downstream_test() -> None:
    wave = [0.2, 0.2, 0.9], [0.7, 0.7, 0.4]
    assert judge(model(), *wave)[-1] == TENTATIVE
    assert judge(model(most_downstream=0.2), *wave)[-1] == FREE
    assert judge(model(drop=None, most_downstream=0.2), [0.6], [0.1]) == [TENTATIVE]


def test_more_persistence_confirms_later() -> None:
    up, down = [0.15, 0.15, 0.4, 0.4, 0.4, 0.4, 0.4], [0.14, 0.14, 0.05, 0.05, 0.05, 0.05, 0.05]

    states = judge(model(persistence=3), up, down)

    assert states == [FREE, FREE, TENTATIVE, TENTATIVE, TENTATIVE, CONFIRMED, CONTINUING]


def test_the_drop_looks_two_intervals_back() -> None:
    up, down = [0.15, 0.15, 0.15, 0.4], [0.14, 0.14, 0.10, 0.09]
    assert judge(model(), up, down)[-1] == TENTATIVE  # against 0.14, not against 0.10

    # an interval that never came does not stand in for the one before it
    assert judge(model(), [0.15, 0.4], [0.14, 0.09], [0, 2]) == [FREE, TENTATIVE]
    assert judge(model(), [0.15, 0.4], [0.14, 0.09], [0, 1]) == [FREE, FREE]
    assert judge(model(), [0.15, 0.4], [0.14, 0.09], [0, 3]) == [FREE, FREE]
    assert judge(model(), [0.15, 0.15, 0.4], [0.14, 0.14, 0.09], [0, 1, 4]) == [FREE, FREE, FREE]


def test_a_missing_occupancy_is_unknown_and_keeps_the_state() -> None:
    up = [0.15, 0.15, 0.4, NAN, 0.4, 0.4, 0.4]
    down = [0.14, 0.14, 0.05, 0.05, NAN, 0.05, 0.05]

    assert judge(model(), up, down) == [FREE, FREE, TENTATIVE, UNKNOWN, UNKNOWN, CONFIRMED, CONTINUING]
    assert judge(model(), [0.15, 0.15, 0.4], [NAN, 0.14, 0.05]) == [UNKNOWN, FREE, FREE]


def test_after_a_long_silence_nothing_stands_any_more() -> None:
    start = [0, 1, 2, 3]
    up, down = [0.15, 0.15, 0.4, 0.4, 0.4], [0.14, 0.14, 0.05, 0.05, 0.05]

    assert judge(model(), up, down, [*start, 8])[-2:] == [CONFIRMED, CONTINUING]
    assert judge(model(), up, down, [*start, 9])[-2:] == [CONFIRMED, FREE]


def test_zero_occupancy_is_an_empty_road_and_no_incident() -> None:
    assert judge(model(), [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]) == [FREE, FREE, FREE]
    # nothing can fall from zero, but an empty downstream detector behind a full one is what a blockage looks like
    assert judge(model(), [0.3, 0.3, 0.3], [0.0, 0.0, 0.0]) == [FREE, FREE, FREE]
    assert judge(model(), [0.3, 0.3, 0.3], [0.1, 0.1, 0.0]) == [FREE, FREE, TENTATIVE]


def test_an_interval_that_comes_again_or_late_is_not_judged() -> None:
    assert judge(model(), [0.15, 0.15, 0.4, 0.1, 0.4], [0.14, 0.14, 0.05, 0.1, 0.05], [0, 1, 2, 2, 3]) == [
        FREE, FREE, TENTATIVE, UNKNOWN, CONFIRMED,
    ]  # fmt: skip


occupancies = st.one_of(st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.6, NAN]), st.floats(0, 1))
rows = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 1, 1, 1, 2, 7]), occupancies, occupancies), max_size=60)  # fmt: skip  # noqa: E501


@settings(max_examples=80)
@given(rows, st.lists(st.integers(0, 60), max_size=4), st.integers(1, 2))
def test_states_are_those_of_a_plain_machine_however_rows_are_batched(
    listed: list[tuple[int, int, float, float]], cuts: list[int], persistence: int
) -> None:
    clock = [0, 0, 0]
    minute = []
    for pair, step, _, _ in listed:
        clock[pair] += step
        minute.append(clock[pair])
    columns: list[NDArray[Any]] = [
        np.array([row[0] for row in listed], np.int32),
        MIN * np.array(minute, np.int64),
        np.array([row[2] for row in listed], np.float64),
        np.array([row[3] for row in listed], np.float64),
    ]

    made = in_pieces(lambda: model(persistence=persistence), 3, lambda part, piece: part.step(*piece), columns, cuts)

    want = [int(UNKNOWN)] * len(listed)
    for pair in range(3):
        down_at: dict[int, float] = {}
        state, held, judged = FREE, 0, None
        for row, (of, _, up, down) in enumerate(listed):
            if of != pair or minute[row] in down_at:
                continue
            at = minute[row]
            judged = at if judged is None else judged
            down_at[at] = down
            if np.isnan(up) or np.isnan(down):
                continue
            if at - judged > 5:
                state = FREE
            judged = at
            before = down_at.get(at - 2, NAN)
            lasts = up > 0 and up - down >= 0.5 * up
            if state >= TENTATIVE:
                held += 1
                on = CONTINUING if state >= CONFIRMED else CONFIRMED if held >= persistence else TENTATIVE
                state = on if lasts else FREE
            elif lasts and up - down >= 0.08 and before > 0 and before - down >= 0.3 * before:
                state, held = TENTATIVE, 0
            want[row] = int(state)
    assert np.concatenate(made).tolist() == want
