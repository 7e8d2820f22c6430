"""`cityloom access` and `cityloom audit` on a folder on which nothing runs, and acts at the console in the log."""

import re
import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.database import AccessDatabase
from gateway.access.roles import PERMISSIONS, Role
from gateway.access.tokens import TokenStore
from gateway.cli import audited
from tests.support.command import Result, asked

TOKEN = re.compile(r"cl_[0-9a-z]{8}_[\w-]{43}")


def on(folder: Path, *words: str) -> Result:
    return asked(*words, "--data-dir", folder)


def token_in(text: str) -> str:
    found = TOKEN.search(text)
    assert found is not None, text
    return found[0]


def counts(folder: Path, text: str) -> bool:
    with closing(AccessDatabase(folder / "records.db")) as database:
        return TokenStore(database).check(text, time.time_ns()) is not None


def test_a_token_is_made_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    made = on(tmp_path, "access", "create", "wang", "--role", "operator")
    assert made.code == 0
    assert "only time that it is shown" in made.err
    text = token_in(made.out)
    assert counts(tmp_path, text)
    listed = on(tmp_path, "access", "list")
    assert "wang" in listed.out
    assert text[3:11] in listed.out
    assert TOKEN.search(listed.out) is None
    assert on(tmp_path, "access", "revoke", text[3:11]).code == 0
    assert not counts(tmp_path, text)
    assert "no tokens" in on(tmp_path, "access", "list").out
    assert "revoked" in on(tmp_path, "access", "list", "--all").out


def test_as_json_it_has_everything_once(tmp_path: Path) -> None:
    made = on(
        tmp_path, "access", "create", "map", "--role", "viewer", "--permission", "readings.read", "--zone", "tianhe",
        "--for", "90d", "--json",
    ).json  # fmt: skip
    assert TOKEN.fullmatch(made["secret"])
    assert made["permissions"] == ["readings.read"]
    assert made["zones"] == ["tianhe"]
    assert made["expires"] - made["created"] == 90 * 86_400 * 10**9
    [listed] = on(tmp_path, "access", "list", "--json").json["tokens"]
    assert listed == {key: made[key] for key in listed} | {"used": None}
    assert "secret" not in listed
    forever = on(tmp_path, "access", "create", "job", "--role", "engineer", "--never-expires", "--json").json
    assert forever["expires"] is None
    assert forever["permissions"] == sorted(PERMISSIONS[Role.ENGINEER])


def test_a_new_secret_comes_with_a_grace_time_for_the_old(tmp_path: Path) -> None:
    old = token_in(on(tmp_path, "access", "create", "job", "--role", "viewer").out)
    made = on(tmp_path, "access", "rotate", "job", "--grace", "2h")
    new = token_in(made.out)
    assert "the old secret counts until" in made.out
    assert counts(tmp_path, old)
    assert counts(tmp_path, new)
    newest = token_in(on(tmp_path, "access", "rotate", "job", "--grace", "0s", "--for", "10d").out)
    assert [counts(tmp_path, text) for text in (old, new, newest)] == [False, False, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "x", "--role", "king"), "king"),
        (("create", "x"), "role"),
        (("create", "", "--role", "viewer"), "name of a person"),
        (("create", "x", "--role", "viewer", "--permission", "audit.read"), "viewer may not audit.read"),
        (("create", "x", "--role", "viewer", "--permission", "weather.make"), "There is no permission 'weather.make'"),
        (("create", "x", "--role", "viewer", "--zone", "nowhere"), "There is no zone 'nowhere'"),
        (("create", "x", "--role", "viewer", "--for", "soon"), "'soon' is no length of time"),
        (("create", "x", "--role", "viewer", "--for", "9999d"), "ten years"),
    ],
)
def test_what_can_not_be_is_said_in_a_sentence_with_exit_code_2(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = on(tmp_path, "access", *words)
    assert done.code == 2
    assert said in done.err
    assert on(tmp_path, "access", "create", "y", "--role", "viewer").code == 0
    assert [token["name"] for token in on(tmp_path, "access", "list", "--json").json["tokens"]] == ["y"]


def test_without_a_folder_or_a_file_or_a_token_it_says_so(tmp_path: Path) -> None:
    nowhere = on(tmp_path / "nowhere", "access", "create", "x", "--role", "viewer")
    assert (nowhere.code, "There is no data folder" in nowhere.err) == (2, True)
    for words in (("access", "list"), ("access", "revoke", "x"), ("audit", "list"), ("audit", "verify")):
        done = on(tmp_path, *words)
        assert (done.code, "records.db yet" in done.err) == (2, True), done
    on(tmp_path, "access", "create", "x", "--role", "viewer")
    unknown = on(tmp_path, "access", "revoke", "nobody")
    assert (unknown.code, "There is no token 'nobody'" in unknown.err) == (1, True)


def test_acts_on_tokens_are_in_the_log_under_the_user_of_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setenv("SUDO_USER", "wang")
    made = on(tmp_path, "access", "create", "job", "--role", "viewer", "--json").json
    monkeypatch.delenv("SUDO_USER")
    on(tmp_path, "access", "revoke", made["id"])
    found = on(tmp_path, "audit", "list", "--json").json
    assert [(entry["act"], entry["what"], entry["name"], entry["role"]) for entry in found["entries"]] == [
        ("access.revoke", made["id"], "root", "console"),
        ("access.create", made["id"], "root (sudo by wang)", "console"),
    ]
    assert found["next"] is None
    assert made["secret"] not in str(found)


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", unknown)
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert audited.console_user().name.startswith("uid ")


def test_what_can_not_be_noted_is_done_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Nowhere:
        data_dir = tmp_path / "nowhere"

    audited.note_asked(Nowhere(), "alarm_act", {"act": "ack", "alarms": ["a1"]}, {})  # type: ignore[arg-type]
    assert "it is done, but not in the audit log: There is no data folder" in capsys.readouterr().err
    audited.note_asked(Nowhere(), "alarms", {}, [])  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""
