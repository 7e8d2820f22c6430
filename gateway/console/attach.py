"""Puts the console on a web application: its pages, its style sheet, and the feed that all pages look at.

app = FastAPI(...)                       # with /api/v1 and the rest already on it
attach(app, link, who, sessions=...)     # the console at /
"""

import asyncio
import hashlib
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.access.gate import Gate
from gateway.console import theme
from gateway.console.addresses import inside
from gateway.console.console import Console
from gateway.console.page import LANGUAGE_COOKIE, boot_script
from gateway.console.pages.table import add_pages
from gateway.console.seams import Note, Who, no_note
from gateway.console.sign_in import SIGN_IN, SIGN_OUT, Sessions, add_sign_in
from gateway.console.texts.words import LANGUAGES
from gateway.link.link import Link
from gateway.reports.press import Press

__all__ = ["attach", "style_sheet"]

_YEAR_SECS = 365 * 86_400


def attach(
    app: FastAPI,
    link: Link,
    who: Who,
    *,
    sessions: Sessions | None = None,
    note: Note = no_note,
    gate: Gate | None = None,
    press: Press | None = None,
) -> Console:
    """Add the console to `app`, behind everything that is on it already. Once a process: NiceGUI keeps global state.

    `sessions`: with pages to sign in and out; `note`: where acts go on record; `gate`: what the page of access shows;
    `press`: has reports made, and is started and closed by whoever made it.
    """
    console = Console(link, who, note=note, gate=gate, press=press)
    style = style_sheet()
    version = hashlib.sha256(style.encode()).hexdigest()[:12]
    _add_routes(app, style)
    if sessions is not None:
        console.sign_in, console.sign_out = SIGN_IN, SIGN_OUT
        add_sign_in(app, sessions, f"/console/style.css?{version}", LANGUAGE_COOKIE, boot_script())
    add_pages(console, version)
    _run_feed(console)
    ui.run_with(
        app,
        title="CityLoom",
        favicon=_FAVICON,
        reconnect_timeout=30.0,
        tailwind=False,
        show_welcome_message=False,
        message_history_length=200,
        gzip_middleware_factory=lambda inner: GZipMiddleware(inner, minimum_size=1_000, compresslevel=4),
    )
    return console


def style_sheet() -> str:
    """Colours and forms."""
    return theme.variables() + (Path(__file__).parent / "static" / "console.css").read_text(encoding="utf-8")


def _add_routes(app: FastAPI, style: str) -> None:
    async def sheet(_: Request) -> Response:
        return Response(style, media_type="text/css", headers={"cache-control": f"public, max-age={_YEAR_SECS}"})

    async def language(request: Request) -> Response:
        """Remember the language, and back to where somebody was: by the browser's word, else by the link's."""
        came = urlsplit(request.headers.get("referer", ""))
        here = came.netloc == request.url.netloc and came.path != "/language"
        back = f"{came.path}?{came.query}" if came.query else came.path
        answer = RedirectResponse(inside(back if here else request.query_params.get("next", "/")), 303)
        chosen = request.query_params.get("to", "")
        if chosen in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_SECS, samesite="lax")
        return answer

    app.add_route("/console/style.css", sheet, include_in_schema=False)
    app.add_route("/language", language, include_in_schema=False)


def _run_feed(console: Console) -> None:
    running: list[asyncio.Task[None]] = []

    def start() -> None:
        running.append(asyncio.get_running_loop().create_task(console.feed.run(), name="console.feed"))

    async def stop() -> None:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    nicegui_app.on_startup(start)
    nicegui_app.on_shutdown(stop)


_FAVICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><path fill='#3d4a52' d='M2 2h28v28H2z'/>"
    "<path stroke='#e8eaeb' stroke-width='3' fill='none' d='M7 11h18M7 21h18M11 7v18M21 7v18'/></svg>"
)
