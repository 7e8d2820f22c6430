"""The notifications part of the desk: what was told, what waits, what failed; and trying once more."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.errors import CommandError, Missing, StoreError
from gateway.notify.book import NotifyBook
from gateway.notify.model import Message, MessageState
from gateway.notify.tables import NotifyFilter
from gateway.runtime.office import Office

__all__ = ["NOTIFY_METHODS", "NotifyDesk"]

NOTIFY_METHODS = frozenset({"notifications", "retry_notifications"})
_MOST = 1_000


class NotifyDesk:
    """Made by Desk."""

    _office: Office
    _notify_book: NotifyBook | None = None

    async def notifications(
        self, state: str = "", channel: str = "", id: str = "", limit: int = 100,  # noqa: A002
        zones: Sequence[str] = (), before: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Messages, the newest first, and how many there are in each state. `before`: older than this one."""
        if state and state not in {str(each) for each in MessageState}:
            raise CommandError(f"There is no state {state!r}.", f"There are {', '.join(sorted(MessageState))}.", 2)
        book = await self._book()
        found = await book.find(NotifyFilter(id, state, channel, zones, before, min(limit, _MOST)))
        return {"notifications": [_plain(message) for message in found], "states": await book.counts()}

    async def retry_notifications(self, ids: list[str]) -> dict[str, Any]:
        """Send failed messages again, now or when the gateway starts.

        Raises:
            CommandError: one of them is unknown or has not failed; then none is.
        """
        book = await self._book()
        messages = []
        for name in ids:
            found = await book.find(NotifyFilter(id=name, limit=2)) if name.isalnum() else []
            if len(found) != 1:
                problem = f"There is no message {name!r}." if not found else f"More than one message is {name!r}."
                raise (Missing if not found else CommandError)(problem, "`cityloom notifications list` shows them.", 1)
            if found[0].state != MessageState.FAILED:
                raise CommandError(f"Message {name} is {found[0].state}.", "Only what has failed can be sent again.", 1)
            messages.append(found[0].id)
        for message in messages:
            await book.put_back(message, self._office.clock.now())
        return {"retried": len(messages), "running": bool(self._office.status()["running"])}

    async def _notify_figures(self) -> dict[str, Any] | None:
        """Messages by state; None: records.db can't be read."""
        try:
            return {"states": await (await self._book()).counts(), **self._office.status().get("notify", {})}
        except (StoreError, CommandError):
            return None

    async def _book(self) -> NotifyBook:
        if self._notify_book is None:
            book = NotifyBook(self._office.records)
            await book.ready()
            self._notify_book = book
        return self._notify_book


def _plain(message: Message) -> dict[str, Any]:
    return {**msgspec.to_builtins(msgspec.structs.asdict(message)), "items": [
        msgspec.structs.asdict(item) for item in message.items
    ]}  # fmt: skip
