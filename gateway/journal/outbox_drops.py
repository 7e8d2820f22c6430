"""How room is made where the quota is used up: blocks that wait are packed, and if need be readings are dropped.

    store A       |==========|-- next write --|......... packed, then dropped for A .........|
    store B       |==============================================|-- next write --|
    blocks        oldest                                                      newest

Packed, a block says the same in a fifth of the room. Dropping takes the oldest readings that no store is about to take
out of their blocks, and counts them `dropped` of every store that had not come so far, in one transaction. All else in
the blocks stays. What a store gets with its next write is left alone: it may be on its way, and after a crash nobody
knows how far it came. Until a store says so, that is as much as the process before gave at once, by its quota.
"""

from collections.abc import Callable, Collection, Iterator
from sqlite3 import Connection
from typing import NamedTuple

import msgspec
import numpy as np

from gateway.journal.block_queue import pack_block, thick_blocks, thin_block, unpacked_blocks, write_end
from gateway.journal.cursors import StoreState, put_store, store_states
from gateway.journal.lost_hours import add_lost
from gateway.journal.outbox_stores import OutboxStores

__all__ = ["Dropped", "OutboxDrops"]

_SLICE_BLOCKS = 256
_SLICE_BYTES = 8 << 20
_Wanted = Callable[[Connection, int], Iterator[tuple[int, int]]]


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
    """A part of the outbox. Works in slices: calls and stores must not wait long."""

    def pack_blocks(self, goal_bytes: int, spare_readings: int) -> None:
        """Pack the oldest blocks that wait until no more than `goal_bytes` of the file are used, or all are packed.

        `spare_readings`: how many readings a store takes in one write, at most: those are not worth it.
        """
        after = 0
        while self.bytes_used > goal_bytes:
            with self._lock:
                _, found = self._oldest(unpacked_blocks, after, spare_readings)
                if not found:
                    break
                with self._db.transaction("pack") as connection:
                    for position in found:
                        pack_block(connection, self._path, position)
            after = found[-1]

    def drop_readings(
        self, goal_bytes: int, spare_readings: int, spare_stores: Collection[str] = ()
    ) -> dict[str, Dropped]:
        """Take out the oldest readings until no more than `goal_bytes` are used, or nothing more can go.

        Args:
            goal_bytes: bytes of the file's pages in use.
            spare_readings: how many readings a store takes in one write, at most: those stay.
            spare_stores: what these lack stays, too: they are about to take it.

        Returns:
            What each store lost.
        """
        out: dict[str, Dropped] = {}
        after = 0
        while self.bytes_used > goal_bytes:
            with self._lock:
                states, found = self._oldest(thick_blocks, after, spare_readings, spare_stores)
                if not found:
                    break
                lost = self._thin(states, found)
            after = found[-1]
            out |= {name: each.joined(out.get(name)) for name, each in lost.items()}
        return out

    def _oldest(
        self, wanted: _Wanted, after: int, spare_readings: int, spare_stores: Collection[str] = ()
    ) -> tuple[list[StoreState], list[int]]:
        """The stores; and the next slice of the `wanted` blocks that some store lacks and none is about to take."""
        with self._db.reading() as connection:
            states = store_states(connection)
            kept = sorted(
                (state.position,
                 self.last_position if state.name in spare_stores
                 else write_end(connection, state.position, spare_readings, self._on_its_way(state.name)))
                for state in states
            )  # fmt: skip
            return states, self._between(connection, wanted, after, kept) if kept else []

    def _on_its_way(self, store: str) -> int:
        """Bytes that a store may have been given and not told of, at most."""
        return self.write_bytes if store in self._settled else max(self.write_bytes, self._state.write_bytes)

    def _between(self, connection: Connection, wanted: _Wanted, after: int, kept: list[tuple[int, int]]) -> list[int]:
        out: list[int] = []
        size = 0
        after = max(after, kept[0][0])
        for begin, end in [*kept, (self.last_position, self.last_position)]:
            for position, length in wanted(connection, after):
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
