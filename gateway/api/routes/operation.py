"""Keeping the gateway right: the trace of a reading, what the books say, notifications, configuration, stores."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal, may
from gateway.access.roles import Permission
from gateway.api.acts import IdempotencyKey, acting, once
from gateway.api.answers import acts, documented, json_answer, made
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs, zone_of, zones_of
from gateway.api.models.operation import (
    Adopted,
    ConfigurationInForce,
    Notifications,
    NotificationsRetried,
    NotificationsToRetry,
    Reloaded,
    Trace,
    Verified,
)
from gateway.api.paging import Cursor, after_of, paged
from gateway.api.slots import Slots
from gateway.api.times import parse_time
from gateway.api.where import zone_of_device

__all__ = ["router"]

router = APIRouter(tags=["operation"])


@router.get("/trace", summary="The way of one reading", responses=documented(Trace, 400, 404))
async def trace(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.TRACE_READ)],
    device: Annotated[str, Query(max_length=128, examples=["loop-0001"])],
    at: Annotated[str, Query(max_length=64, description="RFC 3339, unix seconds, or now-5m.")] = "now",
) -> Response:  # fmt: skip
    """Received, decoded, flags and why, windows, alarms, and where it is stored: of the reading of that device that is
    nearest to that time, within an hour. Alarms for those who may see alarms.
    """
    if who.zones:
        zone_of(who, await zone_of_device(link, device), f"device {device!r}")
    when = parse_time(at, int((await link.ask("clock"))["now"]), "at")
    slots: Slots = request.app.state.slots
    async with slots.one():
        found = await link.ask("trace", device=device, at=when)
    return json_answer(request, found if may(who, Permission.ALARMS_READ) else {**found, "alarms": []})


@router.get("/ledger/verify", summary="Compare the books with what is stored", responses=documented(Verified))
async def ledger_verify(
    request: Request, link: LinkOf, _: Annotated[Principal, needs(Permission.STATUS_READ)]
) -> Response:
    """Reads through each database: it takes a while where much is stored."""
    slots: Slots = request.app.state.slots
    async with slots.one():
        return json_answer(request, await link.ask("verify"))


@router.get("/notifications", summary="Messages to people, the newest first", responses=documented(Notifications, 400))
async def notifications(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.NOTIFICATIONS_READ)],
    state: Annotated[str, Query(max_length=20)] = "", channel: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=900)] = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """What was told of alarms, waits to be told, or failed. `states` counts all of them."""
    after = after_of(cursor, str)
    found = await link.ask(
        "notifications", state=state, channel=channel, zones=zones_of(who, ()) or (), limit=limit + 1,
        before=after[0] if after else "",
    )  # fmt: skip
    rows, more = paged(found["notifications"], limit, lambda row: (row["id"],))
    out = [timed(row, "created", "due", "tried_at", "done_at") for row in rows]
    for row in out:
        row["items"] = [timed(item, "at", "since") for item in row["items"]]
    return json_answer(request, {"notifications": out, "next": more, "states": found["states"]})


@router.post(
    "/notifications/retry", summary="Send failed messages again", responses=acts(NotificationsRetried, 404, 409)
)
async def notifications_retry(
    request: Request, link: LinkOf,
    who: Annotated[Principal, needs(Permission.NOTIFICATIONS_RETRY, whole_city=True)],
    body: NotificationsToRetry, _: IdempotencyKey = "",
) -> Response:  # fmt: skip
    """All of them or, where one is unknown or has not failed, none."""

    async def retry(_: str) -> Response:
        async with acting(request, who, "notifications.retry", " ".join(body.ids)):
            return made(await link.ask("retry_notifications", ids=body.ids))

    return await once(request, who, retry)


@router.get("/configuration", summary="The configuration in force", responses=documented(ConfigurationInForce))
async def configuration(
    request: Request, link: LinkOf, _: Annotated[Principal, needs(Permission.CONFIGURATION_READ, whole_city=True)]
) -> Response:
    """Every option of every section; secrets are masked. Profiles and conditions have routes of their own."""
    return json_answer(request, await link.ask("configuration"))


@router.post("/configuration/check", summary="What the files would change", responses=acts(Reloaded, 409))
async def configuration_check(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.CONFIGURATION_CHECK, whole_city=True)]
) -> Response:  # fmt: skip
    """The configuration's files are read again and compared with what is in force; nothing is changed."""
    async with acting(request, who, "configuration.check"):
        return made(await link.ask("reload", check=True))


@router.post("/configuration/reload", summary="Apply what the files say", responses=acts(Reloaded, 409))
async def configuration_reload(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.CONFIGURATION_RELOAD, whole_city=True)]
) -> Response:  # fmt: skip
    """As `cityloom reload`: by difference, while data flows. What can't be used is refused whole (`problems`)."""
    async with acting(request, who, "configuration.reload") as act:
        done: dict[str, Any] = await link.ask("reload")
        act.detail = "applied" if done["applied"] else f"{len(done['problems'])} problems; not applied"
        return made(done)


@router.post("/stores/{store}/adopt", summary="Go on with a store that was replaced", responses=acts(Adopted, 404, 409))
async def store_adopt(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.STORES_ADOPT, whole_city=True)],
    store: Annotated[str, Path(max_length=64, examples=["duckdb"])],
) -> Response:  # fmt: skip
    """What it lost is counted as dropped, for good."""
    async with acting(request, who, "stores.adopt", store) as act:
        done = await link.ask("adopt_store", name=store)
        act.detail = f"{done['dropped']} readings dropped"
        return made(done)
