"""A read that can be ended while DuckDB is at it: nobody waits for the answer any more, and others wait for the thread.

event loop:   cancelled --> stop --> interrupt, again and again until the work has ended
read thread:  ....... run(db, work) ...................X  the cursor is replaced: an interrupt may have hit its end
"""

import threading
from collections.abc import Callable
from typing import TypeVar

import duckdb

__all__ = ["Running", "Stopped"]

T = TypeVar("T")


class Stopped(Exception):
    """Nobody wants to know any more."""


class Running:
    """One piece of work. `run` is called once, on its thread; `stop` from any other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._db: duckdb.DuckDBPyConnection | None = None
        self.stopped = False

    def run(self, db: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Do it. Raises Stopped where it was stopped before, and what DuckDB makes of it where it is interrupted."""
        with self._lock:
            if self.stopped:
                raise Stopped
            self._db = db
        try:
            return work(db)
        finally:
            with self._lock:  # from here on no interrupt comes, which would hit the next one's work
                self._db = None

    def stop(self) -> bool:
        """Interrupt what is under way; False: nothing is. Between two statements it has no effect: call it again."""
        with self._lock:
            self.stopped = True
            if self._db is not None:
                self._db.interrupt()
            return self._db is not None
