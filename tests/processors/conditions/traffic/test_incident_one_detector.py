from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.traffic.incident import IncidentState
from processors.conditions.traffic.incident_one_detector import DetectorIncidents
from tests.processors.conditions.traffic.support import in_pieces

NAN = float("nan")
MIN = 60 * 10**9
UNKNOWN, FREE, TENTATIVE, CONFIRMED, CONTINUING = IncidentState


def model(**changes: Any) -> DetectorIncidents:
    arguments: dict[str, Any] = {
        "fall": 0.4,
        "rise": 0.1,
        "weight": 0.25,
        "warm_up": 2,
        "persistence": 1,
        "longest": 60 * MIN,
        "patience": 5 * MIN,
    }
    return DetectorIncidents(**{**arguments, **changes})


def judge(
    part: DetectorIncidents, speed: list[float], occupancy: list[float], minute: list[int] | None = None
) -> list[int]:
    n = len(speed)
    if not len(part):
        part.grow(1)
    start = MIN * np.array(range(n) if minute is None else minute)
    states: list[int] = part.step(np.zeros(n, np.int32), start, np.array(speed), np.array(occupancy)).tolist()
    return states


def test_a_fall_of_speed_with_a_rise_of_occupancy_is_tentative_then_confirmed() -> None:
    speed = [60.0, 60.0, 60.0, 30.0, 25.0, 25.0, 58.0]
    occupancy = [0.1, 0.1, 0.1, 0.3, 0.4, 0.4, 0.12]

    states = judge(model(), speed, occupancy)

    assert states == [UNKNOWN, UNKNOWN, FREE, TENTATIVE, CONFIRMED, CONTINUING, FREE]


def test_one_of_the_two_alone_is_no_incident() -> None:
    assert judge(model(), [60.0, 60.0, 30.0], [0.1, 0.1, 0.1])[-1] == FREE  # rain
    assert judge(model(), [60.0, 60.0, 60.0], [0.1, 0.1, 0.3])[-1] == FREE  # dense, and moving


def test_thresholds_belong_to_the_incident() -> None:
    exact = model(fall=0.5, rise=0.25)

    assert judge(exact, [60.0, 60.0, 30.0], [0.25, 0.25, 0.5])[-1] == TENTATIVE


def test_a_slow_change_becomes_the_usual_state() -> None:
    speed = [60.0 * 0.97**k for k in range(60)]
    occupancy = [0.1 + 0.005 * k for k in range(60)]

    assert set(judge(model(), speed, occupancy)[2:]) == {FREE}


def test_the_usual_state_is_kept_while_an_incident_is_on() -> None:
    states = judge(model(), [60.0] * 3 + [20.0] * 50, [0.1] * 3 + [0.5] * 50)

    assert states[3:] == [TENTATIVE, CONFIRMED, *[CONTINUING] * 48]


def test_what_lasts_too_long_is_learned_as_usual() -> None:
    states = judge(model(longest=10 * MIN), [60.0] * 3 + [20.0] * 20, [0.1] * 3 + [0.5] * 20)

    assert states[3:13] == [TENTATIVE, CONFIRMED, *[CONTINUING] * 8]
    assert states[13:15] == [UNKNOWN, UNKNOWN]
    assert set(states[15:]) == {FREE}


def test_a_missing_speed_or_occupancy_is_unknown_and_changes_nothing() -> None:
    speed, occupancy = [60.0, 60.0, 20.0, NAN, 20.0, 20.0], [0.1, 0.1, 0.5, 0.5, NAN, 0.5]

    assert judge(model(), speed, occupancy)[2:] == [TENTATIVE, UNKNOWN, UNKNOWN, CONFIRMED]


def test_speed_zero_is_a_value() -> None:
    assert judge(model(), [60.0, 60.0, 0.0, 0.0], [0.1, 0.1, 0.9, 0.9])[2:] == [TENTATIVE, CONFIRMED]


def test_after_a_long_silence_the_past_is_learned_anew() -> None:
    speed, occupancy = [60.0, 60.0, 60.0, 20.0, 20.0, 20.0], [0.1, 0.1, 0.1, 0.5, 0.5, 0.5]

    assert judge(model(), speed, occupancy, [0, 1, 2, 7, 8, 9])[3:] == [TENTATIVE, CONFIRMED, CONTINUING]
    assert judge(model(), speed, occupancy, [0, 1, 2, 8, 9, 10])[3:] == [UNKNOWN, UNKNOWN, FREE]


def test_a_window_that_comes_again_is_not_judged() -> None:
    assert judge(model(), [60.0, 60.0, 20.0, 20.0], [0.1, 0.1, 0.5, 0.5], [0, 1, 2, 2])[2:] == [TENTATIVE, UNKNOWN]


def test_no_warm_up_or_persistence_is_refused() -> None:
    for change in ({"warm_up": 0}, {"persistence": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            model(**change)


rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0, 1, 1, 1, 1, 2, 7]),
        st.one_of(st.sampled_from([60.0, 60.0, 20.0, 0.0, NAN]), st.floats(0, 120)),
        st.one_of(st.sampled_from([0.1, 0.1, 0.5, NAN]), st.floats(0, 1)),
    ),
    max_size=60,
)


@settings(max_examples=80)
@given(rows, st.lists(st.integers(0, 60), max_size=4), st.integers(1, 2))
def test_states_are_those_of_a_plain_machine_however_rows_are_batched(
    listed: list[tuple[int, int, float, float]], cuts: list[int], persistence: int
) -> None:
    clock = [0, 0, 0]
    minute = []
    for of, step, _, _ in listed:
        clock[of] += step
        minute.append(clock[of])
    columns: list[NDArray[Any]] = [
        np.array([row[0] for row in listed], np.int32),
        MIN * np.array(minute, np.int64),
        np.array([row[2] for row in listed], np.float64),
        np.array([row[3] for row in listed], np.float64),
    ]

    made = in_pieces(
        lambda: model(persistence=persistence, longest=6 * MIN),
        3,
        lambda part, piece: part.step(*piece),
        columns,
        cuts,
    )

    want = [int(UNKNOWN)] * len(listed)
    for detector in range(3):
        usual = [0.0, 0.0]
        state, count, last, since, more = UNKNOWN, 0, -1, 0, 0
        for row, (of, _, speed, occupancy) in enumerate(listed):
            at = minute[row]
            if of != detector or np.isnan(speed) or np.isnan(occupancy) or (count and at <= last):
                continue
            if at - last > 5 or (state >= TENTATIVE and at - since >= 6):
                state, count = UNKNOWN, 0
            if count >= 2 and speed <= 0.6 * usual[0] and occupancy >= usual[1] + 0.1:
                if state < TENTATIVE:
                    state, since, more = TENTATIVE, at, 0
                else:
                    more += 1
                    state = CONTINUING if state >= CONFIRMED else CONFIRMED if more >= persistence else TENTATIVE
            else:
                state = FREE if count >= 2 else UNKNOWN
                pairs = zip(usual, (speed, occupancy), strict=True)
                usual = [u + (0.25 if count else 1.0) * (v - u) for u, v in pairs]
            count, last = count + 1, at
            want[row] = int(state)
    assert np.concatenate(made).tolist() == want
