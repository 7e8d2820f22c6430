"""The notifications in records.db for tasks: each call is one transaction on the store's thread."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from gateway.notify import tables
from gateway.notify.model import Message, MessageState, Reminder
from gateway.notify.planner import Planner
from gateway.notify.tables import NotifyFilter

__all__ = ["NotifyBook", "Transacting"]

T = TypeVar("T")
_KEPT_NS = 90 * 86_400_000_000_000
_PAGE = 50


class Transacting(Protocol):
    """What records.db offers: a transaction, or a look, on its thread. Raises Retry or Halt."""

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> Awaitable[T]:
        """Run `work` inside a transaction; what it raises undoes it."""
        ...


class NotifyBook:
    """Any task may call it."""

    def __init__(self, records: Transacting) -> None:
        self._records = records

    async def ready(self) -> None:
        """Make the tables where there are none."""
        await self._records.transact(_make)

    async def open(self) -> None:
        """Make ready to plan; a new book begins with what comes from now on."""

        def work(db: sqlite3.Connection) -> None:
            _make(db)
            tables.start_at_newest(db)

        await self._records.transact(work)

    async def round(self, planner: Planner, now: int, reminders: Sequence[Reminder] = ()) -> tuple[list[str], bool]:
        """See Planner.round."""
        return await self._records.transact(lambda db: planner.round(db, now, reminders))

    async def prune(self, now: int) -> int:
        """Forget what is done since three months."""
        return await self._records.transact(lambda db: tables.prune(db, now - _KEPT_NS))

    async def waiting(self, channel: str, but: Sequence[str] = ()) -> list[Message]:
        """The oldest messages that a channel has to send; `but`: not these."""
        return await self._records.transact(lambda db: tables.next_messages(db, channel, _PAGE, but))

    async def fail_channel(self, channel: str, now: int) -> None:
        """What waits for a channel that is gone."""
        problem = "the channel is no longer configured"
        await self._records.transact(lambda db: tables.fail_channel(db, channel, now, problem))

    async def attempt(self, message: str, now: int) -> None:
        """It is about to be sent."""
        await self._records.transact(lambda db: tables.mark_attempt(db, message, now))

    async def outcome(self, message: str, state: MessageState, now: int, problem: str = "") -> None:
        """What came of it."""
        await self._records.transact(lambda db: tables.mark_outcome(db, message, state, now, problem))

    async def find(self, which: NotifyFilter) -> list[Message]:
        """Messages, the newest first."""
        return await self._records.transact(lambda db: tables.find_messages(db, which))

    async def counts(self) -> dict[str, int]:
        """Messages by state."""
        return await self._records.transact(tables.count_messages)

    async def put_back(self, message: str, now: int) -> bool:
        """Send a failed message again."""
        return await self._records.transact(lambda db: tables.put_back(db, message, now))


def _make(db: sqlite3.Connection) -> None:
    for statement in tables.NOTIFY_SCHEMA:
        db.execute(statement)
