"""`cityloom replay`: a recording through the engine is what the same messages through a broker are."""

import base64
import gzip
import json
import os
import pty
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.support.brokers import running_embedded
from tests.support.command import COMMAND, Result, asked, cityloom, door, environment, eventually, gateway_on, publish

TOPIC = "city/tianhe/traffic/loop/loop-0001/reading"
NOON = 1_772_366_400_000


def _line(at: int | str, payload: object, topic: str = TOPIC) -> str:
    return json.dumps({"received_at": at, "topic": topic, "payload": payload}) + "\n"


def _minutes(count: int, speed: float = 50.0) -> str:
    return "".join(
        _line(
            (NOON + k * 60_000 + 40) * 1_000_000,
            {"ts": NOON + k * 60_000, "speed": speed + k % 7, "flow": 20, "occ": 0.1},
        )
        for k in range(count)
    )  # fmt: skip


def _replay(*arguments: str | Path) -> Result:
    return asked("replay", *arguments)


def _read(data: Path, *words: str) -> dict[str, Any]:
    done = asked("read", "loop-0001", "speed", "--data-dir", data, "--last", "2d", "--json", *words)
    assert done.code == 0, done.err
    return done.json


def test_a_recording_is_what_the_same_messages_through_a_broker_are(tmp_path: Path, data_folder: Path) -> None:
    start = (time.time_ns() // 1_000_000 - 12 * 60_000) // 60_000 * 60_000
    messages = [
        (TOPIC, {"ts": start + k * 60_000, "speed": 40 + k * 1.3, "flow": None if k == 3 else k, "occ": 0.01 * k})
        for k in range(10)
    ]
    messages[4:4] = [messages[2], (TOPIC, {"speed": 1})]
    recording = tmp_path / "r.jsonl"
    now = time.time_ns()
    recording.write_text("".join(_line(now + k, payload, topic) for k, (topic, payload) in enumerate(messages)))
    config = tmp_path / "c.toml"
    with running_embedded() as broker:
        config.write_text(
            f'[mqtt]\nport = {broker.port}\nwatch_sys = "off"\n[http]\nport = 0\n'
            "[engine]\nclock_bound_secs = 3600\nmax_ahead_secs = 3600\n"
        )
        with gateway_on(tmp_path, data_folder, "-c", config) as gateway:
            eventually(lambda: _state(data_folder) == "subscribed", "it subscribes")
            publish(broker.port, [(topic, json.dumps(payload).encode()) for topic, payload in messages])
            eventually(lambda: _windows(data_folder) >= 7, "windows close")
            gateway.interrupt()
            assert gateway.ended() == 0, gateway.said

    replayed = tmp_path / "replayed"
    done = _replay(recording, "-c", config, "--data-dir", replayed, "--json")

    assert done.code == 0, done.err
    assert _ledger(replayed) == _ledger(data_folder)
    assert done.json["ledger"]["messages"]["received"] == 12
    assert _read(replayed)["rows"] == _read(data_folder)["rows"]
    live = _read(data_folder, "--step", "1m")["rows"]
    again = _read(replayed, "--step", "1m")["rows"]
    assert len(live) >= 7
    assert again[: len(live)] == live
    assert len(again) == 10, "at the end of a recording every window closes"


def _state(data_dir: Path) -> str:
    status = door(data_dir)
    return str(status["sources"][0]["state"]) if status is not None else ""


def _windows(data_dir: Path) -> int:
    if not (door(data_dir, "series") or []):
        return 0
    found = door(data_dir, "read", device="loop-0001", quantity="speed", step=60, last=7200)
    return len(found["rows"]) if found is not None else 0


def _ledger(data: Path) -> dict[str, Any]:
    found = asked("ledger", "--verify", "--data-dir", data, "--json").json
    assert found["verify"]["agrees"] is True
    return {name: found[name] for name in ("messages", "readings", "reasons", "profiles", "stores")}


def test_gzip_and_several_files_are_read_in_order(tmp_path: Path) -> None:
    lines = _minutes(120).splitlines(keepends=True)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("".join(lines[:50]).encode()))
    (tmp_path / "b.jsonl").write_text("\n".join(lines[50:]))

    done = cityloom(tmp_path, "replay", "a.jsonl.gz", "b.jsonl", "--json")

    assert done.code == 0, done.err
    assert done.json["ledger"]["balanced"] is True
    assert done.json["stores"]["duckdb"]["stored"] == 360
    hours = _read(tmp_path / "replayed", "--step", "1h")
    count = hours["columns"].index("count")
    assert [row[count] for row in hours["rows"]] == [60, 60]
    assert done.err == "", "no progress bar where nobody looks"


