"""The tables of access beside the gateway's in one records.db."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.audit import AuditLog, add_entry
from gateway.access.database import AccessDatabase
from gateway.access.principal import console
from gateway.access.roles import Role
from gateway.access.tables import VERSION
from gateway.access.tokens import TokenStore
from gateway.errors import CommandError, Halt, Retry, VersionError
from gateway.stores.records import RecordsConfig, RecordsStore
from gateway.stores.records_age import drop_older
from gateway.stores.records_salvage import copy_readable
from gateway.stores.records_tables import VERSION as RECORDS_VERSION
from tests.support.blocks import T0, Journal

ROOT = console("root")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def content(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("gateway_first", [True, False])
async def test_it_lives_beside_the_gateways_tables_whoever_comes_first(gateway_first: bool, path: Path) -> None:
    store = RecordsStore(RecordsConfig(path))
    if gateway_first:
        await store.open()
        await store.write(Journal().block(store))
    with closing(AccessDatabase(path)) as database:
        made = TokenStore(database).create(T0, ROOT, "wang", Role.OPERATOR)
        assert await store.open() is not None if gateway_first else await store.open() is None
        await store.write(Journal().block(store))
        assert await store.letter_counts() == {}
        assert TokenStore(database).check(made.text, T0) is not None
    await store.close()
    assert version(path) == RECORDS_VERSION


async def test_the_gateway_writes_while_access_does_and_the_other_way_round(path: Path) -> None:
    store, journal = RecordsStore(RecordsConfig(path)), Journal()
    await store.open()
    with closing(AccessDatabase(path)) as database:
        log = AuditLog(database)
        for k in range(20):
            log.append(T0 + k, ROOT, "x")
            await store.write(journal.block(store))
        assert log.verify().entries == 20
    await store.close()


async def test_what_ages_in_the_rest_of_the_file_leaves_tokens_and_entries_alone(path: Path) -> None:
    store = RecordsStore(RecordsConfig(path))
    await store.open()
    with closing(AccessDatabase(path)) as database:
        made = TokenStore(database).create(T0, ROOT, "wang", Role.OPERATOR, lifetime=None)
        await store.transact(lambda db: drop_older(db, 1 << 62))
        assert TokenStore(database).check(made.text, T0) is not None
        assert AuditLog(database).verify().intact
    await store.close()


def test_a_file_that_has_everything_is_only_read_to_open_it(path: Path) -> None:
    AccessDatabase(path).close()
    before = content(path.parent)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")  # a gateway in the middle of a write
        with closing(AccessDatabase(path)) as database:
            assert TokenStore(database).all() == []
        writer.execute("ROLLBACK")
    assert content(path.parent) == before


def newer_access(path: Path) -> None:
    AccessDatabase(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE access_state SET version = ?", (VERSION + 1,))
        db.commit()


def newer_records(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {RECORDS_VERSION + 1}")


@pytest.mark.parametrize("make", [newer_access, newer_records])
def test_a_newer_versions_file_is_refused_untouched(make: Callable[[Path], None], path: Path) -> None:
    make(path)
    before = content(path.parent)
    with pytest.raises(VersionError, match="Nothing was touched"):
        AccessDatabase(path)
    assert content(path.parent) == before


def test_without_a_folder_or_a_file_it_says_so_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no data folder"):
        AccessDatabase(tmp_path / "nowhere" / "records.db")
    with pytest.raises(CommandError, match=r"There is no .*records.db yet"):
        AccessDatabase(tmp_path / "records.db", make=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_said_with_a_remedy(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(Halt, match="is damaged") as halted:
        AccessDatabase(path)
    assert "salvage" in halted.value.remedy


def test_a_file_put_in_the_others_place_is_the_one_that_counts(database: AccessDatabase, path: Path) -> None:
    tokens = TokenStore(database)
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    assert tokens.check(made.text, T0) is not None
    other = path.with_name("other.db")
    with closing(AccessDatabase(other)) as there:
        fresh = TokenStore(there).create(T0, ROOT, "li", Role.OPERATOR)
    other.replace(path)
    for log in ("records.db-wal", "records.db-shm"):
        path.with_name(log).unlink(missing_ok=True)
    assert tokens.check(made.text, T0) is None
    assert tokens.check(fresh.text, T0) is not None


def test_a_file_that_is_gone_is_made_anew_only_where_that_was_asked_for(path: Path) -> None:
    AccessDatabase(path).close()
    with closing(AccessDatabase(path, make=False)) as database:
        for each in path.parent.iterdir():
            each.unlink()
        with pytest.raises((CommandError, Halt)):
            TokenStore(database).all()


def test_who_only_asks_waits_for_no_thread_that_writes(database: AccessDatabase) -> None:
    tokens = TokenStore(database)
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    with database.transaction() as db:
        db.execute("UPDATE access_tokens SET revoked = 1")
        assert tokens.check(made.text, T0 + 1) is not None  # neither for its end
        with pytest.raises(Retry, match="busy"), database.transaction(0.01):
            pass
    assert tokens.check(made.text, T0 + 2) is None


GUEST = """\
import sqlite3, sys

