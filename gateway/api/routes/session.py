"""One's own session: a browser signs in with a token, asks who it is, and signs out."""

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.sessions import csrf_of
from gateway.api.acts import GateOf
from gateway.api.answers import acts, documented, made
from gateway.api.documents import time_or_none
from gateway.api.doors import open_to_all, signed_in
from gateway.api.gatekeeper import COOKIE, address_of
from gateway.api.models.access import SessionBegun, SignIn, WhoAmI
from gateway.api.problems import Problem
from gateway.live.events import time_text

__all__ = ["router"]

router = APIRouter(tags=["session"])

Anybody = Annotated[Principal, signed_in()]


@router.post(
    "/session",
    status_code=201,
    summary="Sign a browser in",
    responses=acts(SessionBegun, status=201),
    dependencies=[open_to_all()],
)
async def session_begin(request: Request, gate: GateOf, body: SignIn) -> Response:
    """The session's cookie can't be read by scripts and is sent to this site only. Wrong tokens are throttled."""
    begun = await asyncio.to_thread(gate.sign_in, body.token, time.time_ns(), address_of(request))
    who = _who(begun.who, begun.csrf)
    answer = made({**who, "ends": time_text(begun.ends)}, 201)
    answer.set_cookie(
        COOKIE, begun.secret, max_age=max((begun.ends - time.time_ns()) // 10**9, 1), path="/", httponly=True,
        secure=request.url.scheme == "https", samesite="strict",
    )  # fmt: skip
    return answer


@router.get("/session", summary="Who one is", responses=documented(WhoAmI))
async def session_who(request: Request, who: Anybody) -> Response:
    """By the token or the session that the question came with. A session's page gets its CSRF token again."""
    secret = request.cookies.get(COOKIE, "") if who.session else ""
    return made(_who(who, csrf_of(secret) if secret else None))


@router.delete("/session", status_code=204, summary="Sign out", responses=acts(None, 409, status=204))
async def session_leave(request: Request, gate: GateOf, who: Anybody) -> Response:
    """Ends the session of this browser."""
    if not who.session:
        raise Problem("not-now", "A bearer token has no session to leave.", "Forget the token, or have it revoked.")
    await asyncio.to_thread(gate.sessions.end, time.time_ns(), who, who.session)
    answer = Response(status_code=204)
    answer.delete_cookie(
        COOKIE, path="/", httponly=True, secure=request.url.scheme == "https", samesite="strict"
    )  # fmt: skip
    return answer


def _who(who: Principal, csrf: str | None) -> dict[str, Any]:
    return {
        "name": who.name, "role": who.role, "permissions": sorted(who.permissions), "zones": who.zones,
        "token": who.token, "expires": time_or_none(who.expires), "session": who.session or None, "csrf": csrf,
    }  # fmt: skip
