"""Alarms: which stand, what happened, and what operators do about them. Every act is in the audit log."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.acts import IdempotencyKey, acting, once
from gateway.api.answers import accepted, acts, documented, json_answer
from gateway.api.documents import alarm_change
from gateway.api.doors import LinkOf, needs, zone_of, zones_of
from gateway.api.models.alarms import ActOnAlarm, ActOnAlarms, ActsTaken, AlarmChanges, Alarms, AlarmWithHistory
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.api.problems import Problem
from gateway.api.times import From, To, parse_time
from gateway.api.titles import titles_of
from gateway.api.where import zone_of_device, zone_of_place
from gateway.link.link import Link
from gateway.stores.alarm_tables import alarm_place

__all__ = ["router"]

router = APIRouter(tags=["alarms"])
_HISTORY = 1_000

Reader = Annotated[Principal, needs(Permission.ALARMS_READ)]
Operator = Annotated[Principal, needs(Permission.ALARMS_ACT)]
Text = Annotated[str, Query(max_length=128)]
Zones = Annotated[list[str], Query(max_length=100)]
AlarmId = Annotated[str, Path(max_length=32, description="Id, or how it begins.", examples=["5f0c2a91d3b4e677"])]


@router.get(
    "/alarms", summary="Alarms: the open ones, the most urgent first, or all", responses=documented(Alarms, 400)
)
async def alarms(
    request: Request, link: LinkOf, who: Reader,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open, or all: the newest first.")] = "open",
    zone: Zones = [], domain: Text = "", condition: Text = "",  # noqa: B006
    asset: Annotated[str, Query(max_length=128, description="Asset, device or zone that they are about.")] = "",
    priority: Annotated[int | None, Query(ge=1, le=4, description="This one and more urgent ones.")] = None,
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """States are those of ISA-18.2; priorities 1 critical to 4 low."""
    among_open, inside = state == "open", zones_of(who, zone)
    after = after_of(cursor, *((int, int, str) if among_open else (int, str)))
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "alarms", everything=not among_open, zones=inside or (), domain=domain, condition=condition, asset=asset,
            priority=priority, after=after, limit=limit + 1,
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: alarm_place(row, among_open=among_open))
    titles = await titles_of(link)
    return json_answer(request, {"alarms": [alarm_change(row, titles) for row in rows], "next": more})


@router.get("/alarms/history", summary="Changes of alarms, the newest first", responses=documented(AlarmChanges, 400))
async def alarms_history(
    request: Request, link: LinkOf, who: Reader, zone: Zones = [], domain: Text = "",  # noqa: B006
    condition: Text = "", asset: Text = "",
    start: From = "now-1d",
    to: To = "",
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """What was raised, acknowledged, shelved, and so on, by the time of the readings or of the act."""
    inside, after = zones_of(who, zone), after_of(cursor, int)
    now = int((await link.ask("clock"))["now"])
    since, until = parse_time(start, now, "from"), parse_time(to, now, "to") if to else None
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "alarm_changes", zones=inside or (), domain=domain, condition=condition, asset=asset, since=since,
            until=until, before=after[0] if after else None, limit=limit + 1,
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: (row["number"],))
    titles = await titles_of(link)
    return json_answer(request, {"changes": [alarm_change(row, titles) for row in rows], "next": more})


@router.get(
    "/alarms/{alarm}", summary="One alarm and what happened to it", responses=documented(AlarmWithHistory, 404, 409)
)
async def alarm(request: Request, link: LinkOf, who: Reader, alarm: AlarmId) -> Response:
    """By its id, or the beginning of it where that is one alarm's."""
    row = await _one(link, who, alarm)
    changes = await link.ask("alarm_changes", alarm=row["alarm"], limit=_HISTORY)
    titles = await titles_of(link)
    history = [alarm_change({k: v for k, v in each.items() if k != "number"}, titles) for each in changes]
    return json_answer(request, {**alarm_change(row, titles), "history": history})


@router.post(
    "/alarms/acts", status_code=202, summary="Do something about several alarms, or about a condition of an asset",
    responses=acts(ActsTaken, 404, 409, status=202),
)  # fmt: skip
async def alarms_act(
    request: Request, link: LinkOf, who: Operator, body: ActOnAlarms, _: IdempotencyKey = ""
) -> Response:  # fmt: skip
    """ack, reset, shelve (`for_secs`), unshelve, suppress, unsuppress, out_of_service, in_service, comment. By ids; or
    by `condition` and `asset`, also beforehand. All are done, or where one is wrong none.
    """
    if bool(body.alarms) == bool(body.condition) or bool(body.condition) != bool(body.asset):
        raise Problem("wrong-question", "Which alarms?", "Name `alarms` by id, or else `condition` and `asset`.")
    return await once(request, who, lambda name: _act(request, link, who, body, name))


@router.post(
    "/alarms/{alarm}/acts", status_code=202, summary="Do something about one alarm",
    responses=acts(ActsTaken, 404, 409, status=202),
)  # fmt: skip
async def alarm_act(
    request: Request, link: LinkOf, who: Operator, alarm: AlarmId, body: ActOnAlarm, _: IdempotencyKey = ""
) -> Response:  # fmt: skip
    """As of several; those who shelve, suppress, comment or take out of service say why."""
    whole = ActOnAlarms.model_construct(**dict(body), alarms=[alarm])
    return await once(request, who, lambda name: _act(request, link, who, whole, name))


async def _act(request: Request, link: Link, who: Principal, body: ActOnAlarms, name: str) -> Response:
    what = " ".join(body.alarms) if body.alarms else f"{body.condition} of {body.asset}"
    until = f"for {body.for_secs:g} s" if body.act == "shelve" else ""
    async with acting(request, who, f"alarms.{body.act}", what, "; ".join(filter(None, (until, body.text)))) as act:
        ids = await _mine(link, who, body.alarms)
        if body.condition:
            await _check_place(link, who, body.asset)
        done = await link.ask(
            "alarm_act", act=str(body.act), alarms=ids, condition=body.condition, asset=body.asset, who=who.name,
            text=body.text, for_secs=body.for_secs, id=name,
        )  # fmt: skip
        if ids:
            act.what = " ".join(f"{one['condition']} of {one['asset']}" for one in done["alarms"])
        return accepted(done)


async def _mine(link: Link, who: Principal, alarms: Sequence[str]) -> list[str]:
    """Whole ids of alarms that `who` has a say in."""
    if not who.zones:
        return list(alarms)
    found = await asyncio.gather(*(_one(link, who, each) for each in alarms))
    return [str(each["alarm"]) for each in found]


async def _one(link: Link, who: Principal, alarm: str) -> Mapping[str, Any]:
    found: list[dict[str, Any]] = await link.ask("alarms", alarm=alarm, everything=True, limit=2)
    if not found:
        raise Problem("not-there", f"There is no alarm {alarm!r}.", "The list of alarms tells what there is.")
    zone_of(who, found[0]["zone"], f"alarm {alarm!r}")
    if len(found) > 1:
        raise Problem("not-now", f"More than one alarm begins with {alarm!r}.", "Give more of its id.")
    return found[0]


async def _check_place(link: Link, who: Principal, place: str) -> None:
    if who.zones:
        zone_of(who, await zone_of_place(link, place), f"asset {place!r}")
        if elsewhere := await zone_of_device(link, place):  # a device may be called as a place
            zone_of(who, elsewhere, f"asset {place!r}")
