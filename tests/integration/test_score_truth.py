"""Sabotage: what is spoilt in the stored data is what `score truth` names, exactly that and nothing else.

simulators --recording, truth--> replay --> data folder --copy, one thing spoilt--> score truth
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from device_sims.clients.publisher import Endpoint
from device_sims.run import Plan, record
from gateway.cli.door import settings_of
from gateway.cli.stored import read_stored
from gateway.score.truth_book import Gate, TruthBook
from gateway.score.truth_run import open_run
from gateway.score.truth_windows import score_windows
from tests.support.command import Result, asked

SECOND = 1_000_000_000
ORIGIN = 1_772_625_600 * SECOND  # 2026-03-04T20:00:00+08:00
FAULTS = "duplicate=0.03,late=0.05:90,reorder=0.02,truncated=0.01,wrong_type=0.02,clock=0.05:94608000,outage=0.05:600"
LEAK = """
name = "One leak"
sentence = "Gas leaks at one place."
[[troubles]]
kind = "gas-leak"
at = "20:10"
minutes = 15
size = 30
device = "gas-0001"
expect = "gas.lel"
within_secs = 420
over_secs = 600
sentence = "Gas at gas-0001."
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`run` and `data` of 40 minutes."""
    folder = tmp_path_factory.mktemp("sab")
    (folder / "leak.toml").write_text(LEAK)
    plan = Plan(
        Endpoint("", 0), ORIGIN, ORIGIN, 1.0, devices=60, faults=FAULTS, until=ORIGIN + 2400 * SECOND,
        truth=folder / "run", scenario=str(folder / "leak.toml"), recordings=False, record=folder / "day.jsonl.gz",
    )  # fmt: skip
    summary = record(plan, lambda _: None)
    assert summary.sent > 1000
    done = asked("replay", folder / "day.jsonl.gz", "--data-dir", folder / "data", "--json")
    assert done.code == 0, done.err
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def copy(day: Path, tmp_path: Path) -> Path:
    """A folder with `run` and `data` that may be spoilt."""
    shutil.copytree(day / "run", tmp_path / "run")
    shutil.copytree(day / "data", tmp_path / "data", ignore=shutil.ignore_patterns("control.sock"))
    return tmp_path


def _score(folder: Path) -> Result:
    return asked("score", "truth", folder / "run", "--data-dir", folder / "data", "--picture", "none", "--json")


def _spoil(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(folder / "data" / "readings.duckdb")) as db:
        for statement in statements:
            db.execute(statement)


def _a_reading(folder: Path, where: str = "true") -> dict[str, Any]:
    """A stored reading that stands once, with its table and series."""
    with duckdb.connect(str(folder / "data" / "readings.duckdb"), read_only=True) as db:
        tables = "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'readings_2026%'"
        ((table,),) = db.execute(tables).fetchall()
        row = db.execute(
            f"SELECT device, quantity, series, ts, value, position FROM {table} JOIN series ON id = series "
            f"WHERE NOT rewrite AND (series, ts) IN (SELECT (series, ts) FROM {table} GROUP BY series, ts "
            f"HAVING count(*) = 1) AND value > 1 AND ({where}) ORDER BY ts, series LIMIT 1 OFFSET 100"
        ).fetchone()
    assert row is not None
    return dict(zip(("device", "quantity", "series", "ts", "value", "position"), row, strict=True)) | {"table": table}


def _only(result: Result, kind: str) -> dict[str, Any]:
    """The one thing that is wrong."""
    assert result.code == 1, result.out
    assert result.json["wrong"] == {kind: 1}
    assert sum(len(named) for named in result.json["readings"]["named"].values()) <= 1
    return result.json


def _named(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (odd,) = found["readings"]["named"][kind]
    return {name: odd[name] for name in ("device", "quantity", "ts", "expected", "found", "detail")}


def _of(reading: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: reading[name] for name in ("device", "quantity", "ts")} | {"detail": ""} | more


def test_nothing_is_wrong_where_nothing_was_spoilt(day: Path) -> None:
    result = _score(day)

    assert result.code == 0, result.out
    found = result.json
    assert found["right"]
    assert found["readings"]["expected"] == found["readings"]["stored"] == found["readings"]["right"] > 3000
    assert found["windows"]["compared"]["60"] > 2000
    assert found["alarms"]["troubles"][0]["hit"]
    assert (day / "run" / "score.json").is_file()


def test_one_lost(copy: Path) -> None:
    gone = _a_reading(copy)
    _spoil(copy, f"DELETE FROM {gone['table']} WHERE series = {gone['series']} AND ts = {gone['ts']}")

    found = _only(_score(copy), "lost")

    assert _named(found, "lost") == _of(gone, expected=pytest.approx(gone["value"], rel=1e-12), found=None)


def test_one_message_lost_is_all_of_its_readings(copy: Path) -> None:
    gone = _a_reading(copy, "quantity = 'speed'")
    series = f"SELECT id FROM series WHERE device = '{gone['device']}'"
    _spoil(copy, f"DELETE FROM {gone['table']} WHERE series IN ({series}) AND ts = {gone['ts']}")

    found = _score(copy).json

    assert found["wrong"].keys() == {"lost"}
    lost = found["readings"]["named"]["lost"]
    assert {(each["device"], each["ts"]) for each in lost} == {(gone["device"], gone["ts"])}
    assert "speed" in {each["quantity"] for each in lost}


def test_one_altered(copy: Path) -> None:
    changed = _a_reading(copy)
    factor = 1 + 1e-9
    _spoil(
        copy,
        f"UPDATE {changed['table']} SET value = value * {factor} WHERE series = {changed['series']} "
        f"AND ts = {changed['ts']}",
    )

    odd = _named(_only(_score(copy), "altered"), "altered")

    value = changed["value"]
    assert odd == _of(changed, expected=pytest.approx(value, rel=1e-12), found=pytest.approx(value * factor, rel=1e-15))


def test_one_duplicated_under_its_own_time(copy: Path) -> None:
    twice = _a_reading(copy)
    _spoil(
        copy,
        f"INSERT INTO {twice['table']} SELECT position + 1, series, ts, value, flag, why, rewrite "
        f"FROM {twice['table']} WHERE series = {twice['series']} AND ts = {twice['ts']}",
    )

    odd = _named(_only(_score(copy), "duplicated"), "duplicated")

    assert (odd["device"], odd["quantity"], odd["ts"]) == (twice["device"], twice["quantity"], twice["ts"])
    assert odd["detail"] == "held 2 times, sent 1"


def test_one_duplicated_a_moment_later(copy: Path) -> None:
    twice = _a_reading(copy)
    _spoil(
        copy,
        f"INSERT INTO {twice['table']} SELECT position, series, ts + 1, value, flag, why, rewrite "
        f"FROM {twice['table']} WHERE series = {twice['series']} AND ts = {twice['ts']}",
    )

    odd = _named(_only(_score(copy), "duplicated"), "duplicated")

    assert (odd["device"], odd["ts"], odd["detail"]) == (
        twice["device"], twice["ts"] + 1, f"a copy of the reading at {twice['ts']} ns",
    )  # fmt: skip


def test_one_moved_to_another_device(copy: Path) -> None:
    moved = _a_reading(copy, "quantity = 'speed'")
    other = f"(SELECT max(id) FROM series WHERE quantity = 'speed' AND id <> {moved['series']})"
    _spoil(
        copy,
        f"UPDATE {moved['table']} SET series = {other} WHERE series = {moved['series']} AND ts = {moved['ts']}",
    )

    odd = _named(_only(_score(copy), "misplaced"), "misplaced")

    assert (odd["device"], odd["quantity"], odd["ts"]) == (moved["device"], moved["quantity"], moved["ts"])
    assert odd["detail"].startswith("wrong device: ")
    assert moved["device"] not in odd["detail"]


@pytest.mark.parametrize("statistic", ["count", "mean", "min", "max"])
def test_one_aggregate_changed(copy: Path, statistic: str) -> None:
    with duckdb.connect(str(copy / "data" / "readings.duckdb")) as db:
        row = db.execute(
            "SELECT series, step, start, revision, device, quantity FROM aggregates JOIN series ON id = series "
            "WHERE step = 60 AND count > 0 AND max > 1 AND revision = 0 ORDER BY start, series LIMIT 1 OFFSET 300"
        ).fetchone()
        assert row is not None
        db.execute(
            f'UPDATE aggregates SET "{statistic}" = "{statistic}" + 1 WHERE series = ? AND step = ? AND start = ?',
            row[:3],
        )

    (odd,) = _only(_score(copy), "windows")["windows"]["named"]

    assert (odd["device"], odd["quantity"], odd["step"], odd["start"]) == (row[4], row[5], row[1], row[2])
    assert odd["statistic"] == statistic
    assert odd["found"] == pytest.approx(odd["expected"] + 1)


def test_one_alarm_removed(copy: Path) -> None:
    with sqlite3.connect(copy / "data" / "records.db") as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = {column[1] for column in db.execute(f"PRAGMA table_info({table})")}
            if {"condition", "asset"} <= columns:
                db.execute(f"DELETE FROM {table} WHERE condition = 'gas.lel'")

    found = _only(_score(copy), "troubles")

    (trouble,) = found["alarms"]["troubles"]
    assert trouble["missed"]
    assert (trouble["condition"], trouble["at"]) == ("gas.lel", "gas-0001")


def test_an_alarm_before_the_first_trouble_is_false(copy: Path) -> None:
    with sqlite3.connect(copy / "data" / "records.db") as db:
        names = [column[1] for column in db.execute("PRAGMA table_info(transitions)")]
        put = {"number": "100", "alarm": "'stray'", "condition": "'gas.co'", "at": f"{ORIGIN + 120 * SECOND}"}
        values = ", ".join(put.get(name, f'"{name}"') for name in names)
        db.execute(f"INSERT INTO transitions SELECT {values} FROM transitions WHERE number = 1")

    found = _only(_score(copy), "false_alarms")

    (alarm,) = found["alarms"]["false"]
    assert (alarm["condition"], alarm["asset"]) == ("gas.co", "gas-0001")


def test_people_read_what_is_wrong(copy: Path) -> None:
    gone = _a_reading(copy)
    _spoil(copy, f"DELETE FROM {gone['table']} WHERE series = {gone['series']} AND ts = {gone['ts']}")

    result = asked("score", "truth", copy / "run", "--data-dir", copy / "data", "--picture", "none")

    assert result.code == 1
    assert f"lost  {gone['device']} {gone['quantity']} at 2026-03-04 20:" in result.out
    assert "wrong: 1 lost" in result.out
    assert max(map(len, (line.rstrip() for line in result.out.splitlines() if "written" not in line))) <= 100


def test_the_picture_is_drawn(copy: Path) -> None:
    pytest.importorskip("matplotlib", reason="the picture needs the extra `plots`")

    result = asked("score", "truth", copy / "run", "--data-dir", copy / "data")

    assert result.code == 0, result.out
    drawn = (copy / "run" / "score.svg").read_text(encoding="utf-8")
    assert "gas-0001" in drawn
    assert "gas.lel" in drawn


def test_a_run_that_did_not_end_says_what_to_do(copy: Path) -> None:
    story = (copy / "run" / "run.json").read_text()
    (copy / "run" / "run.json").write_text(story.replace('"ended_at": ', '"ended_at": null, "was": '))

    result = _score(copy)

    assert result.code == 2
    assert "has not ended" in result.err


def test_a_folder_that_is_no_run_is_said(tmp_path: Path) -> None:
    result = asked("score", "truth", tmp_path, "--data-dir", tmp_path)

    assert result.code == 2
    assert "is no run" in result.err


@pytest.mark.parametrize("going_on", [True, False])
def test_windows_that_close_while_a_running_gateway_is_read_are_not_missing(day: Path, going_on: bool) -> None:
    """The last minute of the lane closes when its first device has been read already."""
    run = open_run(day / "run")
    gate = Gate(300 * SECOND, 399 * 86400 * SECOND)
    settings = settings_of(None, day / "data")
    with TruthBook(run, gate) as book:
        devices = [name for (name,) in book.db.execute("SELECT device FROM devices").fetchall()]
        read_stored(settings, "", devices, book, lambda *_: None)
        lane = "FROM devices WHERE (profile, zone) = ('loop-detector', 'tianhe')"
        (first,) = book.db.execute(f"SELECT min(device) {lane}").fetchone() or ("",)
        book.db.execute(
            'DELETE FROM windows WHERE device = ? AND step = 60 AND "start" = '
            "(SELECT max(\"start\") FROM windows WHERE device = ? AND step = 60)", [first, first],
        )  # fmt: skip
        book.going_on = going_on
        score = score_windows(book)

    assert {(odd.device, odd.statistic) for odd in score.odd} == (set() if going_on else {(first, "missing")})
    assert score.compared[60] > 500
