"""What `cityloom api` serves: the API, and the console on the same application; both by one gate.

The console shows the whole city: it is for tokens that may look everywhere. Those that are narrowed to zones, or to a
few permissions, are for applications.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from gateway.access.audit_chain import Outcome
from gateway.access.desk_rules import act_of
from gateway.access.gate import Gate
from gateway.access.principal import Principal, may
from gateway.access.roles import PERMISSIONS, Permission, Role
from gateway.api.app import make_app
from gateway.api.gatekeeper import COOKIE, GateKeeper, address_of
from gateway.console.attach import attach
from gateway.errors import AccessError, NotAllowed, StoreError
from gateway.link.link import Link

__all__ = ["make_web_app"]


_OTHERS = frozenset({"cross-site", "same-site"})
"""Whose forms could sign somebody in with a token that isn't theirs, so that they act in another's name. Browsers say
it over https and on the machine itself; unlike Origin it needs no proxy that keeps Host.
"""


def make_web_app(link: Link, gate: Gate) -> FastAPI:
    """Once a process."""
    app = make_app(link, GateKeeper(gate))
    doors = ConsoleDoors(gate)
    attach(app, link, doors.who, sessions=doors, note=doors.note, gate=gate, press=app.state.press)
    return app


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in, as the console knows them."""

    principal: Principal

    @property
    def name(self) -> str:
        """Who acts."""
        return self.principal.name

    def may(self, permission: str) -> bool:
        """Whether this one may."""
        return may(self.principal, Permission(permission))


class ConsoleDoors:
    """Sessions of browsers by the gate, and the record of what is done in them."""

    cookie = COOKIE

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def who(self, request: Request) -> Signed | None:
        """Who makes a request."""
        cookie = request.cookies.get(COOKIE, "")
        if not cookie:
            return None
        try:
            return Signed(self._gate.resume(cookie, time.time_ns(), address_of(request)).who)
        except (AccessError, StoreError):
            return None

    def begin(self, request: Request, token: str) -> str:
        """See Sessions."""
        if request.headers.get("sec-fetch-site", "same-origin") in _OTHERS:
            raise NotAllowed(
                "That did not come from this page: another one wanted to sign this browser in.",
                "Paste your own token here.",
            )
        now, address = time.time_ns(), address_of(request)
        session = self._gate.sign_in(token, now, address)
        if not session.who.covers(PERMISSIONS[Role.VIEWER], ()) or session.who.zones:
            self._gate.sessions.end(now, session.who, session.who.session)
            raise NotAllowed(
                "This token is narrowed to some zones or permissions, and the console shows the whole city.",
                "Use it with the API; for the console ask an administrator for another.",
            )
        return session.secret

    def end(self, request: Request) -> None:
        """See Sessions."""
        found = self.who(request)
        if found is not None:
            self._gate.sessions.end(time.time_ns(), found.principal, found.principal.session)

    async def note(self, request: Request, method: str, arguments: Mapping[str, Any], *, done: bool) -> None:
        """See Note."""
        found, act = self.who(request), act_of(method, arguments)
        if found is None or act is None:
            return
        await asyncio.to_thread(
            self._gate.done, found.principal, act.act, time.time_ns(), act.what, act.detail,
            Outcome.DONE if done else Outcome.FAILED,
        )  # fmt: skip
