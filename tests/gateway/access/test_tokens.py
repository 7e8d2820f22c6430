"""Tokens from their making to their end; what is in the file; several processes on it."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.audit import AuditFilter, AuditLog
from gateway.access.database import AccessDatabase
from gateway.access.principal import console
from gateway.access.roles import PERMISSIONS, Permission, Role
from gateway.access.token_model import DAY, MINUTE
from gateway.access.token_text import hash_of_secret, make_token
from gateway.access.tokens import DEFAULT_LIFETIME, TokenStore
from gateway.errors import CommandError, NotAllowed

T0 = 1_772_000_000_000_000_000
ROOT = console("root")
HOUR = 60 * MINUTE


def test_a_token_counts_from_its_making_to_its_end(tokens: TokenStore) -> None:
    made = tokens.create(T0, ROOT, " wang ", Role.OPERATOR)
    assert made.token.expires == T0 + DEFAULT_LIFETIME
    found = tokens.check(made.text, T0 + 1)
    assert found is not None
    token, generation = found
    assert (token.id, token.name, token.role, generation) == (made.token.id, "wang", "operator", 1)
    assert token.permissions == PERMISSIONS[Role.OPERATOR]
    assert tokens.check(made.text, T0 + DEFAULT_LIFETIME - 1) is not None
    assert tokens.check(made.text, T0 + DEFAULT_LIFETIME) is None
    assert tokens.all()[0].state(T0 + DEFAULT_LIFETIME) == "expired"


def test_one_that_never_expires_is_made_only_where_that_is_said(tokens: TokenStore) -> None:
    made = tokens.create(T0, ROOT, "job", Role.VIEWER, lifetime=None)
    assert made.token.expires is None
    assert tokens.check(made.text, T0 + 20_000 * DAY) is not None


def test_a_token_can_be_narrowed_to_permissions_and_zones(tokens: TokenStore) -> None:
    made = tokens.create(
        T0, ROOT, "map", Role.VIEWER, permissions=[Permission.READINGS_READ], zones=["tianhe", "haizhu", "tianhe"]
    )
    who = made.token.principal("10.0.0.7")
    assert who.permissions == {Permission.READINGS_READ}
    assert who.zones == ("tianhe", "haizhu")
    assert (who.token, who.role, who.address) == (made.token.id, "viewer", "10.0.0.7")


@pytest.mark.parametrize("text", ["", "cl_", "no token", "cl_aaaaaaaa_" + "x" * 43])
def test_what_is_no_token_of_ours_counts_for_nothing(text: str, tokens: TokenStore) -> None:
    tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    assert tokens.check(text, T0) is None


def test_a_secret_under_anothers_id_and_an_altered_one_count_for_nothing(tokens: TokenStore) -> None:
    one, other = (tokens.create(T0, ROOT, name, Role.OPERATOR) for name in ("a", "b"))
    assert tokens.check(one.text.replace(one.token.id, other.token.id), T0) is None
    last = "A" if one.text[-5] != "A" else "B"
    assert tokens.check(one.text[:-5] + last + one.text[-4:], T0) is None
    assert tokens.check(make_token(one.token.id).text, T0) is None


def test_a_hash_put_under_another_id_counts_for_nothing(tokens: TokenStore, database: AccessDatabase) -> None:
    mine, admin = tokens.create(T0, ROOT, "a", Role.VIEWER), tokens.create(T0, ROOT, "b", Role.ADMINISTRATOR)
    with database.transaction() as db:
        db.execute("UPDATE access_tokens SET hash = ? WHERE id = ?", (hash_of_secret(mine.text), admin.token.id))
    assert tokens.check(mine.text.replace(mine.token.id, admin.token.id), T0) is None


def test_the_text_of_a_token_is_neither_in_the_file_nor_in_a_repr(tokens: TokenStore, path: Path) -> None:
    first = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    second = tokens.rotate(T0 + 1, ROOT, first.token.id)
    tokens.check(second.text, T0 + 2)
    held = b"".join(each.read_bytes() for each in path.parent.glob("records.db*"))
    assert first.token.id.encode() in held
    for made in (first, second):
        secret = made.text.removeprefix(f"cl_{made.token.id}_")
        assert secret.encode() not in held
        assert secret not in repr(made)
        assert hash_of_secret(made.text) in held


def test_revoked_it_counts_no_more_and_stays_on_record(tokens: TokenStore, database: AccessDatabase) -> None:
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    done = tokens.revoke(T0 + 5, ROOT, made.token.id)
    assert done.revoked == T0 + 5
    assert tokens.check(made.text, T0 + 6) is None
    assert tokens.revoke(T0 + 9, ROOT, made.token.id).revoked == T0 + 5
    assert [token.state(T0 + 9) for token in tokens.all()] == ["revoked"]
    acts = [entry.act for entry in AuditLog(database).read().entries]
    assert acts == ["access.revoke", "access.create"]  # once
    with pytest.raises(CommandError, match="revoked"):
        tokens.rotate(T0 + 9, ROOT, made.token.id)


CHECKER = """\
import sys
from pathlib import Path
from gateway.access.database import AccessDatabase
from gateway.access.tokens import TokenStore

