"""What the console needs of the rest: who is looking. The gateway itself is behind `gateway.link`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.requests import Request

from gateway.access.principal import Principal

__all__ = ["Identity", "Note", "Who", "no_note"]


class Identity(Protocol):
    """Somebody who is signed in."""

    @property
    def name(self) -> str:
        """Who acts: goes on record with every act."""
        ...

    @property
    def principal(self) -> Principal:
        """Who that is to the gate, and for the audit log of what ends when the page may be gone."""
        ...

    def may(self, permission: str) -> bool:
        """Whether this one may: such as `alarms.act`."""
        ...


Who = Callable[[Request], Identity | None]
"""Who makes a request; None: nobody is signed in."""


class Note(Protocol):
    """Puts an act on record; given to the console by who keeps the audit log."""

    def __call__(self, request: Request, method: str, arguments: Mapping[str, Any], *, done: bool) -> Awaitable[None]:
        """`method` of the desk was asked with `arguments`; not `done`: it failed, or was not permitted."""
        ...


async def no_note(request: Request, method: str, arguments: Mapping[str, Any], *, done: bool) -> None:
    """Where there is no log: the console by itself."""
