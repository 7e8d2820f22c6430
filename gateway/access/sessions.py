"""Sessions of browsers: a token is pasted once, then a cookie with a random id stands for it. The table has its hash.

begun --> seen, seen ... --> out: signed out, idle for 12 h, 7 days old, its token over, or its secret replaced

The CSRF token is computed from the id, which nobody else has, and isn't stored: a page of another site can send the
cookie along, but can't read it, so it can't say the token.
"""

import base64
import hmac
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gateway.access.audit import add_entry
from gateway.access.database import AccessDatabase
from gateway.access.principal import Principal
from gateway.access.token_model import DAY, MINUTE, Token
from gateway.access.token_text import hash_of_secret
from gateway.access.tokens import NOTE_SECS, find_token
from gateway.errors import Missing, NotAllowed, Retry

__all__ = ["Session", "SessionInfo", "SessionStore", "csrf_of"]

IDLE = 12 * 60 * MINUTE
LONGEST = 7 * DAY
_ID_BYTES, _PUBLIC_BYTES = 32, 6
_MOST_OF_A_TOKEN = 20
"""Sessions; of more the one that was not seen for longest ends."""
_LONGEST_ID, _LONGEST_ADDRESS = 100, 64
_COLUMNS = "id, token, generation, created, seen, address"


@dataclass(frozen=True, slots=True)
class Session:
    """One that counts, for the browser that has it."""

    who: Principal
    ends: int
    """UTC ns at which it ends at the latest."""
    secret: str = field(repr=False)
    """For the cookie."""
    csrf: str = field(repr=False)
    """For the forms and requests of its pages."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One of the table, for lists."""

    id: str
    """Public; stands for nothing."""
    token: str
    generation: int
    created: int
    seen: int
    address: str


class SessionStore:
    """The sessions of one records.db. Calls may come from any thread."""

    def __init__(self, database: AccessDatabase, *, idle: int = IDLE, longest: int = LONGEST) -> None:
        """`idle`, `longest`: ns after the last request and after the beginning at which one ends."""
        self._database = database
        self._idle = idle
        self._longest = longest

    def begin(self, now: int, token: Token, generation: int, address: str) -> Session:
        """Sign a browser in with a token that has just been looked at, and the generation of its secret."""
        secret, public = secrets.token_urlsafe(_ID_BYTES), secrets.token_hex(_PUBLIC_BYTES)
        info = SessionInfo(public, token.id, generation, now, now, address[:_LONGEST_ADDRESS])
        with self._database.transaction() as db:
            self._clear(db, now)
            db.execute(
                "DELETE FROM access_sessions WHERE token = ? AND id NOT IN (SELECT id FROM access_sessions "
                "WHERE token = ? ORDER BY seen DESC LIMIT ?)",
                (token.id, token.id, _MOST_OF_A_TOKEN - 1),
            )
            db.execute(
                "INSERT INTO access_sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (hash_of_secret(secret), info.id, info.token, info.generation, info.created, info.seen, info.address),
            )
            who = token.principal(address, public)
            add_entry(db, now, who, "session.begin", public)
        return Session(who, self._end(info, token), secret, csrf_of(secret))

    def resume(self, secret: str, now: int, address: str) -> Session | None:
        """The session of a cookie, with what its token may now; None: there is none, or no longer."""
        if not secret or len(secret) > _LONGEST_ID:
            return None
        hashed = hash_of_secret(secret)
        with self._database.reading() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM access_sessions WHERE hash = ?", (hashed,)).fetchone()  # noqa: S608
            info = None if row is None else SessionInfo(*row)
            token = None if info is None else find_token(db, info.token)
        if info is None or token is None or not self._counts(info, token, now):
            return None
        if now - info.seen >= MINUTE:
            with suppress(Retry), self._database.transaction(NOTE_SECS) as db:
                db.execute("UPDATE access_sessions SET seen = max(seen, ?) WHERE hash = ?", (now, hashed))
        return Session(token.principal(address, info.id), self._end(info, token), secret, csrf_of(secret))

    def end(self, now: int, by: Principal, id: str) -> None:  # noqa: A002  the word for it
        """Sign one out, one's own or another's, by its public id.

        Raises:
            Missing: there is no such session.
            NotAllowed: it is of a token that may more than `by`.
        """
        with self._database.transaction() as db:
            row = db.execute("SELECT token FROM access_sessions WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise Missing("There is no such session.", "It may have ended: look at the list again.")
            token = find_token(db, row[0])
            if token is not None and token.id != by.token and not by.covers(token.permissions, token.zones):
                raise NotAllowed(f"Token {token.id} may more than yours.", "Ask somebody who may as much as it does.")
            db.execute("DELETE FROM access_sessions WHERE id = ?", (id,))
            add_entry(db, now, by, "session.end", id, detail="" if row[0] == by.token else f"of token {row[0]}")

    def all(self, now: int, token: str = "") -> list[SessionInfo]:
        """Those that count, of one token or of all; the one seen last first."""
        with self._database.reading() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM access_sessions ORDER BY seen DESC, id").fetchall()  # noqa: S608
            tokens = {row[1]: find_token(db, row[1]) for row in rows}
        return [info for info in _infos(rows) if token in ("", info.token) and self._of(tokens[info.token], info, now)]

    def _of(self, token: Token | None, info: SessionInfo, now: int) -> bool:
        return token is not None and self._counts(info, token, now)

    def _counts(self, info: SessionInfo, token: Token, now: int) -> bool:
        fresh = now < info.seen + self._idle and now < info.created + self._longest
        return fresh and token.takes(info.generation, now)

    def _end(self, info: SessionInfo, token: Token) -> int:
        ends = [info.created + self._longest, *([] if token.expires is None else [token.expires])]
        if info.generation < token.generation:
            ends.append(token.old_until)
        return min(ends)

    def _clear(self, db: sqlite3.Connection, now: int) -> None:
        """Forget those that are over by their own times."""
        db.execute(
            "DELETE FROM access_sessions WHERE seen <= ? OR created <= ?", (now - self._idle, now - self._longest)
        )


def csrf_of(secret: str) -> str:
    """What the pages of a session say along with each act; compare with `hmac.compare_digest`."""
    made = hmac.digest(secret.encode(), b"cityloom csrf", "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _infos(rows: Sequence[Sequence[Any]]) -> list[SessionInfo]:
    return [SessionInfo(*row) for row in rows]