tokens = TokenStore(AccessDatabase(Path(sys.argv[1])))
for line in sys.stdin:
    print(tokens.check(line.strip(), int(sys.argv[2])) is not None, flush=True)
"""


def test_another_process_sees_a_revocation_with_its_next_look(tokens: TokenStore, path: Path) -> None:
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    with subprocess.Popen(
        [sys.executable, "-c", CHECKER, str(path), str(T0 + 1)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env=os.environ,
    ) as other:  # fmt: skip
        assert other.stdin is not None
        assert other.stdout is not None

        def counts() -> str:
            print(made.text, file=other.stdin, flush=True)
            return other.stdout.readline().strip()  # type: ignore[union-attr]

        assert counts() == "True"
        tokens.revoke(T0 + 1, ROOT, made.token.id)
        assert counts() == "False"
        other.stdin.close()


def test_with_a_new_secret_the_old_one_counts_for_the_grace_time_only(tokens: TokenStore) -> None:
    old = tokens.create(T0, ROOT, "job", Role.VIEWER, lifetime=10 * DAY)
    new = tokens.rotate(T0 + DAY, ROOT, old.token.id, grace=HOUR)
    assert new.token.id == old.token.id
    assert new.token.expires == T0 + 11 * DAY
    assert new.token.old_until == T0 + DAY + HOUR
    for text, generation in ((new.text, 2), (old.text, 1)):
        found = tokens.check(text, T0 + DAY + HOUR - 1)
        assert found is not None
        assert found[1] == generation
    assert tokens.check(old.text, T0 + DAY + HOUR) is None
    assert tokens.check(new.text, T0 + DAY + HOUR) is not None


def test_a_second_new_secret_ends_the_first_old_one_and_no_grace_ends_it_at_once(tokens: TokenStore) -> None:
    one = tokens.create(T0, ROOT, "job", Role.VIEWER)
    two = tokens.rotate(T0 + 1, ROOT, one.token.id)
    three = tokens.rotate(T0 + 2, ROOT, one.token.id)
    assert [tokens.check(each.text, T0 + 3) is not None for each in (one, two, three)] == [False, True, True]
    four = tokens.rotate(T0 + 4, ROOT, one.token.id, grace=0, lifetime=None)
    assert [tokens.check(each.text, T0 + 5) is not None for each in (two, three, four)] == [False, False, True]
    assert four.token.expires is None


def test_the_last_use_is_noted_once_a_minute(tokens: TokenStore) -> None:
    made = tokens.create(T0, ROOT, "job", Role.VIEWER)

    def used() -> int | None:
        return tokens.all()[0].used

    assert used() is None
    for at, noted in ((1, 1), (2, 1), (MINUTE, 1), (MINUTE + 1, MINUTE + 1), (MINUTE + 2, MINUTE + 1)):
        assert tokens.check(made.text, T0 + at) is not None
        assert used() == T0 + noted


def test_a_file_that_is_busy_keeps_nobody_out(tokens: TokenStore, path: Path) -> None:
    made = tokens.create(T0, ROOT, "job", Role.VIEWER)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert tokens.check(made.text, T0 + 1) is not None
        writer.execute("ROLLBACK")
    assert tokens.all()[0].used is None


def test_the_first_start_makes_one_administrator_and_no_second(tokens: TokenStore, database: AccessDatabase) -> None:
    made = tokens.first_administrator(T0)
    assert made is not None
    assert made.token.permissions == set(Permission)
    assert tokens.check(made.text, T0) is not None
    assert tokens.first_administrator(T0 + 1) is None
    tokens.revoke(T0 + 2, ROOT, made.token.id)
    assert tokens.first_administrator(T0 + 3) is None  # from then on it is the console's to make one
    [entry] = AuditLog(database).read(AuditFilter(act="access.create")).entries
    assert (entry.name, entry.role) == ("gateway", "gateway")


STARTER = """\
import sys
from pathlib import Path
from gateway.access.database import AccessDatabase
from gateway.access.tokens import TokenStore