db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM access_tokens").fetchone()
db.close()
"""


def test_a_guest_of_another_process_takes_no_log_away_when_it_leaves(database: AccessDatabase, path: Path) -> None:
    AuditLog(database).append(T0, ROOT, "x")  # both connections are open from here on
    AccessDatabase(path).close()
    log = path.with_name("records.db-wal")
    before = log.stat().st_ino
    subprocess.run([sys.executable, "-c", GUEST, str(path)], check=True)
    assert log.exists(), "the guest believed itself the last one: our locks were gone"
    assert log.stat().st_ino == before
    AuditLog(database).append(T0, ROOT, "y")
    assert AuditLog(database).verify().entries == 2


def test_an_error_inside_a_transaction_leaves_nothing_behind(database: AccessDatabase) -> None:
    def change() -> None:
        with database.transaction() as db:
            db.execute("DELETE FROM access_state")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    with database.reading() as db:
        assert db.execute("SELECT count(*) FROM access_state").fetchone() == (1,)


# ---- salvage ----


@pytest.fixture
def filled(path: Path) -> Path:
    """Three tokens and some three hundred entries; nobody has it open."""
    with closing(AccessDatabase(path)) as database:
        for name in ("a", "b", "c"):
            TokenStore(database).create(T0, ROOT, name, Role.OPERATOR)
        log = AuditLog(database)
        with database.transaction() as db:
            for k in range(300):
                add_entry(db, T0 + k, ROOT, "alarms.ack", f"alarm {k}")
        assert log.verify().intact
    return path


def salvaged(old: Path) -> tuple[Path, dict[str, str]]:
    folder = old.parent / "new"
    folder.mkdir()
    new = folder / "records.db"
    with closing(sqlite3.connect(new)) as db:
        db.execute("PRAGMA journal_mode=WAL")
    return new, copy_readable(old, new)


def test_a_salvage_keeps_tokens_and_the_whole_log_and_its_guards(filled: Path) -> None:
    new, lost = salvaged(filled)
    assert lost == {}
    with closing(AccessDatabase(new)) as database:
        assert sorted(token.name for token in TokenStore(database).all()) == ["a", "b", "c"]
        log = AuditLog(database)
        assert log.verify().intact
        log.append(T0, ROOT, "x")
        assert log.verify().intact
    with closing(sqlite3.connect(new)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM audit")


def damage(path: Path, table: str) -> None:
    """Overwrite a leaf in the middle of a table."""
    with closing(sqlite3.connect(path)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        names = [
            row[0] for row in db.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,))
        ]
    with path.open("r+b") as file:
        file.seek((names[len(names) // 2] - 1) * size)
        file.write(b"\x00" * size)


def test_of_a_damaged_log_the_rest_is_saved_and_what_is_gone_is_named(filled: Path) -> None:
    damage(filled, "audit")
    new, lost = salvaged(filled)
    assert list(lost) == ["audit"]
    with closing(AccessDatabase(new)) as database:
        assert len(TokenStore(database).all()) == 3
        log = AuditLog(database)
        log.append(T0, ROOT, "journal.salvage")
        found = log.verify()
        assert found.entries > 200
        [problem] = found.problems
        assert problem.kind == "missing"
        assert found.last == 304


def test_where_the_seal_is_gone_the_log_goes_on_with_a_new_one_and_says_so(filled: Path) -> None:
    damage(filled, "audit_head")
    new, lost = salvaged(filled)
    assert list(lost) == ["audit_head"]
    with closing(AccessDatabase(new)) as database:
        log = AuditLog(database)
        assert [each.kind for each in log.verify().problems] == ["seal"]
        log.append(T0, ROOT, "x")
        assert log.verify().intact
        assert [(entry.act, entry.outcome) for entry in log.read(limit=2).entries] == [
            ("x", "done"),
            ("audit.seal", "failed"),
        ]


def test_where_the_tokens_are_gone_nobody_comes_in_and_the_next_start_makes_an_administrator(filled: Path) -> None:
    damage(filled, "access_tokens")
    new, lost = salvaged(filled)
    assert list(lost) == ["access_tokens"]
    shutil.copy(new, new.with_name("copy.db"))
    with closing(AccessDatabase(new)) as database:
        tokens = TokenStore(database)
        assert tokens.all() == []
        assert tokens.first_administrator(T0) is not None
        assert AuditLog(database).verify().intact
