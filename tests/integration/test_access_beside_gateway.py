"""Tokens and the audit log beside a gateway that runs: commands in their own processes, acts through the door."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.runtime.ports import free_ports
from tests.support.command import Place, asked, eventually

WRONG_PORT = free_ports(1)[0]


@pytest.fixture
def place(data_folder: Path, tmp_path: Path) -> Place:
    config = tmp_path / "city.toml"
    config.write_text(f"mqtt.port = {WRONG_PORT}\nhttp.port = 0\nstores.duckdb.threads = 1\n")
    return Place(data_folder / "city", config, WRONG_PORT)


def test_tokens_can_be_made_before_the_first_start_and_managed_while_the_gateway_runs(place: Place) -> None:
    place.data_dir.mkdir()
    first = place.asked("access", "create", "early", "--role", "administrator", "--json").json
    with place.gateway() as gateway:
        made = place.asked("access", "create", "wang", "--role", "operator", "--json").json
        assert {token["name"] for token in place.asked("access", "list", "--json").json["tokens"]} == {"early", "wang"}
        assert place.asked("access", "rotate", made["id"]).code == 0
        assert place.asked("access", "revoke", first["id"]).code == 0
        assert place.asked("dead-letters", "list").code == 0
        assert gateway.running
        found = place.asked("audit", "verify", "--json").json
        assert (found["intact"], found["entries"]) == (True, 4)
        gateway.stop()
    assert place.asked("ledger").code == 0
    assert place.asked("journal", "check").code == 0
    assert place.asked("audit", "verify", "--json").json["entries"] == 4


def test_acts_at_the_console_are_in_the_audit_log_and_looks_are_not(place: Place) -> None:
    def acts() -> list[tuple[str, str, str, str]]:
        entries = place.asked("audit", "list", "--json").json["entries"]
        return [(entry["act"], entry["what"], entry["detail"], entry["outcome"]) for entry in reversed(entries)]

    added = ("report", "add", "no water since seven", "--kind", "no-water", "--zone", "tianhe")
    with place.gateway() as gateway:
        assert place.asked(*added, "--id", "case-1", "--contact", "13800138000", "--who", "li").code == 0
        eventually(lambda: place.asked("report", "show", "case-1").code == 0, "the report is taken")
        assert place.asked("report", "advance", "case-1", "accepted", "--who", "li").code == 0
        assert place.asked("report", "list").code == 0
        assert place.asked("reload", "--check").code == 0
        assert place.asked("reload").code == 0
        assert place.asked("report", "show", "case-1", "--contact").code == 0
        assert place.asked("alarms", "ack", "abcdef").code == 1  # there is none: nothing was done
        gateway.stop()
    assert place.asked("dead-letters", "purge", "--reason", "unreadable").code == 0  # on files
    assert acts() == [
        ("reports.add", "case-1 no-water tianhe", "who: li", "done"),
        ("reports.advance", "case-1", "state: accepted; who: li", "done"),
        ("configuration.reload", "", "", "done"),
        ("reports.contact", "case-1", "", "done"),
        ("dead_letters.purge", "unreadable", "", "done"),
    ]
    held = b"".join(each.read_bytes() for each in place.data_dir.glob("records.db*"))
    with closing(sqlite3.connect(place.data_dir / "records.db")) as db:
        assert db.execute("SELECT count(*) FROM audit WHERE detail LIKE '%138001%'").fetchone() == (0,)
    assert b"13800138000" in held  # where it belongs


def test_a_damaged_file_is_salvaged_with_tokens_and_log_and_the_salvage_is_in_the_log(place: Place) -> None:
    with place.gateway() as gateway:
        made = place.asked("access", "create", "wang", "--role", "operator", "--json").json
        gateway.stop()
    records = place.data_dir / "records.db"
    with closing(sqlite3.connect(records)) as db:
        page = db.execute("SELECT max(pageno) FROM dbstat WHERE name = 'devices'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with records.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 8)
    assert place.asked("journal", "check").code == 1
    mended = place.asked("journal", "salvage")
    assert mended.code == 0, mended
    [token] = place.asked("access", "list", "--json").json["tokens"]
    assert token["id"] == made["id"]
    found = place.asked("audit", "list", "--json").json["entries"]
    assert [entry["act"] for entry in found] == ["journal.salvage", "access.create"]
    assert "damaged-records-" in found[0]["what"]
    assert place.asked("audit", "verify").code == 0
    assert asked("journal", "check", "--data-dir", place.data_dir, "-c", place.config).code == 0
