"""Tokens: made, looked at, given a new secret, revoked. Every change is in the audit log, in the same transaction.

made --> counts --> expired | revoked       kept in the table for good: the audit log speaks of it
            |
            +-- new secret (rotate): the old one counts on for the grace time, then only the new

Each look reads the table, so what another process revoked counts here from the next request on. Times are of the
machine's clock, never of the city's, which may run faster.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from gateway.access.audit import add_entry
from gateway.access.audit_chain import Outcome, printable
from gateway.access.database import AccessDatabase
from gateway.access.principal import Principal, gateway_itself
from gateway.access.roles import PERMISSIONS, Permission, Role
from gateway.access.token_model import COLUMNS, DAY, MINUTE, Issued, Token, token_of
from gateway.access.token_text import hash_of_secret, make_token, parse_token, same_hash
from gateway.errors import CommandError, Missing, NotAllowed, Retry

__all__ = ["DEFAULT_LIFETIME", "NOTE_SECS", "TokenStore", "find_token"]

DEFAULT_LIFETIME = 365 * DAY
_LONGEST_LIFETIME = 3650 * DAY
_LONGEST_GRACE = 30 * DAY
_LONGEST_NAME, _LONGEST_ZONE, _MOST_ZONES = 100, 64, 100
_SHORTEST_ID = 4
NOTE_SECS = 0.05
"""For how long others may write before a use goes unnoted."""


class TokenStore:
    """The tokens of one records.db. Calls may come from any thread."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def create(
        self, now: int, by: Principal, name: str, role: Role, *, permissions: Sequence[Permission] = (),
        zones: Sequence[str] = (), lifetime: int | None = DEFAULT_LIFETIME,
    ) -> Issued:  # fmt: skip
        """Make a token. `permissions`, `zones`: narrowed to these; `lifetime`: ns, None = it never expires.

        Raises:
            CommandError: a token can't be like that.
            NotAllowed: it would be allowed more than `by` is.
        """
        _check(name, role, permissions, zones, lifetime)
        with self._database.transaction() as db:
            return _create(db, now, by, name.strip(), role, permissions, zones, lifetime)

    def first_administrator(self, now: int) -> Issued | None:
        """Make one where there is no token at all, to be printed once. Of several processes one does."""
        with self._database.transaction() as db:
            if db.execute("SELECT 1 FROM access_tokens LIMIT 1").fetchone() is not None:
                return None
            who = gateway_itself()
            return _create(db, now, who, "first administrator", Role.ADMINISTRATOR, (), (), DEFAULT_LIFETIME)

    def check(self, text: str, now: int) -> tuple[Token, int] | None:
        """The token and the generation of the secret that somebody brought; None: it doesn't count, for any reason.

        Notes the use, once a minute. Raises Retry or Halt.
        """
        shown = parse_token(text)
        if shown is None:
            return None
        hashed = hash_of_secret(shown.text)
        with self._database.reading() as db:
            row = db.execute("SELECT hash, old_hash FROM access_tokens WHERE id = ?", (shown.id,)).fetchone()
            token = None if row is None else find_token(db, shown.id)
        # both are compared, whichever it is
        new, old = (same_hash(kept, hashed) for kept in (row or (b"", b"")))
        if token is None or not (new or old):
            return None
        generation = token.generation if new else token.generation - 1
        if not token.takes(generation, now):
            return None
        self._note_use(token, now)
        return token, generation

    def revoke(self, now: int, by: Principal, id: str) -> Token:  # noqa: A002  the word for it
        """Let it count no more, from now on and everywhere; its sessions end with it. Again: nothing changes.

        Raises:
            CommandError: there is no such token.
            NotAllowed: it may more than `by` may.
        """
        with self._database.transaction() as db:
            token = _managed(db, by, id)
            if token.revoked is None:
                db.execute("UPDATE access_tokens SET revoked = ? WHERE id = ?", (now, id))
                db.execute("DELETE FROM access_sessions WHERE token = ?", (id,))
                add_entry(db, now, by, "access.revoke", id, Outcome.DONE, token.name)
            return _found(db, id)

    def rotate(self, now: int, by: Principal, id: str, grace: int = DAY, lifetime: int | None = 0) -> Issued:  # noqa: A002
        """Give it a new secret; the old one counts for `grace` ns more, and one before that no longer.

        It then lives as long as it was made for, from now on, or for `lifetime` (None: it never expires).

        Raises:
            CommandError: there is no such token, or it is over.
            NotAllowed: it may more than `by` may.
        """
        if not 0 <= grace <= _LONGEST_GRACE:
            raise CommandError(
                "An old secret counts for 30 days at most.", "Give a shorter grace time; 0 ends it now.", 2
            )
        _check_lifetime(lifetime or None)
        with self._database.transaction() as db:
            token = _managed(db, by, id)
            if token.state(now) != "valid":
                raise CommandError(f"Token {id} is {token.state(now)}.", "Make a new one: `cityloom access create`.")
            lifetime = token.lifetime if lifetime == 0 else lifetime
            made = make_token(id)
            db.execute(
                "UPDATE access_tokens SET old_hash = CASE WHEN ? > 0 THEN hash END, old_until = ?, hash = ?, "
                "generation = generation + 1, lifetime = ?, expires = ? WHERE id = ?",
                (grace, now + grace if grace else 0, hash_of_secret(made.text), lifetime,
                 None if lifetime is None else now + lifetime, id),
            )  # fmt: skip
            if not grace:
                db.execute("DELETE FROM access_sessions WHERE token = ?", (id,))
            add_entry(
                db,
                now,
                by,
                "access.rotate",
                id,
                Outcome.DONE,
                f"{token.name}; the old secret counts for {grace // 10**9} s",
            )
            return Issued(_found(db, id), made.text)

    def find(self, which: str) -> Token:
        """By its id, the first four characters of it or more, or its name where one token that isn't revoked has it.

        Raises:
            CommandError: there is none, or more than one.
        """
        which = which.removeprefix("cl_")
        every = self.all()
        found = [token for token in every if token.name == which and token.revoked is None]
        found = found or [token for token in every if len(which) >= _SHORTEST_ID and token.id.startswith(which)]
        if not found:
            shown = printable(which, _LONGEST_NAME)
            raise CommandError(f"There is no token {shown!r}.", "`cityloom access list --all` shows them.", 1)
        if len(found) > 1:
            ids = ", ".join(token.id for token in found[:5])
            raise CommandError(f"More than one token is meant by {which!r}: {ids}.", "Give its whole id.", 2)
        return found[0]

    def all(self) -> list[Token]:
        """Every token that there ever was, the oldest first."""
        with self._database.reading() as db:
            rows = db.execute(f"SELECT {COLUMNS} FROM access_tokens ORDER BY created, id").fetchall()  # noqa: S608
        return [token_of(row) for row in rows]

    def _note_use(self, token: Token, now: int) -> None:
        if token.used is not None and now - token.used < MINUTE:
            return
        # a file that others write must not keep anybody out, nor hold a request up
        with suppress(Retry), self._database.transaction(NOTE_SECS) as db:
            db.execute("UPDATE access_tokens SET used = max(coalesce(used, 0), ?) WHERE id = ?", (now, token.id))


