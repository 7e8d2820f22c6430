import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.energy_balance import feeder_balance

NAN = float("nan")


def test_loss_is_supply_less_the_meters_of_the_feeder() -> None:
    got = feeder_balance(
        np.array([100.0, 50.0]), np.array([40.0, 30.0, 55.0, 18.0]), np.array([0, 1, 0, 1]), min_coverage=1.0
    )

    np.testing.assert_allclose(got.loss_kwh, [5.0, 2.0])
    np.testing.assert_allclose(got.loss_percent, [5.0, 4.0])
    assert got.coverage.tolist() == [1.0, 1.0]
    assert got.most_kwh.tolist() == [5.0, 2.0]


def test_a_silent_meter_is_not_one_at_zero() -> None:
    zero = feeder_balance(np.array([100.0]), np.array([90.0, 0.0]), np.array([0, 0]), 0.5)
    silent = feeder_balance(np.array([100.0]), np.array([45.0, NAN]), np.array([0, 0]), 0.5)

    assert [zero.loss_kwh[0], zero.coverage[0]] == [10.0, 1.0]
    assert [silent.loss_kwh[0], silent.coverage[0], silent.most_kwh[0]] == [10.0, 0.5, 55.0]


def test_too_few_meters_give_a_bound_but_no_loss() -> None:
    got = feeder_balance(np.array([100.0]), np.array([45.0, NAN]), np.array([0, 0]), min_coverage=0.51)

    assert np.isnan([got.loss_kwh[0], got.loss_percent[0]]).all()
    assert [got.coverage[0], got.most_kwh[0]] == [0.5, 55.0]


def test_with_weights_a_silent_factory_counts_for_more_than_a_silent_flat() -> None:
    weight = np.array([90.0, 5.0, 5.0])
    feeder = np.zeros(3, np.int64)

    flat = feeder_balance(np.array([100.0]), np.array([88.0, 4.0, NAN]), feeder, 0.9, weight)
    factory = feeder_balance(np.array([100.0]), np.array([NAN, 4.0, 4.0]), feeder, 0.9, weight)

    np.testing.assert_allclose([flat.coverage[0], flat.loss_kwh[0]], [0.95, 100 - 92 / 0.95])
    np.testing.assert_allclose([factory.coverage[0], factory.loss_kwh[0]], [0.1, NAN])


def test_missing_supply_gives_no_loss_and_no_bound() -> None:
    got = feeder_balance(np.array([NAN]), np.array([1.0]), np.array([0]), 1.0)

    assert np.isnan([got.loss_kwh[0], got.loss_percent[0], got.most_kwh[0]]).all()
    assert got.coverage[0] == 1.0


def test_a_feeder_without_meters_or_with_silent_ones_only_is_unknown() -> None:
    got = feeder_balance(np.array([10.0, 10.0]), np.array([NAN]), np.array([1]), min_coverage=0.0)

    np.testing.assert_array_equal(got.coverage, [NAN, 0.0])
    assert np.isnan([got.loss_kwh, got.loss_percent, got.most_kwh]).all()


def test_a_dead_or_feeding_back_feeder_has_kwh_but_no_percentage() -> None:
    got = feeder_balance(np.array([0.0, -20.0]), np.array([0.0, -21.0]), np.array([0, 1]), 1.0)

    assert got.loss_kwh.tolist() == [0.0, 1.0]
    assert np.isnan(got.loss_percent).all()


def test_nothing_gives_nothing() -> None:
    got = feeder_balance(np.empty(0), np.empty(0), np.empty(0, np.int64), 1.0)

    assert [len(column) for column in got] == [0, 0, 0, 0]


@given(st.lists(st.tuples(st.integers(0, 2), st.one_of(st.floats(-100, 100), st.just(NAN))), max_size=30))
def test_it_is_what_adding_by_hand_gives(meters: list[tuple[int, float]]) -> None:
    supply = np.array([50.0, 0.0, 200.0])

    got = feeder_balance(
        supply, np.array([kwh for _, kwh in meters]), np.array([f for f, _ in meters], np.int64), min_coverage=0.5
    )

    for f in range(3):
        mine = [kwh for feeder, kwh in meters if feeder == f]
        heard = [kwh for kwh in mine if not np.isnan(kwh)]
        if not heard or len(heard) / len(mine) < 0.5:
            assert np.isnan(got.loss_kwh[f])
        else:
            np.testing.assert_allclose(got.loss_kwh[f], supply[f] - sum(heard) * len(mine) / len(heard), atol=1e-9)
