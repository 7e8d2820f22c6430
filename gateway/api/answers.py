"""Answers of one piece: JSON with an ETag, so that who asks again for what is the same gets 304 and no body; and what
OpenAPI says of them.
"""

from hashlib import blake2b
from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.formats import MEDIA_TYPES
from gateway.api.problems import problems

__all__ = ["accepted", "acts", "columns_documented", "documented", "json_answer", "made", "tagged"]


def json_answer(request: Request, data: Any, **headers: str) -> Response:
    """`data` as JSON."""
    return tagged(request, msgspec.json.encode(data), **headers)


def tagged(request: Request, body: bytes, media_type: str = "application/json", **headers: str) -> Response:
    """`body` with its ETag, or 304 where the asker has it."""
    # weak: what compression makes of it on the way is another representation
    tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    out = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie", **headers}
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=out)
    return Response(body, headers=out, media_type=media_type)


def made(data: Any, status: int = 200, **headers: str) -> Response:
    """What an act answers: not to be kept by anybody."""
    out = {"Cache-Control": "no-store", **headers}
    return Response(msgspec.json.encode(data), status, headers=out, media_type="application/json")


def accepted(data: Any) -> Response:
    """An act that is journaled, and carried out by the engine."""
    return made(data, 202)


def documented(model: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that reads: the document, 304, and problems of these statuses and the usual ones."""
    known = {"description": "The same as what the asker has (If-None-Match)."}
    return {200: {"model": model, "description": "As asked."}, 304: known, **problems(*statuses)}


def acts(model: type[BaseModel] | None, *statuses: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that changes something."""
    done: dict[str, Any] = {"description": "Done." if status != 202 else "Journaled: the engine carries it out."}
    if model is not None:
        done["model"] = model
    return {status: done, **problems(400, 413, *statuses)}


def columns_documented(model: type[BaseModel], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers columns in every format; `model` is that of JSON."""
    shown: dict[str, Any] = {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}
    shown["application/json"] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    known = {"description": "The same as what the asker has (If-None-Match)."}
    words = "JSON has a column an array, the others a row a (series, time)."
    return {200: {"description": words, "content": shown}, 304: known, **problems(*statuses)}
