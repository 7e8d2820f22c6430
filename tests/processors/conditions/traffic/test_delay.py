import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.traffic.delay import (
    DTP_EDGES,
    TPI_EDGES,
    Level,
    delay_time_proportion,
    level_from_edges,
    performance_index,
)

NAN = float("nan")


def test_the_share_of_time_lost_is_one_minus_v_over_vf() -> None:
    dtp = delay_time_proportion(np.array([50.0, 40.0, 25.0, 10.0]), 50.0)

    np.testing.assert_allclose(dtp, [0.0, 0.2, 0.5, 0.8])


def test_faster_than_free_flow_loses_nothing_and_standing_loses_all() -> None:
    assert delay_time_proportion(np.array([70.0, 0.0]), np.array([50.0, 50.0])).tolist() == [0.0, 1.0]


def test_missing_speed_and_unknown_free_flow_give_nan_not_zero() -> None:
    speed = np.array([NAN, 30.0, 30.0, 0.0, -3.0, NAN])
    free = np.array([50.0, NAN, 0.0, NAN, 50.0, NAN])

    dtp = delay_time_proportion(speed, free)

    assert np.isnan(dtp).all()
    assert np.isnan(performance_index(dtp)).all()
    assert level_from_edges(dtp, DTP_EDGES).tolist() == [Level.UNKNOWN] * 6


def test_the_index_of_the_standard_at_its_corners_and_between() -> None:
    dtp = np.array([0.0, 0.15, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.85, 1.0])

    np.testing.assert_allclose(performance_index(dtp), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])


def test_another_table_gives_another_index() -> None:
    assert performance_index(np.array([0.25, 1.0]), ((0.0, 0.5, 1.0), (0.0, 4.0, 10.0))).tolist() == [2.0, 10.0]


def test_speeds_of_70_50_40_and_30_percent_of_free_flow_begin_the_worse_level() -> None:
    # the same bands said as v/vf: over 70, 50-70, 40-50, 30-40, 30 % and less
    speed = np.array([100.0, 70.1, 70.0, 50.1, 50.0, 40.1, 40.0, 30.1, 30.0, 0.0])
    dtp = delay_time_proportion(speed, 100.0)

    assert level_from_edges(dtp, DTP_EDGES).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_an_edge_of_the_index_belongs_to_the_level_above() -> None:
    tpi = np.array([0.0, 1.99, 2.0, 4.0, 6.0, 8.0, 10.0, NAN])

    assert level_from_edges(tpi, TPI_EDGES).tolist() == [1, 1, 2, 3, 4, 5, 5, 0]


@given(st.floats(0, 120), st.floats(1, 120))
def test_levels_by_share_and_by_index_agree_off_the_edges(speed: float, free: float) -> None:
    dtp = delay_time_proportion(np.array([speed]), free)
    if min(abs(dtp[0] - edge) for edge in DTP_EDGES) < 1e-12:
        return

    by_share, by_index = level_from_edges(dtp, DTP_EDGES), level_from_edges(performance_index(dtp), TPI_EDGES)

    assert by_share.tolist() == by_index.tolist()
    assert by_share.tolist() == [1 + sum(max(0.0, 1 - speed / free) >= edge for edge in DTP_EDGES)]


def test_nothing_gives_nothing() -> None:
    none = np.empty(0)
    assert len(delay_time_proportion(none, 50.0)) == len(performance_index(none)) == 0
    assert len(level_from_edges(none, DTP_EDGES)) == 0
