"""What every command keeps: help with examples, sentences for what is wrong, JSON last, a reader that leaves early."""

import asyncio
import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from gateway.cli import main as command
from gateway.cli.door import ask, settings_of
from gateway.engine.ledger import Balance, Ledger
from gateway.errors import CommandError, JournalFull
from gateway.journal.inbox import Inbox
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.records import Held
from tests.support.command import COMMAND, asked, cityloom, environment

COMMANDS = (
    "check", "demo", "run", "reload", "status", "ledger", "series", "read", "replay", "version", "bench ingest",
    "dead-letters list", "dead-letters show", "dead-letters replay", "dead-letters purge", "stores adopt", "trace",
    "alarms list", "alarms history", "alarms ack", "alarms shelve", "alarms unshelve", "alarms comment",
    "alarms out-of-service", "alarms in-service", "score nab", "score leaks",
)  # fmt: skip
ASKING = ("status", "ledger", "ledger --verify", "series", "read loop-0001", "dead-letters list", "dead-letters show x")
MESSAGES = 40


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a replayed recording in it: readings, and a dead letter each that came of bad bytes and fields."""
    folder = tmp_path_factory.mktemp("commands")
    lines = [
        {"received_at": 1_772_366_400_000_000_000 + k * 60_000_000_000,
         "topic": "city/tianhe/traffic/loop/loop-0001/reading",
         "payload": {"ts": 1_772_366_400_000 + k * 60_000, "speed": 50 if k else "fast", "flow": 1, "occ": 0.1}}
        for k in range(MESSAGES)
    ]  # fmt: skip
    lines[5]["payload"] = "nonsense"
    (folder / "r.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = asked("replay", folder / "r.jsonl", "--data-dir", folder / "data", "--json")
    assert done.code == 0, done.err
    return folder / "data"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_are_commands(name: str) -> None:
    shown = asked(*name.split(), "--help")

    assert shown.code == 0
    examples = [line.strip() for line in shown.out.partition("For example:")[2].splitlines() if line.strip()]
    assert any(f"cityloom {name}" in example for example in examples)
    assert '[default: ""]' not in shown.out
    assert "[default: None]" not in shown.out
    for example in examples:
        words = shlex.split(example.partition(" |")[0])
        words = words[words.index("cityloom") + 1 :] if "cityloom" in words else []
        if words:  # a long example may be broken into lines
            command.app.parse_args(words, exit_on_error=False, print_error=False)


def test_the_help_lists_every_command() -> None:
    shown = asked("--help").out

    assert {line.split()[1] for line in shown.splitlines() if line.startswith("│ ") and line[2] != " "} >= {
        name.split()[0] for name in COMMANDS
    }


def test_version_is_a_flag_too() -> None:
    assert asked("--version").out.strip() == asked("version", "--json").json["cityloom"]


@pytest.mark.parametrize("words", ASKING)
def test_an_empty_folder_is_a_sentence_and_stays_empty(tmp_path: Path, words: str) -> None:
    done = asked(*words.split(), "--data-dir", tmp_path)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: There is no journal in {tmp_path}")
    assert "cityloom run" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        "status --nope", "ledger extra", "series -n 0", "series -n x", "read", "read a b c", "read loop-0001 --step 7m",
        "read loop-0001 --last soon", "read loop-0001 --from yesterday", "read loop-0001 --format xml",
        "dead-letters", "dead-letters list -n -1", "dead-letters show", "dead-letters replay", "dead-letters purge",
        "stores adopt", "replay", "replay nothing.jsonl", "demo --for 5", "demo --speed 0", "demo --devices 0",
        "demo --port 99999", "demo --seed x", "run -c nothing.toml", "status -c nothing.toml", "nonsense",
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_a_sentence_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if words == "dead-letters":
        assert "Commands" in asked(words).out
        return

    done = asked(*words.split())

    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["status", "ledger", "ledger --verify", "ledger --device loop-0001", "series", "read loop-0001",
              "dead-letters list", "version"],
)  # fmt: skip
def test_json_is_one_object_on_the_last_line(data: Path, words: str) -> None:
    there: tuple[str | Path, ...] = () if words == "version" else ("--data-dir", data)
    done = asked(*words.split(), *there, "--json")

    assert (done.code, done.err) == (0, "")
    assert isinstance(done.json, dict)
    assert len(done.out.splitlines()) == 1


def test_a_ledger_that_is_off_is_exit_code_1(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "balances", lambda _: [Balance("messages", 12, 10)])

    shown, parsed = asked("ledger", "--data-dir", data), asked("ledger", "--data-dir", data, "--json")

    assert (shown.code, parsed.code) == (1, 1)
    assert "OFF BY 2: messages" in shown.out
    assert (parsed.json["balanced"], parsed.json["off"]) == (False, {"messages": 2})
    assert "ledger: OFF, messages by 2" in asked("status", "--data-dir", data).out


def test_a_database_that_lost_a_row_is_exit_code_1(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    with duckdb.connect(str(copy / "readings.duckdb")) as database:
        (table,) = database.execute(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'readings_2%' LIMIT 1"
        ).fetchone() or ("",)
        database.execute(f"DELETE FROM {table} WHERE ts = (SELECT max(ts) FROM {table})")

    done = asked("ledger", "--verify", "--data-dir", copy, "--json")

    assert done.code == 1
    assert done.json["balanced"] is True
    assert done.json["verify"]["agrees"] is False
    assert "DISAGREES" in asked("ledger", "--verify", "--data-dir", copy).out


def test_what_went_with_its_days_is_no_loss(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    before = asked("ledger", "--verify", "--data-dir", copy, "--json").json["verify"]["stores"]["duckdb"]
    assert (before["stored"], before["aged_out"], before["agrees"]) == (before["distinct"], 0, True)

    async def compact() -> None:
        store = DuckDbStore(DuckDbConfig(copy / "readings.duckdb", 2 * 86_400_000_000_000))
        await store.open()
        assert (await store.compact(1_800_000_000_000_000_000)).readings_dropped == before["stored"]
        await store.close()

    asyncio.run(compact())
    done = asked("ledger", "--verify", "--data-dir", copy, "--json")
    after = done.json["verify"]["stores"]["duckdb"]
    assert (done.code, after["distinct"], after["aged_out"]) == (0, 0, before["stored"])
    shown = asked("ledger", "--verify", "--data-dir", copy).out
    assert f"{before['stored']} stored by the books, 0 in the database, {before['stored']} aged out  agrees" in shown


def test_a_damaged_journal_is_a_sentence_without_traceback_unless_debugged(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    (copy / "inbox.db").write_bytes(b"nothing that SQLite knows" * 1000)

    done = asked("status", "--data-dir", copy)

    assert (done.code, done.out) == (2, "")
    assert "inbox.db" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in asked("--debug", "status", "--data-dir", copy).err


def test_damaged_records_hide_neither_the_account_nor_what_is_wrong(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    for file in copy.glob("records.db*"):
        file.write_bytes(b"nothing that SQLite knows" * 1000)

    assert asked("ledger", "--data-dir", copy, "--json").json["balanced"] is True
    found = asked("status", "--data-dir", copy, "--json").json["records"]
    assert found["state"] == "halted"
    assert "records.db" in found["problem"]
    shown = asked("status", "--data-dir", copy)
    assert shown.code == 0
    assert found["problem"] in shown.out
    letters = asked("dead-letters", "list", "--data-dir", copy)
    assert letters.code == 1
    assert "records.db" in letters.err
    assert "Traceback" not in letters.err


def test_dead_letters_are_sent_again_and_purged(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    there = ("--data-dir", copy, "--json")
    letters = asked("dead-letters", "list", *there).json["dead_letters"]
    assert sorted(letter["reason"] for letter in letters) == ["wrong_shape", "wrong_type"]

    one = asked("dead-letters", "replay", letters[0]["id"], *there)
    assert (one.code, one.json) == (0, {"replayed": 1, "remaining": 0})
    waiting = asked("ledger", *there).json
    assert (waiting["messages"]["waiting"], waiting["sources"]["replayed"]["received"]) == (1, 1)
    assert waiting["balanced"] is True

    none = asked("dead-letters", "replay", "--reason", "time_missing", *there)
    assert (none.code, none.json) == (0, {"replayed": 0, "remaining": 0})
    # without a name each goes once
    for sent in (1, 0):
        assert asked("dead-letters", "replay", "--all", *there).json == {"replayed": sent, "remaining": 0}
    assert asked("ledger", *there).json["messages"]["waiting"] == 2
    gone = asked("dead-letters", "purge", "--reason", "wrong_type", *there)
    assert (gone.code, gone.json) == (0, {"purged": 1})
    assert len(asked("dead-letters", "list", *there).json["dead_letters"]) == 1
    assert asked("dead-letters", "purge", "--all", *there).json == {"purged": 1}


def test_more_dead_letters_than_go_at_once_go_page_by_page(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    lines = [
        {"received_at": 1_772_366_400_000_000_000 + k, "topic": "city/tianhe/traffic/loop/loop-0001/reading",
         "payload": f"nonsense {k}"}
        for k in range(25)
    ]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert asked("replay", tmp_path / "r.jsonl", "--data-dir", folder, "--json").code == 0
    monkeypatch.setattr("gateway.runtime.desk._REPLAY_AT_ONCE", Held(10, 1 << 20))
    submitted: list[str] = []
    append = Inbox.append

    def seen(self: Inbox, rows: Any, counts: Any, confirmed: Any) -> int:
        submitted.extend(msgspec.msgpack.decode(row.payload)[1].decode() for row in rows)
        return append(self, rows, counts, confirmed)

    monkeypatch.setattr(Inbox, "append", seen)
    there = ("--data-dir", folder)
    shown = asked("dead-letters", "replay", "--all", *there)

    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("25 sent through the engine again;")
    assert submitted == [json.dumps(line["payload"]) for line in lines], "each once, in the order of their receipt"
    again = asked("dead-letters", "replay", "--all", *there, "--json")
    assert again.json == {"replayed": 0, "remaining": 0}


def test_a_replay_that_stops_half_way_says_how_far_it_came(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    monkeypatch.setattr("gateway.runtime.desk._REPLAY_AT_ONCE", Held(1, 1 << 20))
    append, room = Inbox.append, [1]

    def full(self: Inbox, *given: Any) -> int:
        if not room:
            raise JournalFull("No room to write the inbox.", "Make room.")
        room.pop()
        return append(self, *given)

    monkeypatch.setattr(Inbox, "append", full)
    done = asked("dead-letters", "replay", "--all", "--data-dir", copy)

    assert (done.code, done.out) == (1, "")
    assert "1 were sent before it" in done.err
    assert done.err.count("\n") == 2
    letters = asked("dead-letters", "list", "--data-dir", copy, "--json").json
    assert [letter["replayed_at"] is None for letter in letters["dead_letters"]] == [True, False]


def test_dead_letters_that_had_to_go_are_shown(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[records]\ndead_letters_max_count = 10\n", encoding="utf-8")
    lines = [
        {"received_at": 1_772_366_400_000_000_000 + k, "topic": "nobody/listens", "payload": str(k)} for k in range(25)
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    there = ("-c", tmp_path / "c.toml", "--data-dir", tmp_path / "data")
    done = asked("replay", tmp_path / "r.jsonl", *there)
    assert done.code == 0

    found = asked("dead-letters", "list", *there, "--json").json
    assert (found["held"], found["purged"], found["purged_reasons"]) == (10, 15, {"topic_unknown": 15})
    assert len(found["dead_letters"]) == 10
    shown = asked("dead-letters", "list", "-n", "3", *there).out
    assert "3 of 10 that are held" in shown
    assert "15 older ones had to go for want of room" in shown
    status = asked("status", *there, "--json").json
    assert (status["dead_letters"]["held"], status["dead_letters"]["purged"]) == (10, 15)
    assert "15 went for want of room" in asked("status", *there).out


@pytest.mark.parametrize("step", ["", "1m"])
def test_rows_are_the_same_however_many_pages_they_are_read_in(
    data: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def everything() -> tuple[str, str, list[Any]]:
        words = ("read", "loop-0001", "--last", "1d", *(("--step", step) if step else ()), "--data-dir", data)
        parsed = asked(*words, "--json").json
        assert (parsed["truncated"], parsed["next"]) == (False, None)
        table = asked(*words, "-n", "100000")
        return table.out, asked(*words, "--format", "csv").out, parsed["rows"]

    whole = everything()
    assert len(whole[2]) > 60
    assert whole[2] == sorted(whole[2], key=lambda row: (row[2], row[0]))
    for rows in (4, 50):
        monkeypatch.setattr("gateway.cli.rows._PAGE_ROWS", rows)
        assert everything() == whole


def test_a_page_has_a_bound_of_its_own(data: Path) -> None:
    settings = settings_of(None, data)
    for limit in (0, 100_001):
        with pytest.raises(CommandError, match=f"{limit} rows"):
            ask(settings, "read", device="loop-0001", limit=limit)


def test_what_the_quantiles_are_worth_is_said() -> None:
    assert "within 2 %" in " ".join(asked("read", "--help").out.replace("│", " ").split())


def test_a_reader_that_leaves_early_is_no_error(data: Path) -> None:
    words = [*COMMAND, "read", "loop-0001", "--last", "1d", "--format", "csv", "--data-dir", str(data)]
    script = f"{shlex.join(words)}; echo $? >&2"
    shown = subprocess.run(
        ["sh", "-c", f"({script}) | head -n 0"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=True,
    )

    assert shown.stderr.splitlines() == ["0"]


def test_two_commands_may_look_at_the_same_files_at_once(data: Path) -> None:
    words = [*COMMAND, "ledger", "--json", "--data-dir", str(data)]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60) for process in started]

    assert [process.returncode for process in started] == [0, 0, 0], said
    assert len({out for out, _ in said}) == 1


def test_output_is_for_any_encoding(data: Path) -> None:
    done = cityloom(data.parent, "status", "--data-dir", data, PYTHONIOENCODING="ascii:strict", LC_ALL="C")

    assert "Traceback" not in done.err
    assert done.code == 0, done.err
