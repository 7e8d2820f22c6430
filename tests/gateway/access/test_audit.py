"""The audit log in its file: what is refused, and what somebody with an editor for the file can do to it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.audit import AuditFilter, AuditLog
from gateway.access.audit_chain import Anchor, Outcome, hash_of, sealed_head
from gateway.access.database import AccessDatabase
from gateway.access.principal import Principal, console
from gateway.errors import Halt, Retry

T0 = 1_772_000_000_000_000_000
ROOT = console("root")
WANG = Principal("wang", "operator", frozenset(), "aaaaaaaa", (), "10.0.0.7")
COUNT = 12


@pytest.fixture
def log(database: AccessDatabase) -> AuditLog:
    made = AuditLog(database)
    for k in range(1, COUNT + 1):
        made.append(T0 + k, WANG if k % 2 else ROOT, f"alarms.{'ack' if k % 3 else 'shelve'}", f"alarm {k}")
    return made


def test_entries_are_numbered_and_tell_who_did_what_from_where(log: AuditLog) -> None:
    assert log.append(T0, WANG, "reports.contact", "r-1", Outcome.DENIED, "needs reports.contact") == COUNT + 1
    [entry] = log.read(AuditFilter(outcome="denied")).entries
    assert entry[:10] == (
        COUNT + 1, T0, "aaaaaaaa", "wang", "operator", "10.0.0.7", "reports.contact", "r-1", "denied",
        "needs reports.contact",
    )  # fmt: skip
    assert log.verify().intact
    assert log.head() == Anchor(COUNT + 1, entry.hash)


def test_texts_are_bounded_and_made_printable(log: AuditLog) -> None:
    who = Principal("x\n" * 300, "operator", frozenset(), "t" * 99, (), "a" * 999)
    log.append(T0, who, "a" * 99, "w" * 999, Outcome.DONE, "cl_abcdefgh_" + "s" * 43 + "\x1b" + "d" * 2000)
    [entry, *_] = log.read().entries
    assert entry.detail.startswith("cl_abcdefgh_***\N{REPLACEMENT CHARACTER}")
    assert [len(text) for text in entry[2:8]] == [32, 100, 8, 64, 60, 200]
    assert len(entry.detail) == 1000
    assert log.verify().intact


def test_pages_come_newest_first_and_lose_nothing(log: AuditLog) -> None:
    seen, before = list[int](), None
    while True:
        page = log.read(before=before, limit=5)
        seen += [entry.seq for entry in page.entries]
        log.append(T0, ROOT, "x")  # what comes meanwhile belongs to no page behind
        before = page.next
        if before is None:
            break
    assert seen == list(range(COUNT, 0, -1))


@pytest.mark.parametrize(
    ("which", "seqs"),
    [
        (AuditFilter(who="aaaaaaaa"), [11, 9, 7, 5, 3, 1]),
        (AuditFilter(who="root"), [12, 10, 8, 6, 4, 2]),
        (AuditFilter(act="alarms.shelve"), [12, 9, 6, 3]),
        (AuditFilter(act="alarms", who="wang"), [11, 9, 7, 5, 3, 1]),
        (AuditFilter(act="alarm"), []),
        (AuditFilter(what="alarm 4"), [4]),
        (AuditFilter(since=T0 + 4, until=T0 + 6), [5, 4]),
        (AuditFilter(outcome="failed"), []),
        (AuditFilter(who="'; DROP TABLE audit; --"), []),
    ],
)
def test_the_log_is_narrowed(which: AuditFilter, seqs: list[int], log: AuditLog) -> None:
    assert [entry.seq for entry in log.read(which).entries] == seqs


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET detail = 'x' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT 3, at, token, name, role, address, act, what, outcome, 'x', prev, hash "
        "FROM audit WHERE seq = 3",
        "INSERT INTO audit SELECT 99, at, token, name, role, address, act, what, outcome, detail, prev, hash "
        "FROM audit WHERE seq = 3",
        "UPDATE audit_head SET entries = 3",
        "UPDATE audit_head SET log = 'x', entries = 99",
        "DELETE FROM audit_head",
        "INSERT OR REPLACE INTO audit_head SELECT id, log, 3, hash, seal FROM audit_head",
    ],
)
def test_the_file_itself_refuses_changes(statement: str, log: AuditLog, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError, match="audit log"):
        db.execute(statement)
    assert log.verify().intact


# ---- somebody who drops the triggers first ----


def tampered(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        change(db)
        db.commit()


def rehashed(db: sqlite3.Connection, seq: int) -> None:
    *values, _ = db.execute("SELECT * FROM audit WHERE seq = ?", (seq,)).fetchone()
    db.execute("UPDATE audit SET hash = ? WHERE seq = ?", (hash_of(values), seq))


def swap(db: sqlite3.Connection) -> None:
    db.execute("UPDATE audit SET seq = -1 WHERE seq = 5")
    db.execute("UPDATE audit SET seq = 5 WHERE seq = 6")
    db.execute("UPDATE audit SET seq = 6 WHERE seq = -1")


def close_the_gap(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM audit WHERE seq = 5")
    for seq in range(6, COUNT + 1):
        db.execute("UPDATE audit SET seq = ? WHERE seq = ?", (seq - 1, seq))


def insert(db: sqlite3.Connection) -> None:
    for seq in range(COUNT, 5, -1):
        db.execute("UPDATE audit SET seq = ? WHERE seq = ?", (seq + 1, seq))
    db.execute("INSERT INTO audit SELECT 6, at, token, name, role, address, act, what, outcome, 'x', hash, '' "
               "FROM audit WHERE seq = 5")  # fmt: skip
    rehashed(db, 6)


def add_at_the_end(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO audit SELECT 13, at, token, name, role, address, act, what, outcome, detail, hash, '' "
        "FROM audit WHERE seq = 12"
    )
    rehashed(db, 13)


def statement(*texts: str) -> Callable[[sqlite3.Connection], None]:
    def change(db: sqlite3.Connection) -> None:
        for text in texts:
            db.execute(text)

    return change


def alter_with_hash(seq: int) -> Callable[[sqlite3.Connection], None]:
    def change(db: sqlite3.Connection) -> None:
        db.execute("UPDATE audit SET name = 'li' WHERE seq = ?", (seq,))
        rehashed(db, seq)

    return change


CHANGES: list[tuple[str, Callable[[sqlite3.Connection], object], int, str]] = [
    *(
        (f"{column} altered", statement(f"UPDATE audit SET {column} = '7' WHERE seq = 5"), 5, "altered")
        for column in ("at", "token", "name", "role", "address", "act", "what", "outcome", "detail", "prev", "hash")
    ),
    ("no text", statement("UPDATE audit SET name = CAST(x'ff00fe' AS TEXT) WHERE seq = 5"), 5, "altered"),
    ("altered with its hash", alter_with_hash(5), 5, "altered"),
    ("the first altered with its hash", alter_with_hash(1), 1, "altered"),
    ("the last altered with its hash", alter_with_hash(COUNT), COUNT, "altered"),
    ("deleted", statement("DELETE FROM audit WHERE seq = 5"), 5, "missing"),
    ("several deleted", statement("DELETE FROM audit WHERE seq IN (5, 6, 9)"), 5, "missing"),
    ("the first deleted", statement("DELETE FROM audit WHERE seq < 4"), 1, "missing"),
    ("deleted and the gap closed", close_the_gap, 5, "altered"),
    ("the last deleted", statement("DELETE FROM audit WHERE seq > 9"), 10, "missing"),
    ("all deleted", statement("DELETE FROM audit"), 1, "missing"),
    ("two in each other's place", swap, 5, "altered"),
    ("one put between", insert, 7, "altered"),
    ("one added at the end", add_at_the_end, 13, "added"),
    ("one added before the first", statement(
        "INSERT INTO audit SELECT 0, at, token, name, role, address, act, what, outcome, detail, prev, hash "
        "FROM audit WHERE seq = 1"), 0, "added"),
    ("the seal altered", statement("UPDATE audit_head SET entries = 9"), 9, "seal"),
    ("the seal deleted", statement("DELETE FROM audit_head"), COUNT + 1, "seal"),
    ("the last deleted and the count with them", statement(
        "DELETE FROM audit WHERE seq > 9",
        "UPDATE audit_head SET entries = 9, hash = (SELECT hash FROM audit WHERE seq = 9)"), 9, "seal"),
]  # fmt: skip
TRIED = [pytest.param(change, seq, kind, id=name) for name, change, seq, kind in CHANGES]


@pytest.mark.parametrize(("change", "seq", "kind"), TRIED)
def test_what_was_done_to_the_file_is_found_and_named_by_the_first_entry(
    change: Callable[[sqlite3.Connection], object], seq: int, kind: str, log: AuditLog, path: Path
) -> None:
    tampered(path, change)
    found = log.verify()
    first = found.problems[0]
    assert (first.seq, first.kind) == (seq, kind), found.problems
    assert str(seq) in first.text or kind == "seal"


@pytest.mark.parametrize(("change", "seq", "kind"), TRIED)
def test_it_is_still_found_when_the_log_has_gone_on(
    change: Callable[[sqlite3.Connection], object], seq: int, kind: str, log: AuditLog, path: Path
) -> None:
    tampered(path, change)
    for k in range(3):
        log.append(T0 + 100 + k, ROOT, "later")
    assert [entry.act for entry in log.read(limit=3).entries] == ["later"] * 3
    found = log.verify()
    noted = [entry for entry in log.read(AuditFilter(act="audit.seal")).entries if entry.outcome == "failed"]
    if kind == "seal":
        assert noted  # the log goes on with a new seal, and says so
    else:
        assert any(each.seq == seq for each in found.problems), found.problems


def test_one_change_is_one_problem(log: AuditLog, path: Path) -> None:
    for change in (alter_with_hash(5), statement("DELETE FROM audit WHERE seq = 8")):
        tampered(path, change)
    log.append(T0, ROOT, "later")
    assert [(each.seq, each.kind) for each in log.verify().problems] == [(5, "altered"), (8, "missing")]


def test_a_cut_with_a_seal_to_match_shows_only_by_what_was_noted_elsewhere(log: AuditLog, path: Path) -> None:
    noted = log.head()

    def cut(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM audit WHERE seq > 9")
        name, last = (db.execute(sql).fetchone()[0] for sql in (
            "SELECT log FROM audit_head", "SELECT hash FROM audit WHERE seq = 9"))  # fmt: skip
        db.execute("UPDATE audit_head SET entries = ?, hash = ?, seal = ?", sealed_head(name, 9, last)[1:])

    tampered(path, cut)
    assert log.verify().intact  # nobody can tell from the file alone
    assert [(each.seq, each.kind) for each in log.verify([noted]).problems] == [(COUNT, "anchor")]


APPENDER = """\
import sys
from pathlib import Path
from gateway.access.audit import AuditLog
from gateway.access.database import AccessDatabase
from gateway.access.principal import console

