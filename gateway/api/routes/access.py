"""Access: tokens and sessions of others, and the audit log. Changes are noted in the transaction that makes them."""

import asyncio
import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.audit import AuditFilter
from gateway.access.audit_chain import Anchor
from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.access.token_model import DAY, Issued, Token
from gateway.api.acts import GateOf, acting
from gateway.api.answers import acts, documented, json_answer, made
from gateway.api.documents import time_or_none
from gateway.api.doors import needs
from gateway.api.models.access import (
    Audit,
    AuditVerified,
    IssuedToken,
    NewToken,
    Rotation,
    Sessions,
    TokenDocument,
    Tokens,
)
from gateway.api.paging import Cursor, after_of, cursor_at
from gateway.api.problems import Problem
from gateway.api.times import From, To, parse_time
from gateway.live.events import time_text

__all__ = ["router"]

router = APIRouter(tags=["access"])
_HOUR = 3_600_000_000_000
_ANCHOR = re.compile(r"([0-9]{1,15}):([0-9a-f]{8,64})")

Manager = Annotated[Principal, needs(Permission.ACCESS_MANAGE, whole_city=True)]
Auditor = Annotated[Principal, needs(Permission.AUDIT_READ, whole_city=True)]
TokenId = Annotated[str, Path(max_length=32, examples=["7k2m9q4x"])]


@router.get("/access/tokens", summary="Tokens", responses=documented(Tokens))
async def tokens(
    request: Request, gate: GateOf, _: Manager,
    every: Annotated[bool, Query(alias="all", description="Also those that are over.")] = False,
) -> Response:  # fmt: skip
    """Who has one, what it may, and when it was used last."""
    now = time.time_ns()
    found = await asyncio.to_thread(gate.tokens.all)
    shown = [_token(each, now) for each in found if every or each.state(now) == "valid"]
    return json_answer(request, {"tokens": shown})


@router.post("/access/tokens", status_code=201, summary="Make a token", responses=acts(IssuedToken, 409, status=201))
async def token_create(request: Request, gate: GateOf, who: Manager, body: NewToken) -> Response:
    """Its text is in this answer and nowhere else."""
    lifetime = None if body.lifetime_days is None else round(body.lifetime_days * DAY)

    def create() -> Issued:
        return gate.tokens.create(
            time.time_ns(), who, body.name, body.role, permissions=body.permissions, zones=body.zones,
            lifetime=lifetime,
        )  # fmt: skip

    async with acting(request, who, "access.create", body.name, noted=True):
        return _issued(await asyncio.to_thread(create), 201)


@router.post(
    "/access/tokens/{token}/rotate", summary="Give a token a new secret", responses=acts(IssuedToken, 404, 409)
)
async def token_rotate(request: Request, gate: GateOf, who: Manager, token: TokenId, body: Rotation) -> Response:
    """The old one counts on for the grace time, so that applications change over without a gap."""
    lifetime = 0 if body.lifetime_days is None else round(body.lifetime_days * DAY)

    def rotate() -> Issued:
        return gate.tokens.rotate(time.time_ns(), who, token, round(body.grace_hours * _HOUR), lifetime)

    async with acting(request, who, "access.rotate", token, noted=True):
        return _issued(await asyncio.to_thread(rotate))


@router.delete("/access/tokens/{token}", summary="Revoke a token", responses=acts(TokenDocument, 404))
async def token_revoke(request: Request, gate: GateOf, who: Manager, token: TokenId) -> Response:
    """It counts nowhere from the next request on, and its sessions end."""
    now = time.time_ns()
    async with acting(request, who, "access.revoke", token, noted=True):
        return made(_token(await asyncio.to_thread(gate.tokens.revoke, now, who, token), now))


@router.get("/access/sessions", summary="Browsers that are signed in", responses=documented(Sessions))
async def sessions(request: Request, gate: GateOf, _: Manager) -> Response:
    """Of everybody."""
    found = await asyncio.to_thread(gate.sessions.all, time.time_ns())
    out = [
        {
            "id": each.id, "token": each.token, "created": time_text(each.created), "seen": time_text(each.seen),
            "address": each.address,
        }
        for each in found
    ]  # fmt: skip
    return json_answer(request, {"sessions": out})


@router.delete(
    "/access/sessions/{session}", status_code=204, summary="Sign a browser out", responses=acts(None, 404, status=204)
)
async def session_end(
    request: Request, gate: GateOf, who: Manager, session: Annotated[str, Path(max_length=32)]
) -> Response:  # fmt: skip
    """Its page has to sign in again."""
    async with acting(request, who, "session.end", session, noted=True):
        await asyncio.to_thread(gate.sessions.end, time.time_ns(), who, session)
    return Response(status_code=204)


@router.get("/audit", summary="The audit log, the newest entries first", responses=documented(Audit, 400))
async def audit(
    request: Request, gate: GateOf, _: Auditor,
    who: Annotated[str, Query(max_length=100, description="Public id of a token, or a name.")] = "",
    act: Annotated[str, Query(max_length=60, description="Such as alarms.ack; access is all access.*.")] = "",
    what: Annotated[str, Query(max_length=200)] = "",
    outcome: Annotated[str, Query(pattern="^(|done|denied|failed)$")] = "",
    start: From = "",
    to: To = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """Every act and every denied try. Times are of the machine's clock."""
    now, after = time.time_ns(), after_of(cursor, int)
    which = AuditFilter(
        who, act, what, outcome, parse_time(start, now, "from") if start else None,
        parse_time(to, now, "to") if to else None,
    )  # fmt: skip
    page = await asyncio.to_thread(gate.audit.read, which, int(after[0]) if after else None, limit)
    out: list[dict[str, Any]] = []
    for entry in page.entries:
        row = entry._asdict()
        del row["prev"]
        out.append({**row, "at": time_text(entry.at)})
    return json_answer(request, {"entries": out, "next": None if page.next is None else cursor_at((page.next,))})


@router.get(
    "/audit/verify", summary="Whether the audit log is as it was written", responses=documented(AuditVerified, 400)
)
async def audit_verify(
    request: Request, gate: GateOf, _: Auditor,
    anchor: Annotated[
        list[str], Query(max_length=100, description="Hashes that were noted elsewhere, as entry:hash.")
    ] = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Reads all of it through; names where it is not what was written."""
    found = await asyncio.to_thread(gate.audit.verify, [_anchor(each) for each in anchor])
    problems = [each._asdict() for each in found.problems]
    return json_answer(
        request, {"intact": found.intact, "entries": found.entries, "head": found.head, "problems": problems}
    )


def _issued(issued: Issued, status: int = 200) -> Response:
    return made({**_token(issued.token, time.time_ns()), "text": issued.text}, status)


def _token(token: Token, now: int) -> dict[str, Any]:
    return {
        "id": token.id, "name": token.name, "role": token.role, "permissions": sorted(token.permissions),
        "zones": token.zones, "state": token.state(now), "created": time_text(token.created),
        "created_by": token.created_by, "expires": time_or_none(token.expires),
        "revoked": time_or_none(token.revoked), "used": time_or_none(token.used), "generation": token.generation,
        "old_until": time_or_none(token.old_until),
    }  # fmt: skip


def _anchor(text: str) -> Anchor:
    found = _ANCHOR.fullmatch(text.lower())
    if found is None:
        raise Problem("wrong-question", f"anchor: {text!r} is none.", "Write entry:hash, at least 8 signs of the hash.")
    return Anchor(int(found[1]), found[2])
