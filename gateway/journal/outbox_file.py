"""The file of the outbox as all its parts see it: running figures, the lock, appending blocks, what is checked.

Any thread may call anything: writes wait for each other, reads have a connection of their own.
"""

import threading
from pathlib import Path
from sqlite3 import Connection

import msgspec

from gateway.engine.results import StepResult
from gateway.errors import JournalCorrupt, JournalMixedUp
from gateway.journal.block_queue import Held, count_readings, put_block
from gateway.journal.kept import totals
from gateway.journal.recent_blocks import RecentBlocks
from gateway.journal.sqlite import RESTORE, SALVAGE, Database, Fault, no_fault, read_state

__all__ = ["OutboxFile", "OutboxState", "write_bytes_of"]

_RECENT_BYTES = 16 << 20
_WRITE_BYTES = 64 << 20
_WRITES_A_QUOTA = 4


class OutboxState(msgspec.Struct):
    """The row of running figures."""

    last_step: int = 0
    processed_offset: int = 0
    last_position: int = 0
    begin_position: int = 0
    """Blocks after this position are held."""
    series: int = 0
    trimmed_readings: int = 0
    """Readings of the blocks that are held no longer, counted when they were trimmed."""
    write_bytes: int = 0
    """What a store may have been given at once that has not told since how far it came; 0: by the present quota."""


class OutboxFile:
    """What outbox.py and outbox_stores.py are made on."""

    def __init__(
        self, path: Path, journal_id: str, quota_bytes: int, *, max_marks: int = 10_000, fault: Fault = no_fault
    ) -> None:
        self.journal_id = journal_id
        self.quota_bytes = quota_bytes
        self.write_bytes = write_bytes_of(quota_bytes)
        """Bytes of the blocks that a store gets at once, at most, but for a single one that has more."""
        self._settled: set[str] = set()
        """Stores that have told this process how far they are."""
        self.bytes_appended = 0
        """Bytes of blocks appended since the file was opened: the rate at which the quota is used up."""
        self._path = path
        self._max_marks = max_marks
        self._recent = RecentBlocks(_RECENT_BYTES)
        self._db = Database(path, fault)
        self._lock = threading.RLock()
        try:
            with self._db.reading() as connection:
                self._state = read_state(connection, OutboxState, path)
                self._ledger = totals(connection)
                self._check_ends(connection)
        except BaseException:
            self.close()
            raise

    @property
    def last_step(self) -> int:
        """The newest recorded call; 0: none yet."""
        return self._state.last_step

    @property
    def processed_offset(self) -> int:
        """Inbox rows below this one have been processed."""
        return self._state.processed_offset

    @property
    def last_position(self) -> int:
        """Position of the newest block; 0: none yet."""
        return self._state.last_position

    @property
    def begin_position(self) -> int:
        """Blocks after this position are held; older ones every store has."""
        return self._state.begin_position

    @property
    def series_count(self) -> int:
        """How many series have a name; indices are dense from 0."""
        return self._state.series

    @property
    def bytes_used(self) -> int:
        """Bytes of the quota in use."""
        return self._db.bytes_used

    def fits(self, more: int) -> bool:
        """Whether a block of so many bytes fits in the quota."""
        return self._db.fits(more, self.quota_bytes)

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._db.close()

    def readings_between(self, after: int, upto: int) -> int:
        """Readings in the blocks with after < position <= upto, counted from what is there; not those dropped."""
        return self._held_between(after, upto).left

    def readings_upto(self, position: int) -> int:
        """Readings in all the blocks up to `position` that there ever were, counted from what is there and was."""
        with self._lock:
            return self._state.trimmed_readings + sum(self._held_between(self.begin_position, position))

    def _held_between(self, after: int, upto: int) -> Held:
        self._check_held(after)
        with self._db.reading() as connection:
            # of the same view: blocks may have been trimmed since it was looked what is held
            state = read_state(connection, OutboxState, self._path)
            return count_readings(
                connection, self._path, max(after, state.begin_position), min(upto, state.last_position)
            )

    def _appended(self, connection: Connection, kind: str, body: bytes) -> OutboxState:
        if not body:
            return self._state
        state = msgspec.structs.replace(self._state, last_position=self._state.last_position + 1)
        put_block(connection, state.last_position, kind, 0, body)
        self._db.put_state(connection, state)
        return state

    def _moved(self, state: OutboxState, body: bytes, result: StepResult) -> int | None:
        if body:
            self._recent.put(state.last_position, len(body), result)
        self._state = state
        self.bytes_appended += len(body)
        return state.last_position if body else None

    def _check_held(self, position: int) -> None:
        if position < self.begin_position:
            raise JournalMixedUp(
                f"{self._path}: blocks up to {self.begin_position} were trimmed, those after {position} are wanted.",
                f"{RESTORE}, or let the store start at {self.begin_position} without the older ones.",
            )

    def _check_reached(self, store: str, position: int) -> None:
        if position > self.last_position:
            raise JournalMixedUp(
                f"{store} has block {position}, but {self._path} ends at {self.last_position}: it is an older copy.",
                f"{RESTORE} that is not older than the store.",
            )

    def _check_ends(self, connection: Connection) -> None:
        state = self._state
        for query, end in (
            ("SELECT max(step) FROM step", state.last_step),
            ("SELECT max(position) FROM block", state.last_position),
            ("SELECT max(series) FROM series", state.series - 1),
        ):
            newest = connection.execute(query).fetchone()[0]
            if newest is not None and newest != end:
                raise JournalCorrupt(f"{self._path} ends at {newest} and not at {end} ({query}).", SALVAGE)


def write_bytes_of(quota_bytes: int) -> int:
    """Bytes of the blocks that a store gets at once, at most, by the quota."""
    return min(_WRITE_BYTES, quota_bytes // _WRITES_A_QUOTA)