def test_it_leaves_what_is_configured_for_real_alone(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(_minutes(3))
    (tmp_path / "c.toml").write_text(
        f'[stores.duckdb]\npath = "{tmp_path / "real.duckdb"}"\n'
        '[stores.influxdb]\nenabled = true\nurl = "http://127.0.0.1:9"\ntoken = "t"\n'
    )

    done = _replay(tmp_path / "r.jsonl", "-c", tmp_path / "c.toml", "--data-dir", tmp_path / "out", "--json")

    assert done.code == 0, done.err
    assert done.json["stores"].keys() == {"duckdb"}
    assert (tmp_path / "out" / "readings.duckdb").exists()
    assert not (tmp_path / "real.duckdb").exists()


def test_what_is_not_stored_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(_minutes(3))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "readings.duckdb").write_bytes(b"no database" * 1000)

    done = _replay(tmp_path / "r.jsonl", "--data-dir", tmp_path / "out", "--json")

    assert done.code == 1
    assert done.json["stores"]["duckdb"]["state"] == "halted"
    assert done.json["ledger"]["stores"]["duckdb"]["waiting"] == 9


def test_payloads_may_be_bytes_and_receipts_texts(tmp_path: Path) -> None:
    payload = json.dumps({"ts": NOON, "speed": 50, "flow": 20, "occ": 0.1}).encode()
    lines = [
        {"received_at": "2026-03-01T20:00:01.123456789+08:00", "topic": TOPIC,
         "payload_base64": base64.b64encode(payload).decode()},
        {"received_at": "2026-03-01T12:00:02Z", "topic": TOPIC, "payload_base64": "/w=="},
    ]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))

    done = _replay(tmp_path / "r.jsonl", "--data-dir", tmp_path / "out", "--json")

    assert done.code == 0, done.err
    assert done.json["ledger"]["messages"]["decoded"] == 1
    letters = asked("dead-letters", "list", "--data-dir", tmp_path / "out", "--json").json["dead_letters"]
    assert [(letter["reason"], letter["received_at"]) for letter in letters] == [
        ("not_utf8", 1_772_366_402_000_000_000)
    ]


def test_a_later_recording_goes_on_and_an_earlier_one_is_refused(tmp_path: Path) -> None:
    lines = _minutes(4).splitlines(keepends=True)
    later = _line("2026-03-09T12:00:00Z", {"ts": NOON + 8 * 86_400_000, "speed": 1, "flow": 1, "occ": 0.1})
    (tmp_path / "a.jsonl").write_text("".join(lines))
    (tmp_path / "b.jsonl").write_text(later)

    there = ("--data-dir", tmp_path / "out")
    assert _replay(tmp_path / "a.jsonl", *there).code == 0
    again = _replay(tmp_path / "a.jsonl", *there)
    assert again.code == 2
    assert "holds messages of a later time" in again.err
    more = _replay(tmp_path / "b.jsonl", *there, "--json")
    assert more.code == 0, more.err
    assert more.json["ledger"]["messages"]["received"] == 5


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(_minutes(100))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "replay", "r.jsonl"], cwd=tmp_path, env=environment(TERM="xterm", COLUMNS="120"),
        stdout=theirs, stderr=theirs, stdin=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how a terminal ends
        pass
    os.close(ours)

    assert process.wait(30) == 0
    assert b"replaying" in shown
    assert b"100/100" in shown
    assert b"ledger: balanced" in shown