def find_token(db: sqlite3.Connection, id: str) -> Token | None:  # noqa: A002  the word for it
    """The token of that id, inside the caller's transaction."""
    row = db.execute(f"SELECT {COLUMNS} FROM access_tokens WHERE id = ?", (id,)).fetchone()  # noqa: S608
    return None if row is None else token_of(row)


def _create(
    db: sqlite3.Connection, now: int, by: Principal, name: str, role: Role, permissions: Sequence[Permission],
    zones: Sequence[str], lifetime: int | None,
) -> Issued:  # fmt: skip
    # in the order of the list, each once
    narrowed = tuple(each for each in Permission if each in set(permissions))
    given = narrowed or tuple(PERMISSIONS[role])
    places = tuple(dict.fromkeys(zones))
    if not by.covers(given, places):
        raise NotAllowed("Nobody gives away more than they have.", "Narrow the token to what yours may, and where.")
    made = make_token()
    while find_token(db, made.id) is not None:
        made = make_token()
    db.execute(
        "INSERT INTO access_tokens(id, name, role, permissions, zones, hash, created, created_by, lifetime, expires, "
        "generation, old_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)",
        (made.id, name, role, " ".join(narrowed), " ".join(places), hash_of_secret(made.text), now,
         by.token or by.name, lifetime, None if lifetime is None else now + lifetime),
    )  # fmt: skip
    until = "never expires" if lifetime is None else f"for {lifetime / DAY:.3g} days"
    facts = [name, str(role), until, *(["only " + " ".join(narrowed)] if narrowed else [])]
    facts += ["in " + " ".join(places)] if places else []
    add_entry(db, now, by, "access.create", made.id, Outcome.DONE, "; ".join(facts))
    return Issued(_found(db, made.id), made.text)


def _managed(db: sqlite3.Connection, by: Principal, id: str) -> Token:  # noqa: A002  the word for it
    """The token, where `by` may do something with it: who could renew a mightier one's secret would have it."""
    token = _found(db, id)
    if not by.covers(token.permissions, token.zones):
        raise NotAllowed(f"Token {id} may more than yours.", "Ask somebody who may as much as it does.")
    return token


def _found(db: sqlite3.Connection, id: str) -> Token:  # noqa: A002  the word for it
    token = find_token(db, id)
    if token is None:
        raise Missing(f"There is no token {printable(id, 40)!r}.", "`cityloom access list --all` shows them.", 1)
    return token


def _check(
    name: str, role: Role, permissions: Sequence[Permission], zones: Sequence[str], lifetime: int | None
) -> None:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or printable(name, _LONGEST_NAME) != name:
        raise CommandError(
            "A token has the name of a person or an application.",
            f"Write 1 to {_LONGEST_NAME} printable characters.",
            2,
        )
    if more := sorted(set(permissions) - PERMISSIONS[role]):
        raise CommandError(f"{role} may not {', '.join(more)}.", "Leave that out, or give a higher role.", 2)
    bad = [zone for zone in zones if not zone or len(zone) > _LONGEST_ZONE or zone.split() != [zone]]
    if bad or len(zones) > _MOST_ZONES:
        raise CommandError("That is no list of zones.", f"Name at most {_MOST_ZONES}, as zones.toml has them.", 2)
    _check_lifetime(lifetime)


def _check_lifetime(lifetime: int | None) -> None:
    if lifetime is not None and not MINUTE <= lifetime <= _LONGEST_LIFETIME:
        raise CommandError(
            "A token lives for a minute to ten years.", "Give such a time, or say that it never expires.", 2
        )
