"""`cityloom access sessions|sign-out` on a folder on which nothing runs."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import console
from gateway.access.roles import Role
from gateway.errors import NotSignedIn
from tests.support.command import Result, asked


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with closing(AccessDatabase(tmp_path / "records.db", make=True)) as database:
        yield Gate(database)


def on(folder: Path, *words: str) -> Result:
    return asked(*words, "--data-dir", folder)


def signed_in(gate: Gate, name: str, times: int = 1) -> list[str]:
    """Cookies of that many browsers of somebody."""
    now = time.time_ns()
    text = gate.tokens.create(now, console("test"), name, Role.OPERATOR).text
    return [gate.sign_in(text, now, "192.0.2.7").secret for _ in range(times)]


def counts(gate: Gate, cookie: str) -> bool:
    try:
        gate.resume(cookie, time.time_ns(), "192.0.2.7")
    except NotSignedIn:
        return False
    return True


def test_sessions_are_listed_with_whose_they_are(tmp_path: Path, gate: Gate) -> None:
    assert "nobody is signed in" in on(tmp_path, "access", "sessions").out
    (cookie,) = signed_in(gate, "wang")
    signed_in(gate, "li")
    listed = on(tmp_path, "access", "sessions")
    assert "wang" in listed.out
    assert "192.0.2.7" in listed.out
    assert cookie not in listed.out
    [found] = on(tmp_path, "access", "sessions", "--token", "li", "--json").json["sessions"]
    assert (found["name"], found["role"], found["address"]) == ("li", "operator", "192.0.2.7")


def test_a_session_is_ended_by_its_id_and_that_is_in_the_audit_log(tmp_path: Path, gate: Gate) -> None:
    first, second = signed_in(gate, "wang", 2)
    session = gate.resume(first, time.time_ns(), "").who.session
    done = on(tmp_path, "access", "sign-out", session[:6])
    assert (done.code, done.out) == (0, "signed out: 1 session\n")
    assert (counts(gate, first), counts(gate, second)) == (False, True)
    (entry,) = on(tmp_path, "audit", "list", "--act", "session.end", "--json").json["entries"]
    assert (entry["what"], entry["role"]) == (session, "console")


def test_all_of_a_token_or_of_everybody_are_ended(tmp_path: Path, gate: Gate) -> None:
    mine, theirs = signed_in(gate, "wang", 2), signed_in(gate, "li", 2)
    assert len(on(tmp_path, "access", "sign-out", "--token", "wang", "--json").json["ended"]) == 2
    assert [counts(gate, each) for each in (*mine, *theirs)] == [False, False, True, True]
    assert on(tmp_path, "access", "sign-out", "--all").out == "signed out: 2 sessions\n"
    assert not any(counts(gate, each) for each in theirs)


def test_what_is_not_there_or_not_clear_is_told(tmp_path: Path, gate: Gate) -> None:
    signed_in(gate, "wang")
    assert on(tmp_path, "access", "sign-out").code == 2
    assert on(tmp_path, "access", "sign-out", "0123", "--all").code == 2
    missing = on(tmp_path, "access", "sign-out", "zzzz")
    assert missing.code == 1
    assert "cityloom access sessions" in missing.err
