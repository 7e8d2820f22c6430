"""The audit log: every act and every denied try, in order, only ever added to; see audit_chain.py for what it proves.

An entry is written inside the transaction of the act where the act is one of access itself (`add_entry`), and right
after it otherwise. Nothing is pruned: an entry takes about 270 bytes (README.md).
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.access.audit_chain import (
    Anchor,
    Entry,
    Head,
    Outcome,
    Verified,
    check_chain,
    first_head,
    hash_of,
    printable,
    sealed_head,
)
from gateway.access.database import AccessDatabase
from gateway.access.heads import AuditHeads
from gateway.access.principal import Principal, gateway_itself

__all__ = ["AuditFilter", "AuditLog", "AuditPage", "add_entry"]

_LONGEST = {"token": 32, "name": 100, "role": 20, "address": 64, "act": 60, "what": 200, "detail": 1_000}
_COLUMNS = ", ".join(Entry._fields)
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; what is empty doesn't narrow. `act` also takes its first word: `access` is all `access.*`."""

    who: str = ""
    """Public id of a token, or a name."""
    act: str = ""
    what: str = ""
    outcome: str = ""
    since: int | None = None
    """UTC ns; from then on."""
    until: int | None = None
    """And before then."""

    def where(self) -> tuple[str, list[object]]:
        """The condition on an entry, with its parameters."""
        terms, values = ["1"], list[object]()
        if self.who:
            terms.append("(token = ? OR name = ?)")
            values += [self.who, self.who]
        if self.act:
            terms.append("(act = ? OR substr(act, 1, ?) = ?)")
            values += [self.act, len(self.act) + 1, f"{self.act}."]
        for column in ("what", "outcome"):
            if value := getattr(self, column):
                terms.append(f"{column} = ?")
                values.append(value)
        if self.since is not None:
            terms.append("at >= ?")
            values.append(self.since)
        if self.until is not None:
            terms.append("at < ?")
            values.append(self.until)
        return " AND ".join(terms), values


class AuditPage(NamedTuple):
    """Entries, the newest first; `next` is the cursor of the page behind them, None where there is none."""

    entries: list[Entry]
    next: int | None


class AuditLog:
    """The log in one records.db. Calls may come from any thread."""

    def __init__(self, database: AccessDatabase) -> None:
        self._database = database

    def append(
        self, now: int, who: Principal, act: str, what: str = "", outcome: Outcome = Outcome.DONE, detail: str = ""
    ) -> int:
        """Add an entry; gives its number. On disk when it returns. Raises Retry or Halt: then nothing was noted."""
        with self._database.transaction() as db:
            return add_entry(db, now, who, act, what, outcome, detail)

    def read(self, which: AuditFilter = AuditFilter(), before: int | None = None, limit: int = 100) -> AuditPage:
        """A page, the newest first; `before`: the cursor of the last page."""
        limit = max(1, min(limit, _MOST))
        where, values = which.where()
        if before is not None:
            where, values = f"{where} AND seq < ?", [*values, before]
        sql = f"SELECT {_COLUMNS} FROM audit WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608
        with self._database.apart() as db:
            db.text_factory = _text
            found = [Entry(*row) for row in db.execute(sql, [*values, limit + 1])]
        more = len(found) > limit
        return AuditPage(found[:limit], found[limit - 1].seq if more else None)

    def head(self) -> Anchor:
        """How many entries there are, and the hash of the last: what is worth noting elsewhere."""
        with self._database.reading() as db:
            found = _head(db)
        return Anchor(0, "") if found is None or not found.entries else Anchor(found.entries, found.hash)

    def verify(self, anchors: Iterable[Anchor] = ()) -> Verified:
        """Read all of it through; says where it isn't what was written. `anchors`: hashes noted elsewhere, beside those
        that the gateway has noted."""
        anchors = [*AuditHeads(self._database.path.parent).read(), *anchors]
        with self._database.apart() as db:
            db.text_factory = _text
            return check_chain(_entries(db), _head(db), anchors)


def add_entry(
    db: sqlite3.Connection, now: int, who: Principal, act: str, what: str = "", outcome: Outcome = Outcome.DONE,
    detail: str = "",
) -> int:  # fmt: skip
    """Add an entry inside the caller's transaction, which began as a writer; gives its number."""
    head, last = _head(db), _last(db)
    problem = _unsound(head, last)
    if head is None:
        head = _new_head(db, last)
    if problem:
        # whoever verifies after the seal is whole again must still see that it wasn't
        head = _put(db, head, last, now, gateway_itself(), "audit.seal", "audit", Outcome.FAILED, problem)
        last = _last(db)
    return _put(db, head, last, now, who, act, what, outcome, detail).entries


def _put(
    db: sqlite3.Connection, head: Head, last: Entry | None, now: int, who: Principal, act: str, what: str,
    outcome: Outcome, detail: str,
) -> Head:  # fmt: skip
    texts = {
        "token": who.token, "name": who.name, "role": who.role, "address": who.address, "act": act, "what": what,
        "detail": detail,
    }  # fmt: skip
    shown = {name: printable(text, _LONGEST[name]) for name, text in texts.items()}
    # behind what somebody may have added beside the log, and on the hash that is sealed: so that it stays to be seen
    seq = max(head.entries, 0 if last is None else last.seq) + 1
    values = (
        seq, now, shown["token"], shown["name"], shown["role"], shown["address"], shown["act"], shown["what"],
        str(outcome), shown["detail"], head.hash,
    )  # fmt: skip
    hashed = hash_of(values)
    db.execute(f"INSERT INTO audit({_COLUMNS}) VALUES ({', '.join('?' * len(Entry._fields))})", (*values, hashed))  # noqa: S608
    new = sealed_head(head.log, seq, hashed)
    db.execute("UPDATE audit_head SET entries = ?, hash = ?, seal = ? WHERE id = 0", new[1:])
    return new


def _unsound(head: Head | None, last: Entry | None) -> str:
    """What is wrong at the end of the log, before anything is added to it."""
    end, newest = (0, "") if last is None else (last.seq, last.hash)
    if head is None:
        return f"the seal was missing; it is made anew behind entry {end}"
    if not head.intact:
        return f"the seal was altered; it said {head.entries} entries, there were {end}"
    if end != head.entries or (last is not None and newest != head.hash):
        return f"the log didn't end as it was sealed: entry {head.entries} was sealed, {end} was the last"
    return ""


def _new_head(db: sqlite3.Connection, last: Entry | None) -> Head:
    """Where a salvage could not save it."""
    head = first_head()
    if last is not None:
        row = db.execute("SELECT prev FROM audit WHERE seq = 1").fetchone()
        head = sealed_head(head.log if row is None else row[0], last.seq, last.hash)
    db.execute("INSERT INTO audit_head VALUES (0, ?, ?, ?, ?)", head)
    return head


def _head(db: sqlite3.Connection) -> Head | None:
    row = db.execute("SELECT log, entries, hash, seal FROM audit_head").fetchone()
    return None if row is None else Head(*row)


def _last(db: sqlite3.Connection) -> Entry | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq DESC LIMIT 1").fetchone()  # noqa: S608
    return None if row is None else Entry(*row)


def _entries(db: sqlite3.Connection) -> Iterator[Entry]:
    for row in db.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq"):  # noqa: S608
        yield Entry(*row)


def _text(raw: bytes) -> str:
    """Also what is no UTF-8 any more, so that the log can be read past it."""
    return raw.decode("utf-8", "replace")
