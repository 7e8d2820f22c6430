"""Marks against sets of nanoseconds: joined and coarsened as they are, they cover every range that was ever marked."""

import sqlite3
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal.marks import MARK_SCHEMA, Mark, add_marks, clear_marks, due_marks, marks_of
from tests.gateway.journal.support import dirty

Range = tuple[int, int, int, int, int]

RANGES = st.lists(
    st.builds(
        lambda series, step, start, length, watermark: (series, step, start, start + length, watermark),
        st.integers(0, 3), st.sampled_from([10, 60]), st.integers(0, 60), st.integers(1, 8), st.integers(0, 99),
    ), max_size=12,
)  # fmt: skip


def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in MARK_SCHEMA:
        connection.execute(statement)
    return connection


@pytest.fixture
def marks() -> Iterator[sqlite3.Connection]:
    connection = table()
    yield connection
    connection.close()


def held(connection: sqlite3.Connection) -> list[Mark]:
    return due_marks(connection, 1 << 60, 1 << 60, 1 << 60, 1_000_000)


def covered(mark: Mark, want: Range) -> bool:
    series, step, start, end, watermark = want
    return (
        mark.series == series and mark.step <= step and mark.start <= start and mark.end >= end
        and mark.watermark >= watermark
    )  # fmt: skip


@given(st.lists(RANGES, min_size=1, max_size=8), st.integers(1, 12))
def test_no_range_is_ever_lost_and_the_bound_holds(calls: list[list[Range]], max_marks: int) -> None:
    connection = table()
    for now, ranges in enumerate(calls):
        add_marks(connection, dirty(*ranges), position=100 + now, now=now, max_marks=max_marks)
        there = held(connection)
        assert len(there) <= max(max_marks, len({mark.series for mark in there}))
        for earlier, earlier_ranges in enumerate(calls[: now + 1]):
            for want in earlier_ranges:
                over = [mark for mark in there if covered(mark, want)]
                assert any(m.position >= 100 + earlier and m.first_now <= earlier <= m.last_now for m in over)
    connection.close()


@given(st.lists(RANGES, min_size=1, max_size=8))
def test_marks_below_the_bound_cover_nothing_that_was_not_marked(calls: list[list[Range]]) -> None:
    connection = table()
    wanted: set[tuple[int, int, int]] = set()
    for now, ranges in enumerate(calls):
        add_marks(connection, dirty(*ranges), position=now, now=now, max_marks=1_000)
        wanted |= {(series, step, ns) for series, step, start, end, _ in ranges for ns in range(start, end)}
    there = held(connection)
    assert sum(mark.end - mark.start for mark in there) == len(wanted)
    assert {(mark.series, mark.step, ns) for mark in there for ns in range(mark.start, mark.end)} == wanted
    # neither overlapping nor touching: as few rows as can be
    places = sorted((mark.series, mark.step, mark.start, mark.end) for mark in there)
    for one, next_one in pairwise(places):
        assert one[:2] != next_one[:2] or one[3] < next_one[2]
    connection.close()


def test_what_grew_gets_a_new_id_so_that_clearing_the_old_one_forgets_nothing(marks: sqlite3.Connection) -> None:
    add_marks(marks, dirty((1, 60, 0, 60, 100)), position=1, now=5, max_marks=10)
    [taken] = held(marks)
    add_marks(marks, dirty((1, 60, 30, 90, 90)), position=2, now=6, max_marks=10)
    clear_marks(marks, [taken.id])
    [grown] = held(marks)
    assert grown == Mark(grown.id, 1, 60, 0, 90, 100, 2, 5, 6)
    assert grown.id > taken.id
    clear_marks(marks, [grown.id])
    add_marks(marks, dirty((1, 60, 0, 60, 100)), position=3, now=7, max_marks=10)
    assert held(marks)[0].id > grown.id


def test_a_mark_is_due_once_its_store_has_passed_and_it_is_quiet_or_old(marks: sqlite3.Connection) -> None:
    add_marks(marks, dirty((1, 60, 0, 60, 0)), position=7, now=100, max_marks=10)
    add_marks(marks, dirty((1, 60, 60, 120, 0)), position=8, now=150, max_marks=10)

    def due(passed: int, quiet_before: int, old_before: int) -> bool:
        return bool(due_marks(marks, passed, quiet_before, old_before, 10))

    assert not due(7, 150, 0)  # the store is behind
    assert not due(8, 149, 99)  # still growing, not old
    assert due(8, 150, 0)  # quiet
    assert due(8, 0, 100)  # old


def test_the_oldest_marks_come_first(marks: sqlite3.Connection) -> None:
    for now, series in ((3, 1), (1, 2), (2, 3)):
        add_marks(marks, dirty((series, 60, 0, 60, 0)), position=1, now=now, max_marks=10)
    assert [mark.series for mark in due_marks(marks, 1, 9, 9, 2)] == [2, 3]


def test_the_smallest_gaps_are_closed_first(marks: sqlite3.Connection) -> None:
    starts = [0, 100, 115, 500, 520, 1_000, 1_080]
    add_marks(marks, dirty(*((1, 60, start, start + 10, 0) for start in starts)), position=1, now=1, max_marks=6)
    # seven are too many for six: down to four, so three gaps go
    assert sorted((mark.start, mark.end) for mark in held(marks)) == [(0, 10), (100, 125), (500, 530), (1_000, 1_090)]


def test_marks_of_some_series_are_found(marks: sqlite3.Connection) -> None:
    add_marks(marks, dirty((1, 60, 0, 60, 0), (2, 60, 0, 60, 0), (3, 10, 0, 10, 0)), position=1, now=1, max_marks=9)
    assert [(mark.series, mark.step) for mark in marks_of(marks, [3, 1, 8])] == [(3, 10), (1, 60)]


def test_an_empty_range_is_refused(marks: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        add_marks(marks, dirty((1, 60, 60, 60, 0)), position=1, now=1, max_marks=9)
