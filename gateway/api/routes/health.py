"""Whether it lives, whether data flows, and metrics: what the gateway's own port tells, on this one too."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import documented, json_answer
from gateway.api.doors import LinkOf, needs, open_to_all
from gateway.api.models.health import Ledger, Ready, Status
from gateway.api.problems import problems
from gateway.errors import CommandError

__all__ = ["root", "router"]

router = APIRouter(tags=["health"])
root = APIRouter(tags=["health"])


@root.head("/health/live", include_in_schema=False, dependencies=[open_to_all()])
@root.get("/health/live", summary="Whether this process answers", dependencies=[open_to_all()])
async def health_live() -> dict[str, bool]:
    """It does."""
    return {"live": True}


@root.head("/health/ready", include_in_schema=False, dependencies=[open_to_all()])
@root.get(
    "/health/ready", summary="Whether data flows and can be kept safely", dependencies=[open_to_all()],
    responses={
        200: {"model": Ready, "description": "Ready."},
        503: {"model": Ready, "description": "Not ready; `reasons` say why."},
    },
)  # fmt: skip
async def health_ready(link: LinkOf) -> Response:
    """Data flowing, and not just connected: broker, inbox, engine, stores, clock, and this process's own link."""
    try:
        reasons = await link.readiness()
        if not link.feed.connected:
            reasons.append("live events of the gateway do not come through to this process")
    except CommandError as error:
        reasons = [error.problem]
    body = {"ready": not reasons, "reasons": reasons}
    return Response(msgspec.json.encode(body), 503 if reasons else 200, media_type="application/json")


@router.get("/status", summary="Rates, queues, stores, alarms, ledger of the moment", responses=documented(Status))
async def status(request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.STATUS_READ)]) -> Response:
    """What `cityloom status --json` shows. To who is for some zones only: without what is said of other zones and
    of messages that could not be used.
    """
    found = await link.ask("status")
    return json_answer(request, _narrowed(found, who.zones) if who.zones else found)


@router.get("/ledger", summary="The account of every message and reading", responses=documented(Ledger))
async def ledger(request: Request, link: LinkOf, _: Annotated[Principal, needs(Permission.STATUS_READ)]) -> Response:
    """Totals, then each source, profile and store; `balances` are the sums that must agree."""
    return json_answer(request, await link.ask("ledger"))


@root.get(
    "/metrics", summary="Metrics for Prometheus", response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems()},
)  # fmt: skip
async def metrics(link: LinkOf, _: Annotated[Principal, needs(Permission.STATUS_READ)]) -> Response:
    """Of the gateway, as its own port has them without a token."""
    return Response(await link.metrics(), media_type="text/plain; version=0.0.4")


def _narrowed(status: dict[str, Any], zones: Sequence[str]) -> dict[str, Any]:
    """Counts stay; what names a place of another zone goes."""
    out = {**status, "city": [each for each in status.get("city", ()) if each["zone"] in zones], "city_totals": {}}
    alarms = status.get("alarms") or {}
    urgent = [each for each in alarms.get("urgent", ()) if each["zone"] in zones]
    engine = status.get("engine")
    out["engine"] = {**engine, "flooding": []} if engine else engine
    return {**out, "rejects": [], "alarms": {**alarms, "urgent": urgent}}
