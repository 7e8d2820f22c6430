import numpy as np

from processors.flags import Why
from processors.quality.cross_quantity import flow_through_closed_valve, power_without_its_parts, speed_without_flow
from tests.processors.quality.support import NAN


def test_a_speed_of_nobody_is_suspect() -> None:
    speed, flow = np.array([50.0, 50.0, 5.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0])

    flag, why = speed_without_flow(speed, flow, 0.0, 5.0)

    assert [flag.tolist(), why.tolist()] == [[1, 3, 1, 1], [0, Why.CROSS_QUANTITY, 0, 0]]


def test_no_flow_known_is_not_no_flow() -> None:
    speed, flow = np.array([50.0, NAN, NAN]), np.array([NAN, 0.0, NAN])

    assert speed_without_flow(speed, flow, 0.0, 5.0)[0].tolist() == [2, 9, 9]


def test_the_rule_holds_only_where_it_applies_and_is_asked() -> None:
    speed, flow = np.full(2, 50.0), np.zeros(2)

    assert speed_without_flow(speed, flow, 0.0, 5.0, np.array([True, False]))[0].tolist() == [3, 2]
    assert speed_without_flow(speed, flow, NAN, 5.0)[0].tolist() == [2, 2]
    assert flow_through_closed_valve(speed, flow, 0.0, NAN)[0].tolist() == [2, 2]


def test_a_closed_valve_lets_leakage_through_and_no_more_in_either_direction() -> None:
    flow, opening = np.array([0.2, 0.3, -0.3, 9.0, 9.0, NAN]), np.array([0.0, 0.0, 0.01, 0.02, NAN, 0.0])

    assert flow_through_closed_valve(flow, opening, 0.01, 0.2)[0].tolist() == [1, 3, 3, 1, 2, 9]


def test_power_is_the_sum_of_its_phases_within_the_share_allowed() -> None:
    voltage, current, factor = np.full((5, 3), 230.0), np.full((5, 3), 10.0), np.full((5, 3), 1.0)
    factor[4] = -1.0  # the other convention of its sign

    power = np.array([6.9, 6.9 * 0.96, 6.9 * 0.94, 6.9 / 3, 6.9])
    flag, why = power_without_its_parts(power, voltage, current, factor, 0.05, 0.5, 0.1)

    assert flag.tolist() == [1, 1, 3, 4, 1]
    assert why.tolist() == [0, 0, Why.CROSS_QUANTITY, Why.CROSS_QUANTITY, 0]


def test_power_is_not_judged_where_a_part_is_not_known_and_small_ones_may_differ() -> None:
    voltage, current = np.full((4, 3), 230.0), np.zeros((4, 3))
    current[1, 2] = NAN

    power = np.array([0.01, 6.9, NAN, 0.0])
    found = power_without_its_parts(power, voltage, current, np.ones((4, 3)), 0.2, 0.5, 0.1)[0]

    assert found.tolist() == [1, 2, 9, 1]


def test_power_may_be_of_one_phase() -> None:
    column = np.ones((1, 1))

    assert power_without_its_parts(np.array([2.3]), 230 * column, 10 * column, column, 0.01, 0.1, 0.1)[0].tolist() == [
        1
    ]
