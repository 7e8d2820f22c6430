import numpy as np

from processors.windows.series_table import SeriesTable


def test_rows_stay_and_new_ones_are_zero_as_it_grows() -> None:
    table = SeriesTable({"one": ("int32", 0), "three": ("uint8", 3)})
    for n in (1, 5, 300, 301, 5000):
        before = len(table)
        table.grow(n)
        assert table.columns["one"].shape == (n,)
        assert table.columns["three"].shape == (n, 3)
        assert (table.columns["one"][:before] == np.arange(before)).all()
        assert not table.columns["one"][before:].any()
        table.columns["one"][:] = np.arange(n)


def test_little_room_lies_idle() -> None:
    table = SeriesTable({"one": ("int64", 0)})
    for n in range(0, 20_000, 100):
        table.grow(n)

    assert table.nbytes <= 20_000 * 8 * 1.13


def test_a_new_table_has_columns_of_no_rows() -> None:
    table = SeriesTable({"one": ("int64", 0)})

    assert len(table) == len(table.columns["one"]) == 0
