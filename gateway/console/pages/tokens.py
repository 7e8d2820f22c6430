"""Tokens and sessions: made, given a new secret, revoked, signed out; by who may manage access, and on record.

form --> view/tokens.py --> gate.require --> token store (entry in the same transaction) --> the secret, shown once
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import time_ns
from typing import TypeVar

from gateway.access.audit_chain import Outcome
from gateway.access.gate import Gate
from gateway.access.principal import WHOLE_CITY, Principal
from gateway.access.roles import Permission
from gateway.access.sessions import SessionInfo
from gateway.access.token_model import Issued, Token
from gateway.console.nodes import Keyed, Node, act, el, slot
from gateway.console.page import Page
from gateway.console.pages.token_dialogs import new_dialog, revoke_dialog, rotate_dialog, secret_dialog
from gateway.console.parts.live_view import Act
from gateway.console.view.format import local_time
from gateway.console.view.tokens import grace_of, lifetime_of, new_token_of
from gateway.errors import GatewayError, NotAllowed, StoreError

__all__ = ["TokensPage"]

T = TypeVar("T")
_HEADS = ("token", "name", "role", "narrowed", "state", "expires", "used", "sessions")
_SESSION_HEADS = ("session", "name", "since", "seen", "address")


class TokensPage:
    """The tab of tokens and sessions; `head`: what stands above it."""

    def __init__(self, page: Page, gate: Gate, head: Node) -> None:
        self._page, self._words, self._gate, self._head = page, page.words, gate, head
        self._tokens: list[Token] = []
        self._sessions: list[SessionInfo] = []
        self._every = False
        self._dialog: Keyed = []

    async def build(self) -> None:
        """Draw it."""
        words = self._words
        await self._read()
        self._view = self._page.show(
            el(
                "div.page",
                self._head,
                el("div.row", act(words("token.new"), "new", class_="b main"), slot("every", "span")),
                el("section.panel.scroll", self._table("access.tokens_only", _HEADS, "tokens")),
                el("section.panel.stack", el("h2", words("access.signed_in")),
                   el("div.scroll", self._table("access.signed_in", _SESSION_HEADS, "sessions"))),
                slot("dialog"),
            ),
            self._slots(),
            self._act,
        )  # fmt: skip

    def _table(self, caption: str, heads: Sequence[str], rows: str) -> Node:
        words = self._words
        row = [el("th", words(f"access.{head}"), scope="col") for head in heads]
        return el(
            "table", el("caption.hidden-text", words(caption)),
            el("thead", el("tr", *row, el("th", el("span.hidden-text", words("access.acts")), scope="col"))),
            slot(rows, "tbody"),
        )  # fmt: skip

    async def _read(self) -> None:
        now, gate = time_ns(), self._gate
        try:
            self._tokens, self._sessions = await asyncio.to_thread(lambda: (gate.tokens.all(), gate.sessions.all(now)))
        except StoreError as error:
            self._say(error)

    def _slots(self) -> dict[str, Keyed]:
        words, now = self._words, time_ns()
        shown = [each for each in self._tokens if self._every or each.state(now) == "valid"]
        over = len(self._tokens) - sum(each.state(now) == "valid" for each in self._tokens)
        every = act(words("access.every", n=over), "every", class_="b", aria_pressed="true" if self._every else "false")
        none: Keyed = [("none", el("tr", el("td.muted", words("frame.none"), colspan="9")))]
        return {
            "tokens": [(each.id, self._token(each, now)) for each in reversed(shown)] or none,
            "sessions": [(each.id, self._session(each)) for each in self._sessions] or none,
            "every": [("every", every)] if over else [],
            "dialog": self._dialog,
        }

    def _token(self, token: Token, now: int) -> Node:
        zone, words = self._page.console.zone, self._words
        state = token.state(now)
        mine = sum(session.token == token.id for session in self._sessions)
        acts = [
            act(words("token.rotate"), "rotate-ask", token.id, class_="b",
                aria_label=words("token.rotate_of", name=token.name)),
            act(words("token.revoke"), "revoke-ask", token.id, class_="b",
                aria_label=words("token.revoke_of", name=token.name)),
        ]  # fmt: skip
        until = words("token.old_until", time=local_time(token.old_until, zone)) if token.old_until > now else None
        return el(
            f"tr{'' if state == 'valid' else '.quiet'}",
            el("td.code", token.id),
            el("td", token.name),
            el("td", words.term("role", token.role)),
            el("td", ", ".join((*token.narrowed, *map(self._zone, token.zones))) or "–"),
            el("td", words.term("token_state", state), el("div.muted", until) if until else None),
            el("td.nowrap", "–" if token.expires is None else local_time(token.expires, zone)),
            el("td.nowrap", "–" if token.used is None else local_time(token.used, zone)),
            el("td.num", str(mine)),
            el("td.acts", *(acts if state == "valid" else ())),
        )

    def _session(self, session: SessionInfo) -> Node:
        zone, words = self._page.console.zone, self._words
        name = next((token.name for token in self._tokens if token.id == session.token), session.token)
        here = session.id == self._page.identity.principal.session
        return el(
            "tr",
            el("td.code", session.id),
            el("td", name, el("span.muted", f" {words('access.this_one')}") if here else None),
            el("td.nowrap", local_time(session.created, zone)),
            el("td.nowrap", local_time(session.seen, zone)),
            el("td", session.address),
            el("td.acts", act(words("access.sign_out"), "sign-out", session.id, class_="b",
                              aria_label=words("access.sign_out_of", name=name, session=session.id))),
        )  # fmt: skip

    def _zone(self, zone: str) -> str:
        place = self._page.console.places.zones.get(zone)
        return zone if place is None else self._words.named(place.name, place.name_en)

    # -- acts ----------------------------------------------------------------------------------------------------------

    async def _act(self, said: Act) -> None:
        match said.name:
            case "every":
                self._every = not self._every
            case "new":
                self._open(new_dialog(self._words, self._zones()))
            case "rotate-ask" | "revoke-ask":
                self._ask(said.name, said.key)
            case "close":
                self._dialog = []
            case "token-make":
                await self._make(said)
            case "token-rotate":
                await self._rotate(said)
            case "token-revoke":
                await self._revoke(said.key)
            case "sign-out":
                await self._sign_out(said.key)
        self._view.show(self._slots())

    def _zones(self) -> list[tuple[str, str]]:
        """Districts by name, each with what lies in it behind it."""
        places = self._page.console.places.zones
        named = {name: self._zone(name) for name in places}
        order = sorted(places.values(), key=lambda each: (named[each.zone or each.id], bool(each.zone), named[each.id]))
        return [(each.id, f"{'　' if each.zone else ''}{named[each.id]}") for each in order]

    def _open(self, dialog: Node) -> None:
        self._dialog = [("dialog", dialog)]

    def _ask(self, name: str, key: str) -> None:
        token = next((each for each in self._tokens if each.id == key), None)
        if token is None:
            return
        own = token.id == self._page.identity.principal.token
        self._open(
            rotate_dialog(self._words, token) if name == "rotate-ask" else revoke_dialog(self._words, token, own=own)
        )

    async def _make(self, said: Act) -> None:
        wanted = new_token_of(said.values, self._page.console.places.zones)
        if wanted is None:
            return
        made = await self._manage(
            "access.create", wanted.name,
            lambda who, now: self._gate.tokens.create(
                now, who, wanted.name, wanted.role, zones=wanted.zones, lifetime=wanted.lifetime
            ),
        )  # fmt: skip
        self._issued(made)

    async def _rotate(self, said: Act) -> None:
        try:
            grace, lifetime = grace_of(said.values), lifetime_of(said.values)
        except KeyError:
            return
        made = await self._manage(
            "access.rotate", said.key,
            lambda who, now: self._gate.tokens.rotate(now, who, said.key, grace, lifetime),
        )  # fmt: skip
        self._issued(made)

    def _issued(self, made: Issued | None) -> None:
        if made is not None:
            self._open(secret_dialog(self._words, made))

    async def _revoke(self, key: str) -> None:
        done = await self._manage("access.revoke", key, lambda who, now: self._gate.tokens.revoke(now, who, key))
        if done is not None:
            self._dialog = []
            self._page.say(self._words("token.revoked", name=done.name))

    async def _sign_out(self, key: str) -> None:
        def end(who: Principal, now: int) -> bool:
            self._gate.sessions.end(now, who, key)
            return True

        if await self._manage("session.end", key, end):
            self._page.say(self._words("access.signed_out"))

    async def _manage(self, act_name: str, what: str, do: Callable[[Principal, int], T]) -> T | None:
        """Do it in the name of whoever looks, as they may now; None where it failed, which is told and on record."""
        identity = self._page.who()
        if identity is None:
            self._page.say(self._words("frame.may_not"), failed=True)
            return None
        who = identity.principal
        try:
            done = await asyncio.to_thread(self._managed, who, act_name, what, do)
        except GatewayError as error:
            self._say(error)
            done = None
        await self._read()
        return done

    def _managed(self, who: Principal, act_name: str, what: str, do: Callable[[Principal, int], T]) -> T:
        now, gate = time_ns(), self._gate
        gate.require(who, Permission.ACCESS_MANAGE, now, WHOLE_CITY, act_name, what)
        try:
            return do(who, now)
        except GatewayError as error:
            outcome = Outcome.DENIED if isinstance(error, NotAllowed) else Outcome.FAILED
            with suppress(StoreError):
                gate.done(who, act_name, now, what, error.problem, outcome)
            raise

    def _say(self, error: GatewayError) -> None:
        self._page.say(self._words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
