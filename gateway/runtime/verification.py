"""Compare what the books call stored with what each database really holds.

    own account (DuckDB)    stored = distinct + written over + aged out, all counted in the database: exact
    none (InfluxDB)         day by day, for the UTC days of which nothing can have aged out yet:
                            stored - written over at most <= distinct <= stored

A store may write on meanwhile. It only ever gains readings, so what the books said before is the least that must be
found, and what they say after, with all that still waits, is the most that may be.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np

from gateway.engine.ledger import StoreTerms
from gateway.errors import StoreError
from gateway.journal.cursors import StoreState
from gateway.journal.day_books import DayBook
from gateway.journal.outbox import Outbox
from gateway.stores.base import Account, Store

__all__ = ["verify_store"]

_SOME_DAYS = 10
"""How many days that disagree are named."""
_AHEAD = 36_500
"""Days past the newest one in the books that are counted, too: nothing should be there."""
_WHY = (
    "late readings that wrote over a stored one, or may have (blocks sent again): "
    "the database keeps no trace of it, so that many lost ones could go unseen"
)


async def verify_store(
    outbox: Outbox, store: Store, terms: Callable[[], Awaitable[StoreTerms]]
) -> dict[str, Any] | None:
    """What `cityloom ledger --verify` says of a store; None: it was never written to.

    `terms` gives what the ledger says of the store at that moment.
    """
    before, days = await asyncio.to_thread(outbox.stored_days, store.name)
    if before is None:
        return None
    try:
        account = await store.account()
        if account is not None:
            after = await terms()
            return _by_account(account, before.stored, after.stored + after.waiting)
        first = store.kept_from()
        held = await store.count_days(first, max(days, default=0) + _AHEAD)
    except StoreError as error:
        return {"problem": error.problem, "agrees": False}
    # in this order: a block that is noted in between is allowed for twice rather than not at all
    waiting = (await terms()).waiting
    noted, days_after = await asyncio.to_thread(outbox.stored_days, store.name)
    spare = waiting + _undated(noted or before, days_after)
    return _by_day(before, days, first, held, {day: book.stored for day, book in days_after.items()}, spare)


def _by_account(account: Account, least: int, most: int) -> dict[str, Any]:
    # the file's own count, unless it can't be what the books say that the file was given
    stored = min(max(account.stored, least), most)
    missing = stored - account.distinct - account.written_over - account.aged_out
    return {
        "stored": stored, "distinct": account.distinct, "written_over": account.written_over,
        "aged_out": account.aged_out, "missing": missing, "tolerance": 0, "agrees": missing == 0,
    }  # fmt: skip


def _by_day(
    before: StoreState, days: dict[int, DayBook], first: int, held: dict[int, int], most: dict[int, int], spare: int
) -> dict[str, Any]:
    """`held` and `most` by day; `spare` are readings that may be of any day."""
    kept = {day: book for day, book in days.items() if day >= first}
    missing = {day: book.stored - book.over - held.get(day, 0) for day, book in kept.items()}
    off = {day: number for day, number in missing.items() if number > 0}
    off |= {day: most.get(day, 0) + spare - n for day, n in held.items() if n > most.get(day, 0) + spare}
    aged_out = sum(book.stored for day, book in days.items() if day < first)
    return {
        "stored": before.stored, "distinct": sum(held.values()), "aged_out": aged_out,
        "undated": _undated(before, days), "since": _date(first) if aged_out else None,
        "missing": sum(off.values()), "tolerance": sum(book.over for book in kept.values()), "tolerance_why": _WHY,
        "days_off": {_date(day): number for day, number in sorted(off.items())[:_SOME_DAYS]}, "agrees": not off,
    }  # fmt: skip


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _undated(state: StoreState, days: dict[int, DayBook]) -> int:
    """Readings that were stored before days were counted."""
    return state.stored - sum(book.stored for book in days.values())
