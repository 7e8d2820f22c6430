"""Which open day's rows are worth laying by series, and when: days that are read from, a run between two blocks.

read thread:   ask(start, end)
write thread:  work(db, stored)

Of a day that nobody reads from nothing is sorted: a run costs half a microsecond a reading.
"""

from contextlib import suppress

import duckdb

from gateway.stores.duckdb_runs import RUN_ROWS, loose_rows, sort_some
from gateway.stores.duckdb_tables import DAY, day_tables, transaction

__all__ = ["Sorter"]

_LEAST_SPAN = 3_600_000_000_000
"""Of less than an hour row groups are passed over by time."""
_MOST_DAYS = 3
"""Of a span: those before are merged in the quiet hours."""


class Sorter:
    """Of one file; `ask` and `work` on any threads, `work` on one at a time."""

    def __init__(self, run_rows: int = RUN_ROWS) -> None:
        self._run_rows = run_rows
        self._asked: set[int] = set()
        self._look_at: dict[int, int] = {}
        """Day -> how many readings are stored when it may have enough loose rows."""

    @property
    def idle(self) -> bool:
        """Nobody has asked."""
        return not self._asked

    def ask(self, start: int, end: int) -> None:
        """Readings from start to end (UTC ns) were read."""
        if end - start >= _LEAST_SPAN:
            last = (end - 1) // DAY
            self._asked.update(range(max(start // DAY, last - _MOST_DAYS + 1), last + 1))

    def work(self, db: duckdb.DuckDBPyConnection, stored: int) -> None:
        """Make a run, where a day that was asked for has rows for one. `stored`: readings so far.

        Trouble is left to the next block's write, which tells it: nothing has changed then.
        """
        with suppress(duckdb.Error):
            days = set(day_tables(db))
            for day in sorted(self._asked, reverse=True):
                if day in days and stored >= self._look_at.get(day, 0) and self._made(db, day, stored):
                    return  # one between two blocks
                self._asked.discard(day)
        # what failed is not tried again until as much has come once more
        self._look_at |= {day: max(self._look_at.get(day, 0), stored + self._run_rows) for day in self._asked}
        self._asked.clear()

    def _made(self, db: duckdb.DuckDBPyConnection, day: int, stored: int) -> bool:
        loose = loose_rows(db, day)
        if loose < self._run_rows:
            self._look_at[day] = stored + self._run_rows - loose
            return False
        with transaction(db):
            sort_some(db, day, self._run_rows)
        return True
