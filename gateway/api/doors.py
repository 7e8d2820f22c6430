"""What every route is given: the link to the gateway, who asks, and the right to ask it.

    @router.get("/devices", dependencies=...)
    async def devices(link: LinkOf, who: Annotated[Principal, needs(Permission.DEVICES_READ)]) -> ...

Each route names its permission by `needs`: a test reads it from the routes, and one without it fails. Lists are
narrowed to the token's zones by `zones_of`, one thing is hidden by `zone_of`; what is in no zone needs the whole city.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, FastAPI, WebSocketException, status
from starlette.requests import HTTPConnection

from gateway.access.principal import WHOLE_CITY, Principal, may, within
from gateway.access.roles import Permission
from gateway.api.problems import Problem
from gateway.link.link import Link

__all__ = [
    "Gatekeeper",
    "LinkOf",
    "Needs",
    "also_needs",
    "install_state",
    "link_of",
    "needs",
    "open_to_all",
    "permission_of",
    "signed_in",
    "zone_of",
    "zones_of",
]


class Gatekeeper(Protocol):
    """Knows who asks: by bearer token or session."""

    def who(self, connection: HTTPConnection) -> Principal:
        """Raises Problem where nobody is shown, or a token that does not count."""
        ...

    def still(self, connection: HTTPConnection) -> bool:
        """Whether what a stream was opened with counts yet; no try of anybody, so nothing is noted."""
        ...

    def denied(self, connection: HTTPConnection, who: Principal, permission: Permission) -> None:
        """Note a try that was refused."""
        ...


class Needs:
    """A dependency that lets through who has `permission`; None: whoever is signed in. `whole_city`: and is not
    narrowed to zones. `everybody`: those who show nothing, too.
    """

    def __init__(
        self, permission: Permission | None, *, whole_city: bool = False, everybody: bool = False
    ) -> None:  # fmt: skip
        self.permission, self.whole_city, self.everybody = permission, whole_city, everybody

    def __call__(self, connection: HTTPConnection) -> Principal | None:
        """Who asks."""
        if self.everybody:
            return None
        try:
            return self._let_through(connection)
        except Problem as problem:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(status.WS_1008_POLICY_VIOLATION, problem.detail) from problem
            raise

    def _let_through(self, connection: HTTPConnection) -> Principal:
        keeper, permission = cast(Gatekeeper, connection.app.state.gatekeeper), self.permission
        who = keeper.who(connection)
        if permission is not None and not may(who, permission):
            keeper.denied(connection, who, permission)
            raise _lacks(who, permission)
        if permission is not None and self.whole_city and not may(who, permission, WHOLE_CITY):
            keeper.denied(connection, who, permission)
            raise Problem(
                "not-permitted", f"{who.name!r} is for {', '.join(who.zones)} only: that takes the whole city.",
                "Ask an administrator for a token of the whole city.",
            )  # fmt: skip
        connection.state.who = who
        return who


def needs(permission: Permission, *, whole_city: bool = False) -> Any:
    """For `Annotated[Principal, needs(...)]`."""
    return Depends(Needs(permission, whole_city=whole_city))


async def also_needs(connection: HTTPConnection, who: Principal, permission: Permission) -> None:
    """What a part of a question needs besides. Raises Problem (403)."""
    if not may(who, permission):
        await asyncio.to_thread(cast(Gatekeeper, connection.app.state.gatekeeper).denied, connection, who, permission)
        raise _lacks(who, permission)


def signed_in() -> Any:
    """For what everybody may ask who shows a token or a session: about themselves."""
    return Depends(Needs(None))


def open_to_all() -> Any:
    """For routes without secrets: whether the service lives, its documentation."""
    return Depends(Needs(None, everybody=True))


def _lacks(who: Principal, permission: Permission) -> Problem:
    return Problem(
        "not-permitted", f"{who.name!r} ({who.role}) may not do that: it takes {permission}.",
        "Ask an administrator for a token that may.",
    )  # fmt: skip


def permission_of(dependant: Any) -> Needs | None:
    """The rule of a route (`route.dependant`), or None where it has none."""
    for each in dependant.dependencies:
        if isinstance(each.call, Needs):
            return each.call
        found = permission_of(each)
        if found is not None:
            return found
    return None


def link_of(connection: HTTPConnection) -> Link:
    """The link of this application."""
    return cast(Link, connection.app.state.link)


LinkOf = Annotated[Link, Depends(link_of)]


def zone_of(who: Principal, zone: str, what: str) -> None:
    """Refuse what lies in a zone that `who` has no say in; it is as if it were not there."""
    if who.zones and zone not in who.zones:
        raise Problem("not-there", f"There is no {what}.", "Lists tell what there is.")


def zones_of(who: Principal, zones: Sequence[str]) -> tuple[str, ...] | None:
    """To which zones a list is narrowed: what was asked for and what `who` may see. None: all of them."""
    return within(who, zones)


def install_state(app: FastAPI, link: Link, gatekeeper: Gatekeeper, **more: Any) -> None:
    """What the dependencies find."""
    app.state.link, app.state.gatekeeper = link, gatekeeper
    for name, value in more.items():
        setattr(app.state, name, value)