sys.stdin.readline()
made = TokenStore(AccessDatabase(Path(sys.argv[1]))).first_administrator(int(sys.argv[2]))
print("none" if made is None else made.text, flush=True)
"""


def test_of_processes_that_start_at_once_on_a_new_file_one_makes_the_administrator(path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(path), str(T0)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=os.environ,
        )
        for _ in range(4)
    ]  # fmt: skip
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=60)[0].strip() for each in started]
    assert [each.returncode for each in started] == [0] * 4
    [text] = [word for word in said if word != "none"]
    with closing(AccessDatabase(path)) as database:
        assert TokenStore(database).check(text, T0) is not None
        assert AuditLog(database).verify().intact


def test_nobody_gives_away_or_renews_more_than_they_have(tokens: TokenStore) -> None:
    boss = tokens.create(T0, ROOT, "boss", Role.ADMINISTRATOR)
    tianhe = tokens.create(T0, ROOT, "tianhe", Role.ADMINISTRATOR, zones=["tianhe"]).token.principal()
    keys_only = tokens.create(
        T0, ROOT, "keys", Role.ADMINISTRATOR, permissions=[Permission.ACCESS_MANAGE, Permission.READINGS_READ]
    ).token.principal()
    for by in (tianhe, keys_only):
        with pytest.raises(NotAllowed):
            tokens.create(T0, by, "mine", Role.ADMINISTRATOR)
        with pytest.raises(NotAllowed):
            tokens.rotate(T0, by, boss.token.id)
        with pytest.raises(NotAllowed):
            tokens.revoke(T0, by, boss.token.id)
    with pytest.raises(NotAllowed):
        tokens.create(T0, tianhe, "mine", Role.VIEWER, zones=["haizhu"])
    assert tokens.create(T0, tianhe, "mine", Role.VIEWER, zones=["tianhe"]).token.created_by == tianhe.token
    assert tokens.create(T0, keys_only, "mine", Role.VIEWER, permissions=[Permission.READINGS_READ])
    assert len(tokens.all()) == 5


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("", {}), ("  ", {}), ("x" * 101, {}), ("a\nb", {}), ("a\x1b[31m", {}),
        ("wang", {"permissions": [Permission.AUDIT_READ]}),
        ("wang", {"zones": ["two zones"]}), ("wang", {"zones": [""]}),
        ("wang", {"lifetime": 0}), ("wang", {"lifetime": -1}), ("wang", {"lifetime": 5_000 * DAY}),
    ],
)  # fmt: skip
def test_a_token_that_can_not_be_is_refused_with_a_sentence(
    name: str, change: dict[str, object], tokens: TokenStore
) -> None:
    with pytest.raises(CommandError) as refused:
        tokens.create(T0, ROOT, name, Role.OPERATOR, **change)  # type: ignore[arg-type]
    assert refused.value.exit_code == 2
    assert refused.value.remedy
    assert tokens.all() == []


@pytest.mark.parametrize("change", [{"grace": -1}, {"grace": 31 * DAY}, {"lifetime": 1}])
def test_a_rotation_that_can_not_be_is_refused(change: dict[str, int], tokens: TokenStore) -> None:
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    with pytest.raises(CommandError):
        tokens.rotate(T0, ROOT, made.token.id, **change)
    assert tokens.check(made.text, T0) is not None


def test_a_token_is_found_by_id_by_its_beginning_and_by_name(tokens: TokenStore) -> None:
    one, two = (tokens.create(T0, ROOT, "wang", Role.OPERATOR).token for _ in range(2))
    assert tokens.find(one.id) == one
    assert tokens.find(f"cl_{one.id}") == one
    assert tokens.find(one.id[:6]) == one
    with pytest.raises(CommandError, match="More than one"):
        tokens.find("wang")
    revoked = tokens.revoke(T0, ROOT, one.id)
    assert tokens.find("wang") == two
    assert tokens.find(one.id) == revoked
    for nothing in ("", "cl_", one.id[:2], "li"):
        with pytest.raises(CommandError, match="There is no token"):
            tokens.find(nothing)


def test_a_role_or_permission_of_another_version_permits_nothing(tokens: TokenStore, database: AccessDatabase) -> None:
    made = tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    for column, value in (("role", "emperor"), ("permissions", "weather.make")):
        with database.transaction() as db:
            db.execute(f"UPDATE access_tokens SET {column} = ?", (value,))
        assert tokens.all()[0].permissions == frozenset()
        with database.transaction() as db:
            db.execute("UPDATE access_tokens SET role = 'operator', permissions = ''")
    assert tokens.check(made.text, T0) is not None


def test_every_change_is_in_the_audit_log_without_the_secret(tokens: TokenStore, database: AccessDatabase) -> None:
    made = tokens.create(T0, ROOT, "map", Role.VIEWER, permissions=[Permission.READINGS_READ], zones=["tianhe"])
    tokens.rotate(T0 + 1, ROOT, made.token.id, grace=HOUR)
    tokens.revoke(T0 + 2, ROOT, made.token.id)
    found = AuditLog(database).read().entries
    assert [(entry.act, entry.what, entry.name, entry.outcome) for entry in reversed(found)] == [
        (act, made.token.id, "root", "done") for act in ("access.create", "access.rotate", "access.revoke")
    ]
    assert found[-1].detail == "map; viewer; for 365 days; only readings.read; in tianhe"
    assert found[1].detail == "map; the old secret counts for 3600 s"


def test_a_change_whose_entry_can_not_be_written_is_not_made(
    tokens: TokenStore, database: AccessDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise sqlite3.OperationalError("no room")

    monkeypatch.setattr("gateway.access.tokens.add_entry", fail)
    with pytest.raises(Exception, match="no room"):
        tokens.create(T0, ROOT, "wang", Role.OPERATOR)
    assert tokens.all() == []


def test_threads_share_a_store(tokens: TokenStore, database: AccessDatabase) -> None:
    made = [tokens.create(T0, ROOT, f"job {k}", Role.VIEWER) for k in range(4)]
    wrong: list[object] = []

    def work(k: int) -> None:
        for turn in range(20):
            found = tokens.check(made[k].text, T0 + turn * MINUTE)
            if found is None or found[0].name != f"job {k}":
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [token.used for token in tokens.all()] == [T0 + 19 * MINUTE] * 4
