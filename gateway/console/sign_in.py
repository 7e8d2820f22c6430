"""The way in and out: a page to paste a token into, and the cookie of the session that it begins.

    GET  /sign-in?next=/alarms     the form
    POST /sign-in                  a token -> cookie, and on to `next`; or the form again, and why
    GET  /sign-out                 the session ends

It works without a script. The cookie is HttpOnly and SameSite=Strict: no page of another site can use it, or end it.
"""

import asyncio
from collections.abc import Callable
from html import escape
from typing import Protocol
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.addresses import inside
from gateway.console.texts.words import LANGUAGES, Words, language_of
from gateway.errors import GatewayError, Throttled

__all__ = ["SIGN_IN", "SIGN_OUT", "Sessions", "add_sign_in"]

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
_LONGEST_TOKEN = 500


class Sessions(Protocol):
    """Begins and ends sessions; on a thread."""

    cookie: str
    """Its name."""

    def begin(self, request: Request, token: str) -> str:
        """The cookie of a session. Raises GatewayError: the token doesn't count, or not here."""
        ...

    def end(self, request: Request) -> None:
        """End that of the request's cookie, if there is one."""
        ...


def add_sign_in(app: FastAPI, sessions: Sessions, style: str, language_cookie: str, theme_script: str) -> None:
    """Add the routes. `style`: address of the style sheet."""

    async def form(request: Request) -> Response:
        return _page(request, language_cookie, style, theme_script)

    async def begin(request: Request) -> Response:
        sent = await request.form(max_files=0, max_fields=4)
        token, back = str(sent.get("token", ""))[:_LONGEST_TOKEN].strip(), inside(str(sent.get("next", "/")))
        try:
            cookie = await asyncio.to_thread(sessions.begin, request, token)  # it waits for the database
        except GatewayError as error:
            status = 429 if isinstance(error, Throttled) else 401
            problem = f"{error.problem} {error.remedy}".strip()
            return _page(request, language_cookie, style, theme_script, problem=problem, status=status, back=back)
        answer = RedirectResponse(back, 303)
        answer.set_cookie(
            sessions.cookie, cookie, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
        )
        return answer

    async def end(request: Request) -> Response:
        await asyncio.to_thread(sessions.end, request)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(sessions.cookie, path="/")
        return answer

    app.add_route(SIGN_IN, form, methods=["GET"], include_in_schema=False)
    app.add_route(SIGN_IN, begin, methods=["POST"], include_in_schema=False)
    app.add_route(SIGN_OUT, end, methods=["GET"], include_in_schema=False)


def _page(
    request: Request, language_cookie: str, style: str, theme_script: str, *, problem: str = "", status: int = 200,
    back: str = "",
) -> HTMLResponse:  # fmt: skip
    language = language_of(request.cookies.get(language_cookie), request.headers.get("accept-language", ""))
    words = Words(language)
    other = "zh" if language == "en" else "en"
    back = back or inside(request.query_params.get("next", "/"))
    said = f'<p class="bad" role="alert">{escape(problem)}</p>' if problem else ""
    text: Callable[[str], str] = lambda key: escape(words(key))  # noqa: E731
    return HTMLResponse(
        f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{text("sign_in.title")} · {text("app.name")}</title>{theme_script}
<link rel="stylesheet" href="{escape(style)}"></head>
<body><main class="sign-in">
<h1>{text("app.name")}</h1>
<form method="post" action="{SIGN_IN}">
<input type="hidden" name="next" value="{escape(back, quote=True)}">
<label class="field"><span>{text("sign_in.token")}</span>
<input type="password" name="token" autocomplete="current-password" autofocus required maxlength="{_LONGEST_TOKEN}"
 aria-describedby="hint"></label>
{said}
<button class="b main" type="submit">{text("sign_in.go")}</button>
<p class="muted" id="hint">{text("sign_in.hint")}</p>
</form>
<p><a href="/language?to={other}&amp;next={quote(SIGN_IN)}" hreflang="{other}">{LANGUAGES[other]}</a></p>
</main></body></html>""",
        status,
    )
