import numpy as np
import pytest

from processors.conditions.grid.limits import limits_of

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("nominal", "low", "high", "spread", "thd"), [
    (220.0, -10.0, 7.0, INF, 5.0),
    (230.0, -10.0, 7.0, INF, 5.0),
    (380.0, -7.0, 7.0, INF, 5.0),
    (400.0, -7.0, 7.0, INF, 5.0),
    (6_000.0, -7.0, 7.0, INF, 4.0),
    (10_000.0, -7.0, 7.0, INF, 4.0),
    (20_000.0, -7.0, 7.0, INF, NAN),
    (25_000.0, NAN, NAN, NAN, NAN),
    (35_000.0, -INF, INF, 10.0, 3.0),
    (66_000.0, -INF, INF, 10.0, 3.0),
    (110_000.0, -INF, INF, 10.0, 2.0),
    (220_000.0, -INF, INF, 10.0, NAN),
    (0.0, NAN, NAN, NAN, NAN),
    (NAN, NAN, NAN, NAN, NAN),
])  # fmt: skip
def test_each_voltage_has_the_limits_of_its_level(
    nominal: float, low: float, high: float, spread: float, thd: float
) -> None:
    np.testing.assert_array_equal(np.array(limits_of(np.array([nominal])))[:, 0], [low, high, spread, thd])


@pytest.mark.parametrize(("to_neutral", "between_lines"), [
    (5_774.0, 10_000.0), (11_547.0, 20_000.0), (20_207.0, 35_000.0), (63_509.0, 110_000.0), (240.0, 415.0),
])  # fmt: skip
def test_voltages_to_neutral_belong_to_the_level_between_lines(to_neutral: float, between_lines: float) -> None:
    np.testing.assert_array_equal(limits_of(np.array([to_neutral]), True), limits_of(np.array([between_lines]), False))


def test_220_v_between_lines_are_three_phase() -> None:
    nominal = np.array([220.0])

    assert limits_of(nominal, False).low.tolist() == [-7.0]
    assert limits_of(nominal, True).low.tolist() == limits_of(nominal).low.tolist() == [-10.0]


def test_many_devices_are_told_apart() -> None:
    assert limits_of(np.array([220.0, 380.0, 110_000.0])).low.tolist() == [-10.0, -7.0, -INF]
