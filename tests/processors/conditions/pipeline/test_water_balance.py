"""
works --100--> DMA 0 --30--> DMA 1 --5--> another town        tank in DMA 1, customers in both
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.pipeline.water_balance import OUTSIDE, WaterBalance, storage_change, water_balance

NAN = float("nan")
SOURCE, TARGET = np.array([OUTSIDE, 0, 1], np.int32), np.array([0, 1, OUTSIDE], np.int32)


def _balance(
    flow: list[float], stored: float, metered: list[float], least_coverage: float | NDArray[np.float64] = 1.0
) -> WaterBalance:
    return water_balance(
        3, np.array(flow), SOURCE, TARGET, np.array([stored]), np.array([1], np.int32),
        np.array(metered), np.array([0, 0, 1, 1], np.int32), least_coverage,
    )  # fmt: skip


def test_what_is_neither_passed_on_nor_stored_nor_metered_is_lost() -> None:
    balance = _balance([100.0, 30.0, 5.0], 4.0, [40.0, 15.0, 10.0, 8.0])

    assert balance.inflow.tolist() == [100.0, 30.0, 0.0]
    assert balance.outflow.tolist() == [30.0, 5.0, 0.0]
    assert balance.storage.tolist() == [0.0, 4.0, 0.0]
    assert balance.metered.tolist() == [55.0, 18.0, 0.0]
    assert balance.loss.tolist()[:2] == [15.0, 3.0]


def test_a_tank_that_empties_gives_water_to_the_area() -> None:
    gained = storage_change(np.array([3.0, NAN]), np.array([2.5, 2.5]), np.array([100.0, 100.0]))

    assert gained.tolist()[0] == -50.0
    assert np.isnan(gained[1])
    assert _balance([100.0, 30.0, 5.0], -50.0, [40.0, 15.0, 10.0, 8.0]).loss.tolist()[1] == 57.0


def test_flow_against_a_meters_direction_counts_negative_on_both_sides() -> None:
    assert _balance([100.0, -30.0, 5.0], 0.0, [0.0] * 4).loss.tolist()[:2] == [130.0, -35.0]


def test_a_missing_border_meter_leaves_both_its_areas_without_a_loss() -> None:
    balance = _balance([100.0, NAN, 5.0], 4.0, [40.0, 15.0, 10.0, 8.0])

    assert np.isnan(balance.loss).tolist() == [True, True, True]
    assert balance.coverage.tolist()[:2] == [0.5, 2 / 3]


def test_a_missing_tank_is_not_a_still_one() -> None:
    balance = _balance([100.0, 30.0, 5.0], NAN, [40.0, 15.0, 10.0, 8.0])

    assert np.isnan(balance.loss).tolist() == [False, True, True]


def test_customers_that_are_missing_are_not_made_up_for() -> None:
    metered = [40.0, NAN, 10.0, 8.0]

    assert np.isnan(_balance([100.0, 30.0, 5.0], 4.0, metered).loss).tolist() == [True, False, True]
    assert _balance([100.0, 30.0, 5.0], 4.0, metered, 0.5).loss.tolist()[0] == 30.0
    assert np.isnan(_balance([100.0, 30.0, 5.0], 4.0, metered, np.array([0.6, 0.5, 0.5])).loss[0])
    assert _balance([100.0, 30.0, 5.0], 4.0, metered).metered_coverage.tolist()[:2] == [0.5, 1.0]


def test_an_area_without_meters_has_no_loss_rather_than_none() -> None:
    balance = _balance([100.0, 30.0, 5.0], 4.0, [0.0] * 4)

    assert np.isnan([balance.loss[2], balance.coverage[2], balance.metered_coverage[2]]).all()


def test_an_area_without_customers_loses_all_that_stays() -> None:
    none, nobody = np.empty(0), np.empty(0, np.int32)

    balance = water_balance(1, np.array([7.0]), SOURCE[:1], TARGET[:1], none, nobody, none, nobody, 1.0)

    assert balance.loss.tolist() == [7.0]


@given(
    st.lists(
        st.tuples(st.integers(-1, 3), st.integers(-1, 3), st.floats(-100, 100) | st.just(NAN)), min_size=1, max_size=12
    )
)
def test_what_passes_between_areas_cancels_and_missing_meters_are_felt_on_both_sides(
    meters: list[tuple[int, int, float]],
) -> None:
    source, target = np.array([m[0] for m in meters], np.int32), np.array([m[1] for m in meters], np.int32)
    flow = np.array([m[2] for m in meters])
    none, nobody = np.empty(0), np.empty(0, np.int32)

    balance = water_balance(4, flow, source, target, none, nobody, none, nobody, 1.0)

    for area in range(4):
        mine = [m for m in meters if area in m[:2]]
        net = sum(m[2] * ((m[1] == area) - (m[0] == area)) for m in mine)
        if mine and not np.isnan(net):
            np.testing.assert_allclose(balance.loss[area], net, atol=1e-9)
        else:
            assert np.isnan(balance.loss[area])
