"""Sessions of browsers: how they begin, go on and end."""

import hmac
from pathlib import Path

import pytest

from gateway.access.audit import AuditFilter, AuditLog
from gateway.access.database import AccessDatabase
from gateway.access.principal import console
from gateway.access.roles import Role
from gateway.access.sessions import IDLE, LONGEST, Session, SessionStore, csrf_of
from gateway.access.token_model import DAY, MINUTE, Issued
from gateway.access.tokens import TokenStore
from gateway.errors import CommandError, NotAllowed

T0 = 1_772_000_000_000_000_000
ROOT = console("root")
ADDRESS = "10.0.0.7"


@pytest.fixture
def sessions(database: AccessDatabase) -> SessionStore:
    return SessionStore(database)


@pytest.fixture
def wang(tokens: TokenStore) -> Issued:
    return tokens.create(T0, ROOT, "wang", Role.OPERATOR)


def signed_in(sessions: SessionStore, tokens: TokenStore, made: Issued, now: int = T0) -> Session:
    found = tokens.check(made.text, now)
    assert found is not None
    return sessions.begin(now, *found, ADDRESS)


def test_a_session_stands_for_its_token(sessions: SessionStore, tokens: TokenStore, wang: Issued) -> None:
    begun = signed_in(sessions, tokens, wang)
    again = sessions.resume(begun.secret, T0 + 1, "10.0.0.8")
    assert again is not None
    assert (again.who.name, again.who.token, again.who.address) == ("wang", wang.token.id, "10.0.0.8")
    assert again.who.permissions == wang.token.permissions
    assert again.who.session == begun.who.session
    assert again.ends == T0 + LONGEST
    assert [info.id for info in sessions.all(T0 + 1)] == [begun.who.session]


def test_the_cookie_and_its_csrf_token_are_neither_in_the_file_nor_in_a_repr(
    sessions: SessionStore, tokens: TokenStore, wang: Issued, path: Path
) -> None:
    begun = signed_in(sessions, tokens, wang)
    held = b"".join(each.read_bytes() for each in path.parent.glob("records.db*"))
    for secret in (begun.secret, begun.csrf, wang.text):
        assert len(secret) >= 43
        assert secret.encode() not in held
        assert secret not in repr(begun)
        assert secret not in repr(sessions.all(T0))


def test_the_csrf_token_is_of_one_session_and_stays_with_it(
    sessions: SessionStore, tokens: TokenStore, wang: Issued
) -> None:
    one, other = signed_in(sessions, tokens, wang), signed_in(sessions, tokens, wang)
    assert not hmac.compare_digest(one.csrf, other.csrf)
    again = sessions.resume(one.secret, T0 + MINUTE, ADDRESS)
    assert again is not None
    assert again.csrf == one.csrf == csrf_of(one.secret)


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 10**6, "' OR 1=1"])
def test_what_is_no_cookie_of_ours_is_nobody(
    secret: str, sessions: SessionStore, tokens: TokenStore, wang: Issued
) -> None:
    signed_in(sessions, tokens, wang)
    assert sessions.resume(secret, T0, ADDRESS) is None


def test_it_ends_when_nothing_is_asked_for_twelve_hours(
    sessions: SessionStore, tokens: TokenStore, wang: Issued
) -> None:
    begun = signed_in(sessions, tokens, wang)
    assert sessions.resume(begun.secret, T0 + IDLE - 1, ADDRESS) is not None  # seen, so it begins anew
    assert sessions.resume(begun.secret, T0 + 2 * IDLE - 2, ADDRESS) is not None
    assert sessions.resume(begun.secret, T0 + 3 * IDLE - 2, ADDRESS) is None
    assert sessions.all(T0 + 3 * IDLE) == []


def test_it_ends_after_seven_days_however_busy(sessions: SessionStore, tokens: TokenStore, wang: Issued) -> None:
    begun = signed_in(sessions, tokens, wang)
    now = T0
    while now + IDLE // 2 < T0 + LONGEST:
        now += IDLE // 2
        assert sessions.resume(begun.secret, now, ADDRESS) is not None
    assert sessions.resume(begun.secret, T0 + LONGEST, ADDRESS) is None


