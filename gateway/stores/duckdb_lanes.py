"""Reads of the embedded store side by side: a lane is a thread, its own cursor, and the numbers of series it has met.

read --> the lane with the fewest before it --> thread --> cursor: whole transactions only

With one lane a chart of a day would hold up the newest value of a device.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import duckdb

from gateway.errors import Halt
from gateway.stores.base import SeriesId
from gateway.stores.duckdb_errors import NOT_OPEN
from gateway.stores.duckdb_reads import numbers_of
from gateway.stores.duckdb_running import Running

__all__ = ["Lane"]

T = TypeVar("T")

_MOST_MET = 20_000
"""Some 4 MB."""


class Lane:
    """`thread` is given work by the event loop; everything else happens on it, but for `open`, before there is any."""

    def __init__(self, name: str) -> None:
        self.thread = ThreadPoolExecutor(1, name)
        self.waiting = 0
        """Reads that were given to it and are not done; the event loop's."""
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._met: dict[SeriesId, int] = {}

    @property
    def db(self) -> duckdb.DuckDBPyConnection:
        """Its cursor. Raises Halt: the file is not open."""
        if self._cursor is None:
            raise Halt("The DuckDB file is not open.", NOT_OPEN)
        return self._cursor

    def open(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Have a cursor of a file that is open."""
        self._cursor = cursor

    def close(self) -> None:
        """Let go of it. Idempotent."""
        self._met.clear()
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None

    def run(self, running: Running, work: Callable[["Lane"], T], anew: Callable[[], duckdb.DuckDBPyConnection]) -> T:
        """Do it; where it was stopped, go on with the cursor that `anew` makes: a transaction may still be open."""
        cursor = self.db
        try:
            return running.run(cursor, lambda _: work(self))
        finally:
            if running.stopped:
                self._cursor = None
                cursor.close()
                with suppress(Halt):  # it was closed meanwhile
                    self._cursor = anew()

    def numbers_of(self, series: Sequence[SeriesId]) -> dict[SeriesId, int]:
        """As in `duckdb_reads`; a number never changes, and the same series are asked for again and again."""
        wanted = dict.fromkeys(series)
        if new := [name for name in wanted if name not in self._met]:
            found = numbers_of(self.db, new)
            if len(self._met) + len(found) > _MOST_MET:
                self._met.clear()
                found = numbers_of(self.db, series)
            self._met |= found
        return {name: self._met[name] for name in wanted if name in self._met}
