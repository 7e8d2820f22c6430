"""`cityloom audit list|verify`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import Outcome
from gateway.access.database import AccessDatabase
from gateway.access.principal import Principal
from tests.support.command import Result, asked

T0 = 1_772_000_000_000_000_000
WANG = Principal("wang", "operator", frozenset(), "aaaaaaaa", (), "10.0.0.7")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(AccessDatabase(tmp_path / "records.db")) as database:
        log = AuditLog(database)
        for k in range(5):
            outcome = Outcome.DENIED if k == 3 else Outcome.DONE
            log.append(T0 + k * 10**9, WANG, "alarms.ack", f"alarm {k}", outcome, "[red]not markup[/]")
    return tmp_path


def on(folder: Path, *words: str) -> Result:
    return asked("audit", *words, "--data-dir", folder)


def altered(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "records.db")) as db:
        db.execute("DROP TRIGGER audit_is_not_changed")
        db.execute("UPDATE audit SET name = 'somebody else' WHERE seq = 2")
        db.commit()


def test_entries_are_listed_newest_first_page_by_page(folder: Path) -> None:
    first = on(folder, "list", "-n", "3", "--json").json
    assert [entry["seq"] for entry in first["entries"]] == [5, 4, 3]
    rest = on(folder, "list", "-n", "3", "--before", str(first["next"]), "--json").json
    assert [entry["seq"] for entry in rest["entries"]] == [2, 1]
    assert rest["next"] is None


def test_for_people_it_is_a_table_with_the_way_to_older_ones(folder: Path) -> None:
    said = on(folder, "list", "-n", "2").out
    assert "wang (aaaaaaaa)" in said
    assert "[red]not markup[/]" in said
    assert "older ones: --before 4" in said
    assert "nothing of that kind" in on(folder, "list", "--who", "nobody").out


@pytest.mark.parametrize(
    ("words", "seqs"),
    [
        (("--outcome", "denied"), [4]),
        (("--who", "cl_aaaaaaaa", "--act", "alarms"), [5, 4, 3, 2, 1]),
        (("--what", "alarm 1"), [2]),
        (("--from", str(T0 + 3 * 10**9)), [5, 4]),
        (("--to", str(T0 + 10**9)), [1]),
    ],
)
def test_the_list_is_narrowed(words: tuple[str, ...], seqs: list[int], folder: Path) -> None:
    assert [entry["seq"] for entry in on(folder, "list", *words, "--json").json["entries"]] == seqs


def test_a_log_as_it_was_written_is_whole_and_says_what_to_note(folder: Path) -> None:
    done = on(folder, "verify")
    assert done.code == 0
    assert "the log is whole: 5 entries" in done.out
    anchor = done.out.partition("--anchor ")[2].partition("`")[0]
    assert on(folder, "verify", "--anchor", anchor).code == 0
    found = on(folder, "verify", "--json").json
    assert found["intact"]
    assert found["entries"] == found["head"]["number"] == 5
    assert found["head"]["hash"].startswith(anchor.partition(":")[2])


def test_the_first_entry_that_is_not_as_it_was_written_is_named_with_exit_code_1(folder: Path) -> None:
    altered(folder)
    done = on(folder, "verify")
    assert done.code == 1
    assert done.out.splitlines()[0] == "entry 2 was altered"
    found = on(folder, "verify", "--json")
    assert found.code == 1
    assert found.json["problems"] == [{"seq": 2, "kind": "altered", "text": "entry 2 was altered"}]
    assert on(folder, "list").code == 0  # it can still be read


def test_another_log_under_the_same_name_is_known_by_what_was_noted(folder: Path) -> None:
    done = on(folder, "verify", "--anchor", "5:0123456789abcdef", "--json")
    assert (done.code, done.json["problems"][0]["kind"]) == (1, "anchor")
    wrong = on(folder, "verify", "--anchor", "the last one")
    assert (wrong.code, "Write NUMBER:HASH" in wrong.err) == (2, True)
