"""Errors as RFC 9457 problem details: what is wrong, and what to do instead (`remedy`).

{"type": "urn:cityloom:problem:too-much", "title": "Too much at once", "status": 413,
 "detail": "These are 2,100 series.", "remedy": "Ask for 1000 at most, or by zone."}
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.errors import AccessError, CommandError, Missing, NotAllowed, StoreError, Throttled
from gateway.link.door import AnswerLate, GatewayAway, StoreAway

__all__ = ["PROBLEM_JSON", "Problem", "ProblemDetails", "install", "problem_response", "problems"]

PROBLEM_JSON = "application/problem+json"
_RETRY_SECS = 2
_TITLES: Mapping[str, tuple[int, str]] = {
    "wrong-question": (400, "The question can't be answered as it is"),
    "not-signed-in": (401, "Not signed in"),
    "not-permitted": (403, "Not permitted"),
    "not-there": (404, "Not there"),
    "not-allowed-here": (405, "Not allowed here"),
    "not-acceptable": (406, "No such format"),
    "not-now": (409, "Not possible as things stand"),
    "too-much": (413, "Too much at once"),
    "wrong-values": (422, "Wrong values"),
    "too-many": (429, "Too many at once"),
    "failed": (500, "The server failed"),
    "gateway-away": (503, "No gateway answers"),
    "store-away": (503, "The database can't be read now"),
    "too-slow": (504, "The answer took too long"),
}


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: Annotated[str, Field(examples=["urn:cityloom:problem:not-there"])]
    title: Annotated[str, Field(examples=["Not there"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(examples=["No device 'loop-9999' is known."])]
    remedy: Annotated[str, Field(examples=["The list of devices tells which there are."])] = ""
    errors: list[dict[str, Any]] | None = None
    """Of wrong values: where each is, and what is wrong with it."""


class Problem(Exception):
    """Ends a request with a problem document. `kind` is one of those in the table above."""

    def __init__(
        self, kind: str, detail: str, remedy: str = "", *, headers: Mapping[str, str] | None = None, done: bool = False
    ) -> None:  # fmt: skip
        """`done`: what was asked for was done all the same, and is not to be done again."""
        super().__init__(detail)
        self.kind, self.detail, self.remedy, self.done = kind, detail, remedy, done
        self.headers = dict(headers or {})


def problem_response(
    kind: str, detail: str, remedy: str = "", *, headers: Mapping[str, str] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> Response:  # fmt: skip
    """The document."""
    status, title = _TITLES[kind]
    body: dict[str, Any] = {
        "type": f"urn:cityloom:problem:{kind}", "title": title, "status": status, "detail": detail, "remedy": remedy,
    }  # fmt: skip
    if errors is not None:
        body["errors"] = errors
    return Response(msgspec.json.encode(body), status, dict(headers or {}), PROBLEM_JSON)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route for OpenAPI: these statuses, and those that every route may give."""
    every = sorted({*statuses, 401, 403, 422, 429, 500, 503, 504})
    titles: dict[int, list[str]] = {}
    for status, title in _TITLES.values():
        titles.setdefault(status, []).append(title)
    return {
        status: {
            "description": ", or: ".join(titles[status]), "content": {PROBLEM_JSON: {"schema": _REF}},
        }
        for status in every
    }  # fmt: skip


_REF = {"$ref": "#/components/schemas/ProblemDetails"}


def install(app: FastAPI) -> None:
    """Let every error of this application be such a document."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error.kind, error.detail, error.remedy, headers=error.headers)

    async def desk(_: Request, error: Exception) -> Response:
        assert isinstance(error, CommandError)
        kind, headers = _kind_of(error), {}
        if kind in ("gateway-away", "store-away"):
            headers["Retry-After"] = str(_RETRY_SECS)
        return problem_response(kind, error.problem, error.remedy, headers=headers)

    async def access(_: Request, error: Exception) -> Response:
        assert isinstance(error, AccessError)
        if isinstance(error, Throttled):
            wait = {"Retry-After": str(int(error.after))}
            return problem_response("too-many", error.problem, error.remedy, headers=wait)
        kind = "not-permitted" if isinstance(error, NotAllowed) else "not-signed-in"
        return problem_response(kind, error.problem, error.remedy)

    async def store(_: Request, error: Exception) -> Response:
        assert isinstance(error, StoreError)
        return problem_response("store-away", error.problem, error.remedy, headers={"Retry-After": str(_RETRY_SECS)})

    async def values(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [{"where": ".".join(map(str, each["loc"])), "problem": str(each["msg"])} for each in error.errors()]
        detail = "; ".join(f"{each['where']}: {each['problem']}" for each in found[:3])
        return problem_response("wrong-values", detail, "The documentation at /api/v1/docs has examples.", errors=found)

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kinds = {404: "not-there", 405: "not-allowed-here", 413: "too-much"}
        kind = kinds.get(error.status_code, "wrong-question" if error.status_code < 500 else "failed")
        remedy = "The documentation at /api/v1/docs lists what there is."
        return problem_response(kind, str(error.detail), remedy, headers=error.headers)

    async def left(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # nobody hears it

    async def other(_: Request, error: Exception) -> Response:
        return problem_response("failed", f"{type(error).__name__} in the server.", "Its log says more; try again.")

    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(CommandError, desk)
    app.add_exception_handler(AccessError, access)
    app.add_exception_handler(StoreError, store)
    app.add_exception_handler(RequestValidationError, values)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, left)
    app.add_exception_handler(Exception, other)


def _kind_of(error: CommandError) -> str:
    if isinstance(error, GatewayAway):
        return "gateway-away"
    if isinstance(error, StoreAway):
        return "store-away"
    if isinstance(error, AnswerLate):
        return "too-slow"
    if isinstance(error, Missing):
        return "not-there"
    return "wrong-question" if error.exit_code == 2 else "not-now"
