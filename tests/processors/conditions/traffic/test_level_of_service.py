import numpy as np

from processors.conditions.traffic.level_of_service import (
    Service,
    density,
    density_from_occupancy,
    freeway_service,
    urban_service,
)

NAN = float("nan")
MILE = 1.609344


def test_density_is_flow_over_speed_and_lanes() -> None:
    made = density(np.array([1800.0, 4000.0]), np.array([60.0, 80.0]), np.array([1.0, 2.0]))

    assert made.tolist() == [30.0, 25.0]


def test_an_empty_road_has_density_zero_and_a_standing_one_none_that_flow_tells() -> None:
    made = density(np.array([0.0, 0.0, 0.0, NAN, 600.0, 600.0]), np.array([60.0, 0.0, NAN, 60.0, 60.0, 60.0]), 1)
    assert made.tolist()[0] == 0.0
    assert np.isnan(made[1:4]).all()
    assert np.isnan(density(np.array([600.0]), np.array([60.0]), NAN)).all()


def test_density_from_occupancy_as_minnesota_computes_it() -> None:
    # 10 % of 5280 ft over a field of 22 ft: 24 vehicles a mile
    made = density_from_occupancy(np.array([0.10]), 22 * 0.3048)

    np.testing.assert_allclose(made * MILE, 24.0)


def test_occupancy_outside_of_its_range_and_no_length_give_nan() -> None:
    occupancy, length = np.array([NAN, -0.1, 1.1, 0.5, 0.5, 0.0, 1.0]), np.array([6, 6, 6, 0, NAN, 6, 5.0])

    made = density_from_occupancy(occupancy, length)

    assert np.isnan(made[:5]).all()
    assert made[5:].tolist() == [0.0, 200.0]


def test_freeway_letters_at_the_bounds_of_the_manual() -> None:
    per_mile = np.array([0.0, 11.0, 11.1, 18.0, 18.1, 26.0, 26.1, 35.0, 35.1, 45.0, 45.1, 200.0, NAN])

    letters = [Service(code).name for code in freeway_service(per_mile / MILE)]

    assert letters == ["A", "A", "B", "B", "C", "C", "D", "D", "E", "E", "F", "F", "UNKNOWN"]


def test_trucks_count_as_several_cars() -> None:
    assert freeway_service(np.array([10.0, 10.0]) / MILE, np.array([1.0, 1.2])).tolist() == [Service.A, Service.B]


def test_urban_letters_at_the_bounds() -> None:
    speed = np.array([100.0, 85.1, 85.0, 67.1, 67.0, 50.1, 50.0, 40.1, 40.0, 30.1, 30.0, 0.0])

    letters = [Service(code).name for code in urban_service(speed, 100.0)]

    assert letters == ["A", "A", "B", "B", "C", "C", "D", "D", "E", "E", "F", "F"]


def test_urban_service_is_unknown_without_speed_or_free_flow() -> None:
    assert urban_service(np.array([NAN, 30.0, 30.0, -1.0]), np.array([50.0, NAN, 0.0, 50.0])).tolist() == [0, 0, 0, 0]
