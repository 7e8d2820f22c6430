"""What a desk's answers come from: a running gateway, or the files that one left (offices.py)."""

from collections.abc import Sequence
from typing import Any, Protocol

from gateway.clock import Clock
from gateway.config.content import EngineContent
from gateway.config.settings import Settings
from gateway.engine.engines import Engines
from gateway.engine.ledger import Ledger
from gateway.journal.inbox import Inbox
from gateway.journal.outbox import Outbox
from gateway.rows import Row
from gateway.stores.base import Store
from gateway.stores.records import RecordsStore

__all__ = ["Office"]


class Office(Protocol):
    """What stands behind the desk: a running gateway, or the files that one left."""

    inbox: Inbox
    outbox: Outbox
    clock: Clock

    @property
    def settings(self) -> Settings:
        """What is configured."""
        ...

    @property
    def records(self) -> RecordsStore:
        """records.db. Raises CommandError where it can't be read."""
        ...

    @property
    def stores(self) -> Sequence[Store]:
        """The open time-series stores, in order of preference for reads."""
        ...

    async def recorded(self) -> None:
        """Wait, some seconds at most, until records.db has what was committed by now."""
        ...

    def status(self) -> dict[str, Any]:
        """The figures of the moment, without the ledger."""
        ...

    async def take(self) -> Ledger:
        """The books, taken while no hand-over is under way."""
        ...

    async def engines(self) -> Engines:
        """The engines' state, for looking at only."""
        ...

    async def content(self) -> EngineContent:
        """The configuration that judges, or will."""
        ...

    async def submit(self, rows: Sequence[Row]) -> int:
        """Journal rows that no broker sent."""
        ...

    async def reload(self, *, check: bool) -> dict[str, Any]:
        """Read the configuration again and apply what is another, or say what that is."""
        ...

    async def adopt(self, store: str) -> dict[str, Any]:
        """Let a store that was replaced go on without what it lost."""
        ...