log = AuditLog(AccessDatabase(Path(sys.argv[1])))
for k in range(40):
    log.append(k, console(sys.argv[2]), "x", str(k))
"""


def test_several_processes_write_one_chain(log: AuditLog, path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(path), name], env=os.environ) for name in ("a", "b", "c")
    ]
    for k in range(40):
        log.append(k, console("d"), "x", str(k))
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    found = log.verify()
    assert found.intact, found.problems
    assert found.entries == COUNT + 160
    for name in ("a", "b", "c", "d"):
        page = log.read(AuditFilter(who=name), limit=1000).entries
        assert [entry.what for entry in reversed(page)] == [str(k) for k in range(40)]


def test_what_can_not_be_written_is_said(log: AuditLog, path: Path) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as writer,
        closing(AccessDatabase(path, busy_secs=0)) as db,
    ):
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retry):
            AuditLog(db).append(T0, ROOT, "x")
        assert log.read().entries  # who only looks waits for nobody
        writer.execute("ROLLBACK")
    tampered(path, statement("DROP TABLE audit"))
    with pytest.raises(Halt):
        log.append(T0, ROOT, "x")


def test_an_entry_takes_about_three_hundred_bytes(log: AuditLog, database: AccessDatabase) -> None:
    before = pages(database)
    for k in range(400):
        log.append(T0 + k, WANG, "alarms.ack", "3f0c2a81b09d4e5f", Outcome.DONE, "who: wang; text: crew is on its way")
    grown = pages(database) - before
    assert 200 < grown / 400 < 350


def pages(database: AccessDatabase) -> int:
    with database.reading() as db:
        return int(db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0])
