import numpy as np
import pytest

from processors.conditions.pipeline.table import Table

SPEC = {"a": ("float64", (2,), float("nan")), "b": ("int32", (), 7)}


def test_rows_keep_their_values_as_the_table_grows_and_new_ones_begin_anew() -> None:
    table = Table(SPEC)
    table.grow(2)
    table["b"][1] = 3
    for n in range(3, 40):
        table.grow(n)

    assert table["b"].tolist() == [7, 3] + [7] * 37
    assert np.isnan(table["a"]).all()
    assert table["a"].shape == (39, 2)


def test_a_table_does_not_shrink() -> None:
    table = Table(SPEC)
    table.grow(3)
    table.grow(1)

    assert len(table) == 3


def test_a_snapshot_is_a_copy_and_restoring_takes_its_rows() -> None:
    table, other = Table(SPEC), Table(SPEC)
    table.grow(3)
    state = table.snapshot()
    table["b"][:] = 0
    other.restore(state)
    other["b"][0] = 1

    assert state["b"].tolist() == [7, 7, 7]
    assert other["b"].tolist() == [1, 7, 7]
    other.grow(4)
    assert other["b"].tolist() == [1, 7, 7, 7]


@pytest.mark.parametrize(
    "spec",
    [
        {"a": ("float64", (3,), 0)},
        {"a": ("float32", (2,), 0)},
        {"a": ("float64", (2,), 0), "c": ("int8", (), 0)},
    ],
)
def test_a_snapshot_of_other_settings_is_refused(spec: dict[str, tuple[str, tuple[int, ...], float]]) -> None:
    table = Table(SPEC)
    table.grow(1)

    with pytest.raises(ValueError, match="does not fit"):
        Table(spec).restore(table.snapshot())
