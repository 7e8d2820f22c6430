import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.traffic.zone_index import zone_index

NAN = float("nan")


def test_a_zone_has_the_mean_of_its_segments_weighted_by_vehicle_distance() -> None:
    made = zone_index(
        np.array([2.0, 8.0, 5.0]),
        np.array([0, 0, 1]),
        2,
        flow=np.array([900.0, 300.0, 100.0]),
        length=np.array([1.0, 2.0, 0.5]),
    )

    # 900 and 600 vehicle kilometres an hour
    np.testing.assert_allclose(made.value, [4.4, 5.0])
    assert made.counted.tolist() == [2, 1]
    assert made.share.tolist() == [1.0, 1.0]


def test_without_weights_all_segments_count_alike() -> None:
    assert zone_index(np.array([2.0, 8.0]), np.array([0, 0]), 1).value.tolist() == [5.0]


def test_a_segment_without_index_or_weight_does_not_enter() -> None:
    made = zone_index(
        np.array([2.0, NAN, 8.0, 6.0]), np.zeros(4, np.int64), 1, flow=np.array([100.0, 500.0, NAN, 100.0])
    )

    assert made.value.tolist() == [4.0]
    assert made.counted.tolist() == [2]
    assert made.share.tolist() == [0.5]


def test_an_index_of_zero_is_not_missing_and_a_flow_of_zero_weighs_nothing() -> None:
    made = zone_index(np.array([0.0, 9.0, 3.0]), np.array([0, 0, 1]), 2, flow=np.array([10.0, 0.0, 0.0]))

    assert made.value[0] == 0.0
    assert np.isnan(made.value[1])
    assert made.share.tolist() == [0.5, 0.0]


def test_zones_without_data_or_segments_are_nan() -> None:
    made = zone_index(np.array([NAN]), np.array([1]), 3)

    assert np.isnan(made.value).all()
    assert made.counted.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(made.share, [NAN, 0.0, NAN])


@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 10), st.just(NAN)),
            st.integers(0, 3),
            st.one_of(st.floats(0.1, 5000), st.sampled_from([0.0, NAN])),
        )
    )
)
def test_the_index_is_the_plain_weighted_mean(listed: list[tuple[float, int, float]]) -> None:
    value = np.array([row[0] for row in listed], np.float64)
    zone = np.array([row[1] for row in listed], np.int64)
    flow = np.array([row[2] for row in listed], np.float64)

    made = zone_index(value, zone, 4, flow=flow)

    for of in range(4):
        rows = [(v, f) for v, z, f in listed if z == of and not math.isnan(v) and f > 0]
        if not rows:
            assert np.isnan(made.value[of])
            continue
        assert made.value[of] == pytest.approx(sum(v * (f / sum(r[1] for r in rows)) for v, f in rows), abs=1e-6)
