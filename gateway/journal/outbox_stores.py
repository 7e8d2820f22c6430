"""The stores' side of the outbox: who gets its blocks, how far each has come, and what it refused.

A store that is registered holds the blocks after its cursor; one that is forgotten holds nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from gateway.engine.results import Reject, StepResult
from gateway.errors import JournalFull
from gateway.journal.blocks import encode
from gateway.journal.cursors import StoreState, put_store, store_states
from gateway.journal.day_books import DayBook, add_days, days_of, forget_days
from gateway.journal.lost_hours import LostHour, add_lost_span, copy_lost, lost_hours
from gateway.journal.outbox_file import OutboxFile, write_bytes_of

__all__ = ["OutboxStores"]


class OutboxStores(OutboxFile):
    """A part of the outbox."""

    def register_store(self, name: str, position: int | None = None, dropped: int | None = None) -> None:
        """Make a store known, unless it is; from then on blocks after its cursor are kept.

        Args:
            name: the store's.
            position: its cursor; None: the oldest block that is held is its first.
            dropped: readings of earlier blocks, which it will never get; None: all of them. What was dropped of later
                blocks comes on top.

        Raises:
            JournalMixedUp: `position` lies outside of what is held.
        """
        with self._lock:
            if self.cursor(name) is not None:
                return
            position = self.begin_position if position is None else position
            dropped = self.readings_upto(position) if dropped is None else dropped
            self._check_held(position)
            self._check_reached(name, position)
            gone = self._held_between(position, self.last_position).dropped
            with self._db.transaction("cursor") as connection:
                put_store(connection, StoreState(name, position, dropped=dropped + gone))
                if gone:
                    # of whom these were is known by hour only
                    copy_lost(connection, name)

    def settle_store(self, name: str) -> None:
        """The store has told how far it is: what an earlier process gave it is no longer open, and it gets blocks."""
        with self._lock:
            self._settled.add(name)
            self._note_write_bytes(self.write_bytes)

    def set_quota(self, quota_bytes: int) -> None:
        """How many bytes of the file's pages may be in use from now on.

        `write_bytes` never gets less: a store may be taking as much just now, and that must not be dropped.
        """
        with self._lock:
            self.quota_bytes = quota_bytes
            more = max(self.write_bytes, write_bytes_of(quota_bytes))
            # a full disk: writes stay as large as they are
            with suppress(JournalFull):
                if self._settled:
                    self._note_write_bytes(more)
                self.write_bytes = more

    def _note_write_bytes(self, most: int) -> None:
        """Durable before a store gets so much: should we die in its write, the next process must spare all of that."""
        if any(state.name not in self._settled for state in self.stores()):
            most = max(most, self._state.write_bytes)
        if most != self._state.write_bytes:
            noted = msgspec.structs.replace(self._state, write_bytes=most)
            with self._db.transaction("cursor") as connection:
                self._db.put_state(connection, noted)
            self._state = noted

    def forget_store(self, name: str) -> None:
        """Keep nothing for this store any longer."""
        with self._lock, self._db.transaction("cursor") as connection:
            connection.execute("DELETE FROM store WHERE name = ?", (name,))
            forget_days(connection, name)

    def stores(self) -> list[StoreState]:
        """All registered stores, by name."""
        with self._db.reading() as connection:
            return store_states(connection)

    def cursor(self, store: str) -> StoreState | None:
        """One store; None: not registered."""
        return next((state for state in self.stores() if state.name == store), None)

    def stored_days(self, store: str) -> tuple[StoreState | None, dict[int, DayBook]]:
        """A store, and the days of what it stored where they are counted: of one moment."""
        with self._db.reading() as connection:
            state = next((state for state in store_states(connection) if state.name == store), None)
            return state, days_of(connection, store)

    def lost_hours(self, store: str) -> dict[int, LostHour]:
        """Hours (counted from 1970-01-01, UTC) of which readings were dropped before the store had them."""
        with self._db.reading() as connection:
            return lost_hours(connection, store)

    def advance(
        self, store: str, position: int, stored_delta: int, refused_delta: int, dropped_delta: int = 0,
        rejects: Sequence[Reject] = (), days: Mapping[int, DayBook] | None = None,
    ) -> int | None:  # fmt: skip
        """Note that `store` has everything up to `position`, with the dead letters of the points that it refused.

        `days`: the UTC days of what it stored, where it keeps no count of its own.

        Returns the position of the block with the dead letters, None if there are none. No quota applies: advancing
        is what makes room.

        Raises:
            JournalMixedUp: the store is ahead of the outbox.
            ValueError: the store is not registered, or would go back.
        """
        with self._lock:
            state = self.cursor(store)
            if state is None or position < state.position:
                raise ValueError(f"store {store} can't move to {position} from {state}")
            self._check_reached(store, position)
            moved = StoreState(
                store, position, state.stored + stored_delta, state.refused + refused_delta,
                state.dropped + dropped_delta, state.halted,
            )  # fmt: skip
            result = StepResult(rejects=rejects)
            body = encode(result) if rejects else b""
            with self._db.transaction("cursor") as connection:
                put_store(connection, moved)
                add_days(connection, store, days or {})
                appended = self._appended(connection, "refusals", body)
            return self._moved(appended, body, result)

    def replace_store(self, state: StoreState, lost: Iterable[tuple[int, int, int]] = ()) -> None:
        """Put what is known of a store right, as after a salvage of its file. Nothing may be writing to it.

        `lost`: readings that it has no more, and the times that they lie between.
        """
        with self._lock, self._db.transaction("cursor") as connection:
            put_store(connection, state)
            for readings, first, last in lost:
                add_lost_span(connection, state.name, readings, first, last)

    def set_halted(self, store: str, reason: str) -> None:
        """Note why a store waits for an operator ("": it no longer does), so that it can be told while nothing runs."""
        with self._lock:
            state = self.cursor(store)
            if state is None:
                raise ValueError(f"store {store} is not registered")
            with self._db.transaction("cursor") as connection:
                put_store(connection, msgspec.structs.replace(state, halted=reason))
