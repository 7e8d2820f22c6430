"""Marks: which emitted windows must be computed again, in few rows and without ever forgetting one.

A mark is a range of one series. A new one that overlaps or touches another of the same series and step becomes one
with it, under a new id: what the reviser finished under the old id must not clear what came meanwhile. When there are
too many, the smallest gaps are closed first, then the steps of a series are joined, so that the bound is `max_marks` or
one a series, whichever is more.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from sqlite3 import Connection
from typing import Any

import msgspec

from gateway.journal.sqlite import sealed, unsealed
from processors.columns import DirtyPanes

__all__ = ["MARK_COLUMNS", "MARK_SCHEMA", "Mark", "add_marks", "clear_marks", "due_marks", "marks_of"]

MARK_SCHEMA = (
    # AUTOINCREMENT: an id is never given twice
    "CREATE TABLE mark(id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL, step INTEGER NOT NULL,"
    " start INTEGER NOT NULL, end INTEGER NOT NULL, watermark INTEGER NOT NULL, position INTEGER NOT NULL,"
    " first_now INTEGER NOT NULL, last_now INTEGER NOT NULL, seal INTEGER NOT NULL)",
    "CREATE INDEX mark_range ON mark(series, step, start)",
)
MARK_COLUMNS = ("series", "step", "start", "end", "watermark", "position", "first_now", "last_now")
_SELECT = "SELECT id, series, step, start, end, watermark, position, first_now, last_now, seal FROM mark"


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """Windows of `step` seconds and longer that touch [start, end) and end by `watermark` are to be computed again."""

    id: int
    series: int
    step: int
    start: int
    end: int
    watermark: int
    """The newest of those of the ranges in it: a window too many is computed again, none too few."""
    position: int
    """The outbox position that a store must have passed before its readings are complete."""
    first_now: int
    """`now` of the first call that added to it."""
    last_now: int
    """`now` of the last one."""

    def joined(self, other: "Mark") -> "Mark":
        """One mark over both; its id is still to be given."""
        return Mark(
            0, self.series, min(self.step, other.step), min(self.start, other.start), max(self.end, other.end),
            max(self.watermark, other.watermark), max(self.position, other.position),
            min(self.first_now, other.first_now), max(self.last_now, other.last_now),
        )  # fmt: skip


def add_marks(connection: Connection, dirty: DirtyPanes, position: int, now: int, max_marks: int) -> None:
    """Add the ranges of one call, joined with what is there."""
    columns = (column.tolist() for column in dirty.arrays().values())
    new = [
        Mark(0, series, step, start, end, watermark, position, now, now)
        for series, step, start, end, watermark in zip(*columns, strict=True)
    ]
    for mark in new:
        if mark.start >= mark.end:
            raise ValueError(f"a dirty range must not be empty: {mark}")
    for mark in _touching_joined(new):
        found = connection.execute(
            _SELECT + " WHERE series = ? AND step = ? AND start <= ? AND end >= ?",
            (mark.series, mark.step, mark.end, mark.start),
        ).fetchall()
        old = [_mark(row) for row in found]
        clear_marks(connection, [each.id for each in old])
        for each in old:
            mark = mark.joined(each)  # noqa: PLW2901  (grows)
        _insert(connection, mark)
    if connection.execute("SELECT count(*) FROM mark").fetchone()[0] > max_marks:
        # to three quarters, so that it doesn't happen at every call
        _coarsen(connection, max_marks * 3 // 4)


def clear_marks(connection: Connection, ids: Iterable[int]) -> None:
    """Remove marks by id; ids that have become part of another mark are gone already."""
    connection.executemany("DELETE FROM mark WHERE id = ?", [(each,) for each in ids])


def due_marks(connection: Connection, passed: int, quiet_before: int, old_before: int, limit: int) -> list[Mark]:
    """Marks whose readings a store at `passed` has, oldest first.

    Due means that nothing was added after `quiet_before`, or that it waits since `old_before`.
    """
    rows = connection.execute(
        _SELECT + " WHERE position <= ? AND (last_now <= ? OR first_now <= ?)"
        " ORDER BY first_now, id LIMIT ?", (passed, quiet_before, old_before, limit),
    )  # fmt: skip
    return [_mark(row) for row in rows]


def marks_of(connection: Connection, series: Sequence[int]) -> list[Mark]:
    """The marks of some series: their aggregates are pending."""
    query = _SELECT + " WHERE series = ? ORDER BY step, start"
    return [_mark(row) for each in series for row in connection.execute(query, (each,))]


def _insert(connection: Connection, mark: Mark) -> None:
    connection.execute(
        "INSERT INTO mark(series, step, start, end, watermark, position, first_now, last_now, seal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", sealed(msgspec.structs.astuple(mark)[1:]),
    )  # fmt: skip


def _mark(row: tuple[Any, ...]) -> Mark:
    return Mark(row[0], *unsealed(row[1:], "windows to compute again"))


def _touching_joined(marks: Sequence[Mark]) -> list[Mark]:
    out: list[Mark] = []
    for mark in sorted(marks, key=_place):
        last = out[-1] if out else None
        if last is not None and (last.series, last.step) == (mark.series, mark.step) and mark.start <= last.end:
            out[-1] = last.joined(mark)
        else:
            out.append(mark)
    return out


def _coarsen(connection: Connection, target: int) -> None:
    marks = sorted((_mark(row) for row in connection.execute(_SELECT)), key=_place)
    gaps = sorted(
        (b.start - a.end, i) for i, (a, b) in enumerate(pairwise(marks)) if (a.series, a.step) == (b.series, b.step)
    )
    closed = {i for _, i in gaps[: len(marks) - target]}
    joined: list[Mark] = []
    for i, mark in enumerate(marks):
        if i - 1 in closed:
            joined[-1] = joined[-1].joined(mark)
        else:
            joined.append(mark)
    if len(joined) > target:
        by_series: dict[int, Mark] = {}
        for mark in joined:
            by_series[mark.series] = by_series[mark.series].joined(mark) if mark.series in by_series else mark
        joined = list(by_series.values())
    kept = {mark.id for mark in joined}
    clear_marks(connection, [mark.id for mark in marks if mark.id not in kept])
    for mark in joined:
        if not mark.id:
            _insert(connection, mark)


def _place(mark: Mark) -> tuple[int, int, int]:
    return mark.series, mark.step, mark.start