def test_it_ends_with_its_token(sessions: SessionStore, tokens: TokenStore) -> None:
    short = tokens.create(T0, ROOT, "short", Role.VIEWER, lifetime=30 * MINUTE)
    begun = signed_in(sessions, tokens, short)
    assert begun.ends == T0 + 30 * MINUTE
    assert sessions.resume(begun.secret, T0 + 30 * MINUTE - 1, ADDRESS) is not None
    assert sessions.resume(begun.secret, T0 + 30 * MINUTE, ADDRESS) is None

    revoked = tokens.create(T0, ROOT, "revoked", Role.VIEWER)
    begun = signed_in(sessions, tokens, revoked)
    tokens.revoke(T0 + 1, ROOT, revoked.token.id)
    assert sessions.resume(begun.secret, T0 + 2, ADDRESS) is None
    assert sessions.all(T0 + 2) == sessions.all(T0 + 2, short.token.id)


def test_a_session_of_an_old_secret_ends_with_the_grace_time_and_one_of_the_new_goes_on(
    sessions: SessionStore, tokens: TokenStore, wang: Issued
) -> None:
    old = signed_in(sessions, tokens, wang)
    new = signed_in(sessions, tokens, tokens.rotate(T0 + 1, ROOT, wang.token.id, grace=60 * MINUTE), T0 + 2)
    found = sessions.resume(old.secret, T0 + 60 * MINUTE, ADDRESS)
    assert found is not None
    assert found.ends == T0 + 1 + 60 * MINUTE
    assert sessions.resume(old.secret, T0 + 1 + 60 * MINUTE, ADDRESS) is None
    assert sessions.resume(new.secret, T0 + 1 + 60 * MINUTE, ADDRESS) is not None
    tokens.rotate(T0 + 2 * 60 * MINUTE, ROOT, wang.token.id, grace=0)
    assert sessions.resume(new.secret, T0 + 2 * 60 * MINUTE + 1, ADDRESS) is None


def test_signed_out_it_is_over_and_both_ends_are_in_the_audit_log(
    sessions: SessionStore, tokens: TokenStore, wang: Issued, database: AccessDatabase
) -> None:
    mine, other = signed_in(sessions, tokens, wang), signed_in(sessions, tokens, wang)
    sessions.end(T0 + 1, mine.who, mine.who.session)
    assert sessions.resume(mine.secret, T0 + 2, ADDRESS) is None
    assert sessions.resume(other.secret, T0 + 2, ADDRESS) is not None
    sessions.end(T0 + 3, ROOT, other.who.session)
    with pytest.raises(CommandError, match="no such session"):
        sessions.end(T0 + 4, ROOT, other.who.session)
    found = AuditLog(database).read(AuditFilter(act="session")).entries
    assert [(entry.act, entry.name, entry.what, entry.detail) for entry in reversed(found)] == [
        ("session.begin", "wang", mine.who.session, ""),
        ("session.begin", "wang", other.who.session, ""),
        ("session.end", "wang", mine.who.session, ""),
        ("session.end", "root", other.who.session, f"of token {wang.token.id}"),
    ]


def test_nobody_signs_a_mightier_tokens_browser_out(sessions: SessionStore, tokens: TokenStore, wang: Issued) -> None:
    narrow = tokens.create(T0, ROOT, "li", Role.ADMINISTRATOR, zones=("panyu",))
    mine, other = signed_in(sessions, tokens, narrow), signed_in(sessions, tokens, wang)
    with pytest.raises(NotAllowed, match="may more than yours"):
        sessions.end(T0 + 1, mine.who, other.who.session)
    assert len(sessions.all(T0 + 2)) == 2
    sessions.end(T0 + 3, ROOT, other.who.session)
    sessions.end(T0 + 4, mine.who, mine.who.session)
    assert sessions.all(T0 + 5) == []


def test_a_token_has_a_bounded_number_of_sessions_and_the_idlest_ends(
    sessions: SessionStore, tokens: TokenStore, wang: Issued
) -> None:
    begun = [signed_in(sessions, tokens, wang, T0 + k) for k in range(21)]
    assert sessions.resume(begun[0].secret, T0 + 30, ADDRESS) is None
    assert all(sessions.resume(each.secret, T0 + 30, ADDRESS) is not None for each in begun[1:])


def test_those_that_are_over_leave_the_table(
    sessions: SessionStore, tokens: TokenStore, wang: Issued, database: AccessDatabase
) -> None:
    for _ in range(3):
        signed_in(sessions, tokens, wang)
    signed_in(sessions, tokens, wang, T0 + 8 * DAY)
    with database.reading() as db:
        assert db.execute("SELECT count(*) FROM access_sessions").fetchone() == (1,)
