"""The documentation: a page that works offline, and the document that it is made of."""

import asyncio
import threading
from importlib.metadata import version

import msgspec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response

from gateway.api.answers import tagged
from gateway.api.asyncapi import async_document
from gateway.api.docs_page import page_of
from gateway.api.doors import LinkOf, open_to_all
from gateway.api.openapi import document_of

__all__ = ["router"]

router = APIRouter(tags=["documentation"], include_in_schema=False)
_NO_SCRIPTS = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/openapi.json", dependencies=[open_to_all()])
async def openapi(request: Request) -> Response:
    """OpenAPI 3.1."""
    return tagged(request, await asyncio.to_thread(_encoded, request.app))


@router.get("/asyncapi.json", dependencies=[open_to_all()])
async def asyncapi(request: Request, link: LinkOf) -> Response:
    """AsyncAPI 3.0 of the live topics on MQTT."""
    return tagged(request, msgspec.json.encode(async_document(link.settings, version("cityloom"))))


@router.get("/docs", dependencies=[open_to_all()])
async def docs(request: Request) -> Response:
    """Every route with its parameters, who may ask, and an example."""
    page = await asyncio.to_thread(_page, request.app)
    return HTMLResponse(page, headers={"Content-Security-Policy": _NO_SCRIPTS, "Cache-Control": "no-cache"})


_making = threading.Lock()
"""It takes a second of one core: for all who ask at once it is made once."""


def _encoded(app: FastAPI) -> bytes:
    with _making:
        if not hasattr(app.state, "openapi_json"):
            app.state.openapi_json = msgspec.json.encode(document_of(app))
        made: bytes = app.state.openapi_json
        return made


def _page(app: FastAPI) -> str:
    with _making:
        if not hasattr(app.state, "docs_page"):
            app.state.docs_page = page_of(document_of(app))
        made: str = app.state.docs_page
        return made
