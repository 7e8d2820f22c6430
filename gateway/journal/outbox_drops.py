"""What goes when the quota is used up and the operator would rather lose readings than stand still.

    store A       |==========|-- next write --|......... dropped for A .........|
    store B       |==============================================|-- next write --|
    blocks        oldest                                                      newest

The oldest readings that no store is about to take are taken out of their blocks, and counted `dropped` of every store
that had not come so far, in one transaction. All else in the blocks stays. What a store gets with its next write is
left alone: it may be on its way, and after a crash nobody knows how far it came.
"""

from sqlite3 import Connection
from typing import NamedTuple

import msgspec
import numpy as np

from gateway.journal.block_queue import block_sizes, thin_block, write_end
from gateway.journal.cursors import StoreState, put_store, store_states
from gateway.journal.lost_hours import add_lost
from gateway.journal.outbox_stores import OutboxStores

__all__ = ["Dropped", "OutboxDrops"]

_SLICE_BLOCKS = 256
_SLICE_BYTES = 8 << 20


class Dropped(NamedTuple):
    """Readings that a store will never get."""

    readings: int
    first: int
    """Time of the oldest, UTC ns."""
    last: int
    """And of the newest."""

    def joined(self, other: "Dropped | None") -> "Dropped":
        """Both."""
        if other is None:
            return self
        return Dropped(self.readings + other.readings, min(self.first, other.first), max(self.last, other.last))


class OutboxDrops(OutboxStores):
    """A part of the outbox."""

    def drop_readings(self, goal_bytes: int, spare_readings: int) -> dict[str, Dropped]:
        """Take out the oldest readings until no more than `goal_bytes` are used, or nothing more can go.

        In slices: calls and stores must not wait long.

        Args:
            goal_bytes: bytes of the file's pages in use.
            spare_readings: how many readings a store takes in one write, at most: those stay.

        Returns:
            What each store lost.
        """
        out: dict[str, Dropped] = {}
        after = 0
        while self.bytes_used > goal_bytes:
            with self._lock:
                with self._db.reading() as connection:
                    states = store_states(connection)
                    found = self._droppable(connection, states, after, spare_readings)
                if not found:
                    break
                lost = self._thin(states, found)
            after = found[-1]
            out |= {name: each.joined(out.get(name)) for name, each in lost.items()}
        return out

    def _droppable(
        self, connection: Connection, states: list[StoreState], after: int, spare_readings: int
    ) -> list[int]:
        """Positions of the oldest blocks that have readings which some store lacks and none is about to take."""
        out: list[int] = []
        if not states:
            return out
        size = 0
        kept = sorted(
            (state.position, write_end(connection, state.position, spare_readings, self.write_bytes))
            for state in states
        )
        after = max(after, kept[0][0])
        for begin, end in [*kept, (self.last_position, self.last_position)]:
            for position, length in block_sizes(connection, after):
                if position > begin:
                    break
                size += length
                if out and (size > _SLICE_BYTES or len(out) == _SLICE_BLOCKS):
                    return out
                out.append(position)
            after = max(after, end)
        return out

    def _thin(self, states: list[StoreState], positions: list[int]) -> dict[str, Dropped]:
        with self._db.transaction("drop") as connection:
            times = [thin_block(connection, self._path, position).ts for position in positions]
            lost: dict[str, Dropped] = {}
            for state in states:
                mine = [ts for position, ts in zip(positions, times, strict=True) if position > state.position]
                if not mine:
                    continue
                ts = np.concatenate(mine)
                lost[state.name] = Dropped(len(ts), int(ts.min()), int(ts.max()))
                put_store(connection, msgspec.structs.replace(state, dropped=state.dropped + len(ts)))
                add_lost(connection, state.name, ts)
        self._recent.forget(positions[-1])
        return lost
