"""Reloading as a person does it: `cityloom reload`, and SIGHUP."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.brokers import PlainMosquitto
from tests.support.command import Process, asked, cityloom, door, eventually
from tests.support.mqtt_peer import MqttPeer
from tests.support.reloadable import Files, body

pytestmark = pytest.mark.slow


def _started(folder: Path, files: Files) -> Process:
    process = Process(folder, "run", "-c", files.config)
    eventually((folder / "d" / "control.sock").exists, "it is up")
    return process


def test_the_command_shows_applies_and_refuses(data_folder: Path) -> None:
    with PlainMosquitto.running(data_folder) as broker:
        files = Files(data_folder, broker.port)
        files.settings(log={"format": "json"})
        process = _started(data_folder, files)
        try:
            same = asked("reload", "-c", files.config)
            assert (same.code, same.out.strip()) == (0, "Nothing is another: the gateway goes on as it does.")

            files.conditions({"water.high": ("tank", 70)})
            files.settings(http={"port": 18_481}, log={"level": "debug"})
            shown = asked("reload", "--check", "-c", files.config)
            assert shown.code == 0
            for text in ("would change", "water.high: high", "[100.0]", "[70.0]", "needs a restart: http.port"):
                assert text in shown.out, shown.out
            assert "configuration reloaded" in process.said  # of the first; the look is no reload
            assert process.said.count("configuration reloaded") == 1

            done = asked("reload", "-c", files.config, "--json")
            assert (done.code, done.json["applied"], done.json["in_force"]) == (0, True, True)
            assert [each["key"] for each in done.json["differences"]["restart"]] == ["http.port"]
            eventually(lambda: '"level": "debug"' in process.said, "it logs more")

            files.conditions({"water.high": ("nothing", 70)})
            refused = asked("reload", "-c", files.config)
            assert refused.code == 2
            assert "conditions.toml: conditions[0].profile" in refused.err
            as_json = asked("reload", "-c", files.config, "--json")
            assert (as_json.code, as_json.json["applied"]) == (2, False)
            assert as_json.json["problems"][0]["remedy"]
            assert "configuration refused" in process.said
        finally:
            process.interrupt()
            assert process.ended() == 0
        gone = asked("reload", "-c", files.config)
        assert gone.code == 1
        assert "No gateway runs on" in gone.err


def test_a_hangup_reloads_and_says_what_changed_or_why_not(data_folder: Path) -> None:
    with PlainMosquitto.running(data_folder) as broker:
        files = Files(data_folder, broker.port)
        files.settings(log={"format": "json"})
        process = Process(data_folder, "run", "-c", files.config)
        try:
            # before it is up: waited for, never the end of it
            eventually((data_folder / "d" / "inbox.db").exists, "it has begun")
            os.kill(process.pid, signal.SIGHUP)
            eventually(lambda: "configuration reloaded" in process.said, "it reloads once it is up")
            files.profile("well")
            os.kill(process.pid, signal.SIGHUP)
            eventually(lambda: '"added": ["well"]' in process.said, "it says what changed")
            with MqttPeer(broker.port, "device") as peer:
                peer.publish_many([("plant/well/w-1", body(1_790_000_000_000_000_000, 3.0))])
            files.profile("well", unit="furlong")
            os.kill(process.pid, signal.SIGHUP)
            eventually(lambda: "configuration refused" in process.said, "it says why not")
            assert "fields.well" not in process.said
            assert "well.toml: fields.level.unit" in process.said
            eventually(lambda: _received(files) == 1, "the old configuration goes on")
        finally:
            process.interrupt()
            assert process.ended() == 0


def _received(files: Files) -> int:
    found = cityloom(files.folder, "ledger", "-c", files.config, "--json")
    if found.code:  # its own look at the bad file
        found = cityloom(files.folder, "ledger", "--data-dir", files.folder / "d", "--json")
    received: int = found.json["messages"]["received"]
    return received


def test_the_help_says_how() -> None:
    shown = asked("reload", "--help")
    for text in ("--check", "--dry-run", "cityloom reload -c cityloom.toml", "SIGHUP"):
        assert text in shown.out


def test_the_door_refuses_arguments_that_reload_has_not(data_folder: Path) -> None:
    with PlainMosquitto.running(data_folder) as broker:
        files = Files(data_folder, broker.port)
        process = _started(data_folder, files)
        try:
            assert door(data_folder / "d", "reload", check=True) is not None
        finally:
            process.interrupt()
            process.ended()
