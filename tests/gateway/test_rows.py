"""Rows in columns are the rows that they were made of, however runs fall."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rows import Row, Rows, Run

_ROW = st.builds(
    Row, st.integers(0, 3), st.integers(0, 2), st.integers(0, 1), st.sampled_from([0, 4]), st.sampled_from("ab"),
    st.binary(max_size=3),
)  # fmt: skip


@st.composite
def _some(draw: st.DrawFn) -> list[Row]:
    """Stamps grow by 1 ns or more, as an inbox has them."""
    rows, at, out = draw(st.lists(_ROW, max_size=12)), 0, []
    for row in rows:
        at += 1 + row.received_at // 2
        out.append(Row(at, row.kind, row.source, row.flags, row.topic, row.payload))
    return out


def _cut(rows: Sequence[Row], size: int) -> Rows:
    return Rows.joined(Rows.of(rows[at : at + size]) for at in range(0, len(rows), size))


@given(_some(), st.integers(1, 5), st.data())
def test_they_are_read_as_a_list_of_rows(rows: list[Row], size: int, data: st.DataObject) -> None:
    for made in (Rows.of(rows), _cut(rows, size)):
        assert made == rows
        assert [made[k] for k in range(-len(rows), len(rows))] == rows * 2
        start, stop = (data.draw(st.integers(-14, 14)) for _ in range(2))
        step = data.draw(st.sampled_from([1, 2, -1]))
        part = made[start:stop:step]
        assert part == rows[start:stop:step]
        assert part.received_at().tolist() == [row.received_at for row in rows[start:stop:step]]
        assert all(part.runs)


@given(_some(), st.integers(1, 5))
def test_columns_have_an_entry_a_row(rows: list[Row], size: int) -> None:
    made = _cut(rows, size)
    assert made.topics() == [row.topic for row in rows]
    assert made.payloads() == [row.payload for row in rows]
    assert made.received_at().tolist() == [row.received_at for row in rows]
    assert made.each([run.source for run in made.runs]).tolist() == [row.source for row in rows]
    assert made.kinds == {row.kind for row in rows}
    assert made.payload_bytes == sum(len(row.payload) for row in rows)


@given(_some())
def test_runs_survive_encoding(rows: list[Row]) -> None:
    body = msgspec.msgpack.encode(Rows.of(rows).runs)
    assert Rows(msgspec.msgpack.decode(body, type=list[Run])) == rows


def test_no_row_is_no_run() -> None:
    nothing = Rows.of([])
    assert not nothing
    assert nothing.received_at().dtype == np.int64
    with pytest.raises(IndexError, match="no such row"):
        nothing[0]
    assert nothing[2:5] == []


def test_nobody_changes_the_stamps_that_all_share() -> None:
    rows = Rows.of([Row(1, 0, 0, 4, "a", b"x")])
    with pytest.raises(ValueError, match="read-only"):
        rows.received_at()[0] = 2


def test_rows_that_differ_are_not_equal() -> None:
    row = Row(1, 0, 0, 4, "a", b"x")
    assert Rows.of([row]) != [Row(2, 0, 0, 4, "a", b"x")]
    assert Rows.of([row]) != [row, row]
    assert Rows.of([row]) != 5
