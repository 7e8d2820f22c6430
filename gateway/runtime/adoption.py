"""Go on with a store that was deleted, emptied or put back from an older copy: what it lost is counted as dropped."""

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.errors import CommandError, StoreError
from gateway.journal.day_books import DayBook
from gateway.journal.outbox import Outbox
from gateway.stores.base import Block, BlockStore, Store
from processors.columns import AggregateBatch, FlagRewrites, ReadingBatch

__all__ = ["adopt"]

_EVER = 100_000
"""Days."""


async def adopt(outbox: Outbox, name: str, store: BlockStore | None) -> dict[str, Any]:
    """Register `store` anew where it really is. Nothing may be writing to it.

    Args:
        outbox: the journal's.
        name: the store's.
        store: the store itself; None: it can't be opened.

    Raises:
        CommandError: it can't be adopted: unknown, not reachable, of another journal or ahead of this one.
    """
    state = outbox.cursor(name)
    if state is None:
        names = ", ".join(each.name for each in outbox.stores()) or "none"
        raise CommandError(f"No store {name!r} was ever written to.", f"Known are: {names}.", 2)
    if store is None:
        raise CommandError(
            f"Store {name!r} can't be opened.", "Make it reachable first; `cityloom run` says what it lacks."
        )
    try:
        there = await store.open()
        if there is not None and there.journal_id != outbox.journal_id:
            raise CommandError(
                f"{name} holds the data of another journal ({there.journal_id[:8]}, ours is {outbox.journal_id[:8]}).",
                "Only an empty store or a copy of our own can be adopted: move this one away.",
            )
        if there is not None and there.position > outbox.last_position:
            raise CommandError(
                f"{name} has block {there.position}, but the outbox ends at {outbox.last_position}.",
                "The data folder is the older copy: put back the newest one.",
            )
        begin, stored, days = outbox.begin_position, 0, dict[int, DayBook]()
        if there is not None and there.stored >= 0:
            begin, stored = max(begin, there.position), there.stored
            if begin > there.position:
                # what lay between is gone for good; from here on the store counts on without a gap
                empty = ReadingBatch.empty(), FlagRewrites.empty(), AggregateBatch.empty()
                await store.write(Block(outbox.journal_id, begin, *empty, []))
        elif there is not None:
            begin, days = max(begin, state.position), await _held(store)
            stored = sum(book.stored for book in days.values())
    except StoreError as error:
        raise CommandError(error.problem, error.remedy) from error
    dropped = outbox.readings_upto(begin) - stored
    if dropped < 0:
        raise CommandError(
            f"{name} holds {stored} readings, {-dropped} more than this journal can have given it.",
            "The data folder is the older copy: put back the newest one.",
        )
    await asyncio.to_thread(_register, outbox, name, begin, stored, dropped, days)
    return {"store": name, "from_block": begin, "stored": stored, "dropped": dropped}


async def _held(store: BlockStore) -> dict[int, DayBook]:
    """Readings in a store that keeps no count of its own, by UTC day."""
    counts: Store = store  # type: ignore[assignment]  # whoever keeps none is a time-series store
    return {day: DayBook(number) for day, number in (await counts.count_days(-_EVER, _EVER)).items()}


def _register(outbox: Outbox, name: str, begin: int, stored: int, dropped: int, days: Mapping[int, DayBook]) -> None:
    outbox.forget_store(name)
    outbox.register_store(name, begin, 0)
    outbox.advance(name, begin, stored, 0, dropped, days=days)
