"""Profiles as texts, and a changed one tried on recent messages before it goes live."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from gateway.access.principal import Principal, may
from gateway.access.roles import Permission
from gateway.api.answers import acts, documented, json_answer, made
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs
from gateway.api.models.profiles import ProfileChecked, ProfileText, ProfileToCheck
from gateway.api.slots import Slots
from gateway.workshop.profile_check import check_profile

__all__ = ["router"]

router = APIRouter(tags=["operation"])


@router.get("/profiles/{profile}/text", summary="The file of a profile", responses=documented(ProfileText, 404))
async def profile_text(
    request: Request, link: LinkOf, _: Annotated[Principal, needs(Permission.CONFIGURATION_READ, whole_city=True)],
    profile: Annotated[str, Path(max_length=200, examples=["gas-detector"])],
) -> Response:  # fmt: skip
    """As it is now, to start a changed one from."""
    return json_answer(request, await link.ask("profile_text", name=profile))


@router.post("/profiles/check", summary="Try a changed profile", responses=acts(ProfileChecked, 404, 409, 429))
async def profile_check(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.CONFIGURATION_CHECK, whole_city=True)],
    body: ProfileToCheck,
) -> Response:  # fmt: skip
    """On the newest messages of its topics, beside what is made of them now; nothing is changed. As a gateway decodes
    them, by the spans of the profile; message by message, so a Sparkplug alias whose birth is another message stays
    unread.
    """
    slots: Slots = request.app.state.slots
    async with slots.one():
        found = await check_profile(link, body.text, body.replaces, body.limit)
    shows = may(who, Permission.PAYLOAD_READ)
    return made({**timed(found, "since"), "messages": [_message(each, payload=shows) for each in found["messages"]]})


def _message(row: dict[str, Any], *, payload: bool) -> dict[str, Any]:
    out = timed(row, "received_at")
    out["readings"] = [_reading(each) for each in row["readings"]]
    return out if payload else {**out, "payload": None}


def _reading(row: dict[str, Any]) -> dict[str, Any]:
    out = timed({**row, "time": row["ts"]}, "time")
    del out["ts"]
    return out
