import numpy as np

from processors.conditions.grid.harmonics import GB_KV, GB_THD, limit_by_voltage

NAN = float("nan")


def test_limits_by_voltage_level() -> None:
    kv = np.array([0.38, 6.0, 10.0, 35.0, 66.0, 110.0])

    assert limit_by_voltage(kv).tolist() == [5.0, 4.0, 4.0, 3.0, 3.0, 2.0]
    assert len(GB_KV) == len(GB_THD)


def test_a_voltage_that_the_table_lacks_has_no_limit() -> None:
    limit = limit_by_voltage(np.array([0.22, 20.0, 220.0, NAN, 0.0, 10.005]))

    np.testing.assert_array_equal(limit, [NAN, NAN, NAN, NAN, NAN, 4.0])
