"""`cityloom sim replay`: others' recordings to a broker or into a file, and what it says of those that are none."""

import gzip
import json
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pyarrow import parquet

from tests.support.brokers import running_embedded
from tests.support.command import Process, asked, cityloom

LINES = [f"2019-01-01 00:{minute:02d}:00,{40 + minute}" for minute in range(20)]
ONE_KIND = ("--kind", "segment-speed", "--quantity", "speed", "--unit", "km/h")


@pytest.fixture
def speeds(tmp_path: Path) -> Path:
    """A NAB file of 20 minutes."""
    file = tmp_path / "speed_7.csv"
    file.write_text("timestamp,value\n" + "\n".join(LINES) + "\n", encoding="utf-8")
    return file


def test_a_recording_goes_to_a_broker_at_a_speed_up_with_its_truth(tmp_path: Path, speeds: Path) -> None:
    with running_embedded() as broker:
        done = cityloom(
            tmp_path, "sim", "replay", speeds, "--broker", f"127.0.0.1:{broker.port}", "--speed", "1200", "--origin",
            "2026-03-02T00:00", "--truth", "truth", "--json",
        )  # fmt: skip

    assert done.code == 0, done.err
    assert done.json["messages"] == done.json["sent"] == 20
    assert done.json["devices"] == 1
    sent = parquet.read_table(next((tmp_path / "truth").glob("sent-*.parquet"))).to_pylist()
    assert len(sent) == 20
    assert sent[1]["ts"] == 1_772_380_800_000_000_000 + 60_000_000_000
    assert sent[1]["value"] == pytest.approx(41 * 1.609344, abs=1e-3)
    assert sent[1]["topic"] == "city/replayed/traffic/segment/speed-7/speed"
    (device,) = parquet.read_table(tmp_path / "truth" / "devices.parquet").to_pylist()
    assert (device["device"], device["profile"]) == ("speed-7", "segment-speed")


def test_ctrl_c_ends_a_loop_cleanly(tmp_path: Path, speeds: Path) -> None:
    heard = threading.Event()
    listener = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    listener.on_message = lambda *_: heard.set()
    with running_embedded() as broker:
        listener.connect("127.0.0.1", broker.port)
        listener.subscribe("city/#")
        listener.loop_start()
        running = Process(
            tmp_path, "sim", "replay", speeds, "--loop", "--speed", "600", "--json", "--broker",
            f"127.0.0.1:{broker.port}",
        )  # fmt: skip
        assert heard.wait(60), running.said
        running.interrupt()
        assert running.ended() == 0, running.said
        listener.disconnect()
        listener.loop_stop()
    summary = json.loads(running.said.splitlines()[-1])
    assert summary["messages"] == summary["sent"]


@pytest.mark.parametrize(
    ("bounds", "messages"),
    [((), 20), (("--limit", "7"), 7), (("--for", "10m"), 10), (("--for", "1m", "--speed", "5"), 5)],
)
def test_a_recording_becomes_one_of_messages(
    tmp_path: Path, speeds: Path, bounds: tuple[str, ...], messages: int
) -> None:
    out = tmp_path / "speeds.jsonl.gz"

    done = asked("sim", "replay", speeds, "--record", out, "--origin", "2026-03-02T00:00", *bounds)

    assert done.code == 0, done.err
    assert f"1 devices: {messages} of {messages} messages" in done.out
    lines = [json.loads(line) for line in gzip.decompress(out.read_bytes()).splitlines()]
    assert len(lines) == messages
    assert lines[0]["received_at"] == 1_772_380_800_000_000_000


def test_what_is_recorded_goes_through_the_gateway_by_its_site(tmp_path: Path, speeds: Path) -> None:
    out, site, data = tmp_path / "r.jsonl.gz", tmp_path / "site", tmp_path / "data"
    assert asked("sim", "replay", speeds, "--record", out, "--site", site, "--origin", "2026-03-02T00:00").code == 0
    config = site / "cityloom.toml"

    done = asked("replay", out, "-c", config, "--data-dir", data, "--json")

    assert done.code == 0, done.err
    assert done.json["ledger"]["readings"]["accepted"] == 20
    read = asked("read", "speed-7", "speed", "-c", config, "--data-dir", data, "--last", "1d", "--json")
    place = read.json["columns"].index("value")
    assert [row[place] for row in read.json["rows"]] == [round((40 + k) * 1.609344, 3) for k in range(20)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Which recordings?"),
        (("gone.csv",), "gone.csv"),
        (("notes.md",), "no header with a column of times"),
        (("wide.csv",), "is CSV with the columns a, b: say what they are by --map"),
        (("wide.csv", "--kind", "water-flow"), "--kind, --quantity and --unit go together"),
        (("wide.csv", *ONE_KIND, "--map", "map.toml"), "in place of --map"),
        (("wide.csv", *ONE_KIND, "--limit", "0"), "--limit must be 1 or more"),
        (("wide.csv", *ONE_KIND, "--speed", "0"), "--speed must be above 0"),
        (("wide.csv", *ONE_KIND, "--broker", "localhost"), "'localhost' is no broker: write HOST:PORT"),
        (("wide.csv", *ONE_KIND, "--origin", "yesterday"), "'yesterday' is no time"),
        (("wide.csv", *ONE_KIND, "--loop", "--record", "r.gz"), "--loop has no end to record"),
        (("bad.csv", *ONE_KIND, "--record", "r.gz"), "bad.csv, line 3, column b: 'full' is no number"),
    ],
)
def test_what_is_wrong_is_named_with_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("# notes\n\nof mine\n")
    (tmp_path / "wide.csv").write_text("time,a,b\n2019-01-01T00:00:00,1,2\n")
    (tmp_path / "bad.csv").write_text("time,a,b\n2019-01-01T00:00:00,1,2\n2019-01-01T00:01:00,1,full\n")
    (tmp_path / "map.toml").write_text("")

    done = asked("sim", "replay", *words)

    assert done.code == 2
    assert said in done.err


def test_help_says_which_replay_is_which() -> None:
    assert "Recorded messages: `cityloom replay`" in " ".join(asked("sim", "replay", "--help").out.split())
    assert "`cityloom sim replay`" in " ".join(asked("replay", "--help").out.split())
