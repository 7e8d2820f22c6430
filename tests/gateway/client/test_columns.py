"""Arrow columns as arrays: names once, rows as they come, NaN where nothing is known."""

import numpy as np
import pyarrow as pa

from gateway.client import columns


def _table(chunks: int = 1) -> pa.Table:
    names = ["b", "b", "a", "b"]
    one = pa.table({
        "device": names, "quantity": ["q", "q", "q", "p"], "unit": ["m", "m", "m", "1"],
        "time": pa.array([1, 2, 3, 4], pa.timestamp("ns", "UTC")), "value": pa.array([1.0, None, 3.0, 4.0]),
        "flag": pa.array([1, 9, 2, 4], pa.uint8()), "why": pa.array([0, 0, 1, 2**32 - 1], pa.uint32()),
    })  # fmt: skip
    return pa.concat_tables([one] * chunks)


def test_rows_stay_as_they_come_and_names_stand_once() -> None:
    for chunks in (1, 3):
        found = columns.readings(_table(chunks))
        assert [tuple(name) for name in found.names] == [("b", "q", "m"), ("a", "q", "m"), ("b", "p", "1")]
        np.testing.assert_array_equal(found.series, [0, 0, 1, 2] * chunks)
        np.testing.assert_array_equal(found.value, [1.0, np.nan, 3.0, 4.0] * chunks)
        np.testing.assert_array_equal(found.time.astype(np.int64), [1, 2, 3, 4] * chunks)
        np.testing.assert_array_equal(found.good, [True, False, True, False] * chunks)
        assert len(found.of("b")) == 3 * chunks
        assert len(found.of("b", "p")) == chunks
        assert len(found.of("nobody")) == 0


def test_nothing_is_no_rows() -> None:
    found = columns.readings(_table().slice(0, 0))
    assert (len(found), list(found.names), found.value.dtype.name) == (0, [], "float64")
    assert columns.figure_values(pa.table({"time": pa.array([], pa.timestamp("ns", "UTC")), "value": []})).names == []
