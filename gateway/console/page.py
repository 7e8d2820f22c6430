"""One page in one browser: who looks, in which language, the frame around it, and what it does every half second."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from nicegui import ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.console.console import Console
from gateway.console.frame import FrameView, Said, head_frame
from gateway.console.nodes import Keyed, Node
from gateway.console.parts.live_view import Act, LiveView
from gateway.console.seams import Identity
from gateway.console.texts.words import Words, language_of
from gateway.console.theme import THEMES
from gateway.errors import GatewayError
from gateway.link.channel import LiveFilter
from gateway.live.events import Kind

__all__ = ["LANGUAGE_COOKIE", "Page", "boot_script", "open_page"]

LANGUAGE_COOKIE, THEME_COOKIE = "cityloom-language", "cityloom-theme"
_HTML_LANGUAGES = {"en": "en", "zh": "zh-CN"}
_TICK_SECS = 0.3
_LOOK_AGAIN_SECS = 10.0
"""So often it is looked whether whoever looks may still."""
_BOOT = """<script>(() => {{
const chosen = document.cookie.match(/{cookie}=(light|dark)/)?.[1];
const root = document.documentElement;
root.dataset.theme = chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
root.dataset.ages = "{ages}";
if ("{language}") root.lang = "{language}";
}})()</script><link rel="stylesheet" href="/console/style.css?{version}">"""
_THEME = """(() => {{
const root = document.documentElement;
root.dataset.theme = "{theme}";
document.cookie = "{cookie}={theme};path=/;max-age=31536000;samesite=lax";
}})()"""


class Page:
    """Made by `open_page` inside a page function."""

    def __init__(self, console: Console, request: Request, identity: Identity, words: Words, name: str) -> None:
        self.console, self.identity, self.words, self.name = console, identity, words, name
        self._request = request
        self._frame = FrameView(console, words, identity, name)
        self._said: list[Said] = []
        self._ticks: list[Callable[[], Awaitable[None] | None]] = []
        self._theme = request.cookies.get(THEME_COOKIE, "")
        self._on_theme: list[Callable[[], Awaitable[None]]] = []
        self._following: asyncio.Task[None] | None = None
        self._client = ui.context.client
        self._client.on_delete(self._gone)
        with self._client.layout:
            self._head = LiveView(
                head_frame(console, words, identity, name, _address(request)), self._frame.slots(), self._on_head
            )
        self._head.move(self._client.layout, target_index=0)
        ui.timer(_TICK_SECS, self._tick, immediate=True)

    @property
    def now(self) -> int:
        """The city's time, UTC ns."""
        return self.console.now()

    def who(self) -> Identity | None:
        """Who looks, as they are now; None: they are signed out."""
        return self.console.who(self._request)

    def may(self, permission: str) -> bool:
        """Whether whoever looks may do that, now."""
        identity = self.who()
        return identity is not None and identity.may(permission)

    def permitted(self, permission: str) -> Identity | None:
        """Whoever looks, where they may do that now; None where not, which is told."""
        identity = self.console.who(self._request)
        if identity is not None and identity.may(permission):
            return identity
        self.say(self.words("frame.may_not"), failed=True)
        return None

    def show(self, frame: Node, slots: Mapping[str, Keyed], on_act: Callable[[Act], Any] | None = None) -> LiveView:
        """The page's content. `on_act` may be a coroutine function; what goes wrong in it is told."""
        return LiveView(frame, slots, on_act and (lambda act: self._do(on_act, act)))

    def every_tick(self, look: Callable[[], Awaitable[None] | None]) -> None:
        """Call it now and every half second."""
        self._ticks.append(look)

    def title(self, text: str) -> None:
        """Of the browser's tab."""
        ui.page_title(f"{text} · {self.words('app.name')}")

    def say(self, text: str, *, failed: bool = False) -> None:
        """Tell something for some seconds, also to who can't see it."""
        self._said.append(Said(text, failed))
        self._head.show({"said": self._frame.said(self._said)})

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A question to the gateway; None where it failed, which is told."""
        try:
            return await self.console.link.ask(method, **arguments)
        except GatewayError as error:
            self.say(self.words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
            return None

    async def act(self, permission: str, method: str, **arguments: Any) -> Any:
        """Do something in the name of whoever looks; None where they may not, or it failed: that is told."""
        return await self.order(permission, method, who=self.identity.name, **arguments)

    async def order(self, permission: str, method: str, **arguments: Any) -> Any:
        """The same, of what takes no name: it goes on record all the same."""
        given = {name: value for name, value in arguments.items() if name != "who"}
        if not self.may(permission):
            self.say(self.words("frame.may_not"), failed=True)
            await self.console.note(self._request, method, given, done=False)
            return None
        answer = await self.ask(method, **arguments)
        await self.console.note(self._request, method, given, done=answer is not None)
        return answer

    async def theme(self) -> str:
        """light or dark, as the browser shows it."""
        if self._theme not in THEMES:
            said = await ui.run_javascript("return document.documentElement.dataset.theme", timeout=5.0)
            self._theme = said if said in THEMES else "light"
        return self._theme

    def on_theme(self, draw: Callable[[], Awaitable[None]]) -> None:
        """Call it when somebody turns the light on or off."""
        self._on_theme.append(draw)

    def follow(self, devices: frozenset[str], take: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        """Have the link ask for readings of devices (of all, where empty) while this page is open; `take` gets each."""
        if self._following is None:
            self._following = asyncio.get_running_loop().create_task(self._follow(devices, take), name="console.follow")

    async def _follow(self, devices: frozenset[str], take: Callable[[Mapping[str, Any]], None] | None) -> None:
        wanted = LiveFilter(frozenset((Kind.LATEST,)), devices=devices)
        with self.console.link.feed.reader(wanted) as reading:
            await reading.begin()
            while events := await reading.next():
                for event in events:
                    if take is not None and event.kind is Kind.LATEST:
                        take(event.data)

    def go(self, address: str) -> None:
        """Show `address` in the bar without loading anything."""
        ui.run_javascript(f"history.replaceState(null, '', {_js(address)})")

    async def _do(self, on_act: Callable[[Act], Any], act: Act) -> None:
        result = on_act(act)
        if result is not None:
            await result

    async def _tick(self) -> None:
        self._frame.look()
        self._said = [each for each in self._said if each.stays]
        self._head.show({**self._frame.slots(), "said": self._frame.said(self._said)})
        self._set_clock()
        for look in self._ticks:
            result = look()
            if result is not None:
                await result

    def _set_clock(self) -> None:
        """The browser counts on by itself; now and then it is set right."""
        known = self.console.clock()
        if known is None or not self._frame.clock_due():
            return
        now, speed = known
        ui.run_javascript(f"window.cityloomSetClock?.({now // 1_000_000}, {speed})")
        if self.console.who(self._request) is None:
            ui.navigate.to(self.console.sign_in or "/")

    def _gone(self) -> None:
        if self._following is not None:
            self._following.cancel()

    async def _on_head(self, act: Act) -> None:
        if act.name == "theme":
            self._theme = "light" if await self.theme() == "dark" else "dark"
            ui.run_javascript(_THEME.format(cookie=THEME_COOKIE, theme=self._theme))
            for draw in self._on_theme:
                await draw()
        elif act.name == "quiet":
            self._said.clear()
            self._head.show({"said": self._frame.said(self._said)})


def open_page(console: Console, request: Request, name: str, style_version: str) -> Page | Response:
    """The frame of a page, or what to answer instead where nobody is signed in."""
    words = Words(language_of(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")))
    identity = console.who(request)
    if identity is None:
        if not console.sign_in:
            return HTMLResponse(f"<!doctype html><title>CityLoom</title><p>{words('frame.not_signed_in')}</p>", 401)
        return RedirectResponse(f"{console.sign_in}?next={quote(_address(request), safe='')}", 303)
    ui.add_head_html(
        _BOOT.format(
            cookie=THEME_COOKIE,
            ages=words("frame.ages"),
            language=_HTML_LANGUAGES[words.language],
            version=style_version,
        )
    )
    return Page(console, request, identity, words, name)


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def boot_script(language: str = "") -> str:
    """Sets light or dark before anything is drawn."""
    return _BOOT.partition("<link")[0].format(cookie=THEME_COOKIE, ages="", language=language)


def _js(text: str) -> str:
    """A text as a JavaScript literal."""
    return json.dumps(text)
