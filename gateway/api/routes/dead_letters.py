"""Dead letters: what could not be used, why, its message, and sending it through the engine again.

A letter belongs to no zone but by its device. Who is for some zones only sees the letters of a device there.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.acts import IdempotencyKey, acting, once
from gateway.api.answers import acts, documented, json_answer, made
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs, zone_of
from gateway.api.models.operation import (
    DeadLetterDocument,
    DeadLetters,
    LetterPayload,
    LettersPurged,
    LettersReplayed,
    LettersToReplay,
    WhichLetters,
)
from gateway.api.paging import Cursor, after_of, paged
from gateway.api.problems import Problem
from gateway.api.where import zone_of_device
from gateway.link.link import Link

__all__ = ["router"]

router = APIRouter(tags=["dead letters"])

Reader = Annotated[Principal, needs(Permission.DEAD_LETTERS_READ)]
Text = Annotated[str, Query(max_length=200)]
LetterId = Annotated[str, Path(max_length=64, examples=["5f0c2a91d3b4"])]


@router.get("/dead-letters", summary="Dead letters, the newest first", responses=documented(DeadLetters, 400, 404))
async def dead_letters(
    request: Request, link: LinkOf, who: Reader, reason: Text = "", profile: Text = "", device: Text = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """Without their messages. `reason` is one of the closed list that the ledger counts by."""
    await _check(link, who, device)
    after = after_of(cursor, str)
    found = await link.ask(
        "dead_letters", reason=reason, profile=profile, device=device, limit=limit + 1, before=after[0] if after else ""
    )
    rows, more = paged(found.pop("dead_letters"), limit, lambda row: (row["id"],))
    figures = {name: found.get(name, 0) for name in ("held", "held_bytes", "purged")}
    out = {"dead_letters": [_letter(row) for row in rows], "next": more, **figures}
    return json_answer(request, {**out, "purged_reasons": found.get("purged_reasons", {})})


@router.get("/dead-letters/{letter}", summary="One dead letter", responses=documented(DeadLetterDocument, 404))
async def dead_letter(request: Request, link: LinkOf, who: Reader, letter: LetterId) -> Response:
    """Without its message."""
    row = await _one(link, who, letter)
    return json_answer(request, _letter({k: v for k, v in row.items() if k not in ("payload", "payload_hex")}))


@router.get(
    "/dead-letters/{letter}/payload", summary="The message of a dead letter", responses=documented(LetterPayload, 404)
)  # fmt: skip
async def dead_letter_payload(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.PAYLOAD_READ)], letter: LetterId
) -> Response:  # fmt: skip
    """As the device sent it, with what the profile redacts left out. As text, or as hex where it is none."""
    row = await _one(link, who, letter)
    out = {"payload": row.get("payload"), "payload_hex": row.get("payload_hex")}
    return json_answer(request, {"id": row["id"], "topic": row["topic"], **out})


@router.post(
    "/dead-letters/replay",
    summary="Send dead letters through the engine again",
    responses=acts(LettersReplayed, 404, 409),
)
async def dead_letters_replay(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.DEAD_LETTERS_REPLAY, whole_city=True)],
    body: LettersToReplay, _: IdempotencyKey = "",
) -> Response:  # fmt: skip
    """Under the configuration of now. Of many a page goes at once: what `remaining` counts goes with the same question
    and the answer's `upto`.
    """

    async def replay(_: str) -> Response:
        what = " ".join(body.ids) or _words(body)
        async with acting(request, who, "dead_letters.replay", what) as act:
            done = await link.ask("replay_dead_letters", **body.model_dump())
            act.detail = f"{done['replayed']} replayed"
            return made(done)

    return await once(request, who, replay)


@router.post("/dead-letters/purge", summary="Delete dead letters", responses=acts(LettersPurged, 409))
async def dead_letters_purge(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.DEAD_LETTERS_PURGE, whole_city=True)],
    body: WhichLetters, _: IdempotencyKey = "",
) -> Response:  # fmt: skip
    """For good. Without any choice: all of them."""

    async def purge(_: str) -> Response:
        async with acting(request, who, "dead_letters.purge", _words(body)) as act:
            done = await link.ask("purge_dead_letters", **body.model_dump())
            act.detail = f"{done['purged']} purged"
            return made(done)

    return await once(request, who, purge)


async def _check(link: Link, who: Principal, device: str) -> None:
    if not who.zones:
        return
    if not device:
        raise Problem(
            "not-permitted", f"{who.name!r} is for {', '.join(who.zones)} only, and letters are the whole city's.",
            "Name a device of yours.",
        )  # fmt: skip
    zone_of(who, await zone_of_device(link, device), f"device {device!r}")


async def _one(link: Link, who: Principal, letter: str) -> dict[str, Any]:
    row: dict[str, Any] = await link.ask("dead_letter", id=letter)
    if who.zones:
        zone_of(who, await zone_of_device(link, row["device"]) if row["device"] else "", f"dead letter {letter!r}")
    return row


def _letter(row: dict[str, Any]) -> dict[str, Any]:
    return timed(row, "received_at", "replayed_at")


def _words(which: WhichLetters) -> str:
    chosen = {name: getattr(which, name) for name in ("reason", "profile", "device") if getattr(which, name)}
    return " ".join(f"{name}={value}" for name, value in chosen.items()) or "all"
