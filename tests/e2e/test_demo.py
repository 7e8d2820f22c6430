"""`cityloom demo`: what it tells, that a second one goes on, what it refuses, and how it ends."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from device_sims.city.devices import load_city
from tests.support.command import Process, Result, asked, cityloom, door, eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

MESSAGES = {"sent", "received", "redelivered", "decoded", "ignored", "rejected", "lost", "shed", "waiting"}
READINGS = {"decoded", "accepted", "duplicate", "conflict", "quarantined", "expired", "invalid"}


def _demo(folder: Path, *arguments: str, http_port: int = 0, **variables: str) -> Result:
    return cityloom(folder, "demo", "--http-port", str(http_port), *arguments, timeout=90, **variables)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A demo of a few seconds; and its folder."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, _demo(folder, "--for", "5s", "--json")


def _all_is_well(found: dict[str, Any]) -> None:
    assert found["ledger"] == {"balanced": True}
    assert found["messages"]["sent"] == found["messages"]["received"] - found["messages"]["redelivered"] > 0
    store = found["stores"]["duckdb"]
    assert store == {"stored": found["readings"]["accepted"], "refused": 0, "dropped": 0, "waiting": 0}


def test_it_tells_what_became_of_every_message(shown: tuple[Path, Result]) -> None:
    folder, result = shown
    assert result.code == 0, result.err
    found = result.json

    assert found.keys() >= {
        "messages", "readings", "stores", "aggregates", "ledger", "latency_ms", "series", "devices",
    }  # fmt: skip
    assert found["messages"].keys() == MESSAGES
    assert found["readings"].keys() == READINGS
    assert found["aggregates"].keys() == {"written", "revised"}
    assert all(found["latency_ms"][name] > 0 for name in ("ack_p50", "ack_p99", "stored_p50", "stored_p99"))
    _all_is_well(found)
    assert (found["devices"], found["series"] > 1000, found["aggregates"]["written"] > 1000) == (
        len(load_city().devices),
        True,
        True,
    )
    assert len(result.out.splitlines()) == 1, "the object alone is on standard output"
    assert "Traceback" not in result.err
    assert "leaked" not in result.err, "what ends in order frees all"
    assert list(folder.iterdir()) == [folder / "data"]


def test_its_database_agrees_with_its_books_and_is_read_back(shown: tuple[Path, Result]) -> None:
    folder, result = shown
    ledger = asked("ledger", "--verify", "--json", "--data-dir", folder / "data")
    rows = asked("read", "loop-0001", "speed", "--last", "1d", "--json", "--data-dir", folder / "data")

    assert (ledger.code, ledger.json["verify"]["agrees"]) == (0, True)
    assert ledger.json["messages"]["received"] >= result.json["messages"]["received"]
    assert rows.code == 0
    assert len(rows.json["rows"]) > 5


def test_a_larger_city_is_known_to_its_gateway(tmp_path: Path) -> None:
    """Nobody whom it simulates is a stranger."""
    result = _demo(tmp_path, "--for", "4s", "--devices", "600", "--json")
    assert result.code == 0, result.err
    _all_is_well(result.json)
    assert (result.json["devices"], result.json["messages"]["rejected"]) == (600, 0)


def test_a_second_one_goes_on_in_the_same_folder(shown: tuple[Path, Result]) -> None:
    folder, _ = shown
    before = asked("ledger", "--json", "--data-dir", folder / "data").json["messages"]["received"]

    again = _demo(folder, "--for", "1s", "--json")

    assert again.code == 0, again.err
    _all_is_well(again.json)
    after = asked("ledger", "--json", "--data-dir", folder / "data").json
    assert after["messages"]["received"] == before + again.json["messages"]["received"]
    assert after["balanced"] is True


def test_simulated_and_real_data_are_kept_apart(shown: tuple[Path, Result], tmp_path: Path, data_folder: Path) -> None:
    folder, _ = shown
    refused = asked("run", "--data-dir", folder / "data")
    assert refused.code == 2
    assert "holds the simulated city of `cityloom demo`" in refused.err

    line = {"received_at": "2026-03-01T12:00:00Z", "topic": "a/b", "payload": 1}
    (tmp_path / "r.jsonl").write_text(json.dumps(line), encoding="utf-8")
    assert asked("replay", tmp_path / "r.jsonl", "--data-dir", data_folder).code == 0
    mixed = asked("demo", "--for", "1s", "--data-dir", data_folder)
    assert mixed.code == 2
    assert "holds the data of a gateway" in mixed.err


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("whose", ["the broker's", "ours"])
def test_a_taken_port_is_a_sentence(tmp_path: Path, taken_port: int, whose: str) -> None:
    ports = (taken_port, 0) if whose == "the broker's" else (0, taken_port)
    result = _demo(
        tmp_path, "--for", "1s", "--port", str(ports[0]), "--json", http_port=ports[1], CITYLOOM_WEB__ENABLED="true"
    )

    assert (result.code, result.out) == (2, "")
    assert str(taken_port) in result.err
    assert "Traceback" not in result.err
    _nobody_left(tmp_path)


def test_a_folder_that_can_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    result = _demo(tmp_path, "--for", "1s", "--data-dir", "/dev/null/data", "--json")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: The data folder /dev/null/data can't be written")
    assert "Traceback" not in result.err


def test_no_room_ends_it_with_a_sentence(tmp_path: Path) -> None:
    result = _demo(
        tmp_path, "--for", "60s", "--speed", "6000", "--json", CITYLOOM_BOUNDS__MAX_PAYLOAD_BYTES="65536",
        CITYLOOM_INBOX__QUOTA_BYTES="1048576", CITYLOOM_OUTBOX__QUOTA_BYTES="1048576",
    )  # fmt: skip

    assert (result.code, result.out) == (1, "")
    assert "error: No room in data" in result.err
    assert "Traceback" not in result.err
    _nobody_left(tmp_path)


def test_unknown_faults_are_refused_before_anything_starts(tmp_path: Path) -> None:
    result = _demo(tmp_path, "--for", "5s", "--faults", "gremlins=1")

    assert result.code == 2
    assert "unknown fault 'gremlins'" in result.err
    assert not (tmp_path / "data").exists()


def test_what_is_configured_for_real_is_left_alone(tmp_path: Path) -> None:
    result = cityloom(
        tmp_path, "demo", "--for", "1s", "--json", "--http-port", "0",
        CITYLOOM_MQTT__HOST="broker.example.org", CITYLOOM_MQTT__TLS="on", CITYLOOM_MQTT__FILTERS='["nothing/#"]',
        CITYLOOM_STORES__INFLUXDB__ENABLED="true", CITYLOOM_STORES__INFLUXDB__TOKEN="t",
        CITYLOOM_STORES__DUCKDB__ENABLED="false", CITYLOOM_CLOCK__KIND="system",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert result.json["stores"].keys() == {"duckdb"}
    assert result.json["messages"]["decoded"] > 0


def test_faults_are_accounted_for(tmp_path: Path) -> None:
    result = _demo(tmp_path, "--for", "1s", "--json", "--faults", "duplicate=0.1,invalid=0.05,wrong_type=0.05")

    assert result.code == 0, result.err
    _all_is_well(result.json)
    assert result.json["messages"]["rejected"] > 0
    assert result.json["readings"]["duplicate"] > 0
    assert result.json["readings"]["invalid"] > 0


def _started(folder: Path) -> Process:
    process = Process(folder, "demo", "--http-port", "0", "--json")
    eventually(lambda: _sent(folder) or not process.running, "the city speaks")
    assert process.running, process.said
    assert len(_descendants(process.pid)) == 2, "a broker and the simulators"
    return process


def _sent(folder: Path) -> bool:
    status = door(folder / "data")
    return status is not None and status["ledger"]["messages"]["received"] > 0


def test_one_ctrl_c_ends_it_in_order(data_folder: Path) -> None:
    process = _started(data_folder)
    children = _descendants(process.pid)

    process.interrupt()

    assert process.ended() == 0, process.said
    assert process.said.splitlines()[-1].startswith('{"messages": {"sent": ')
    assert not any(map(_runs, children))


def test_two_leave_at_once(data_folder: Path) -> None:
    process = _started(data_folder)
    children = _descendants(process.pid)

    process.interrupt()
    process.interrupt()

    assert process.ended(10) in (0, 130), process.said
    assert "Traceback" not in process.said
    eventually(lambda: not any(map(_runs, children)), "its children are gone")


def test_a_killed_one_leaves_nobody_behind(data_folder: Path) -> None:
    process = _started(data_folder)
    children = _descendants(process.pid)

    process.kill()

    eventually(lambda: not any(map(_runs, children)), "its children are gone")


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    return [child for child, parent in pairs if parent == pid]


def _runs(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.startswith("Z")


def _nobody_left(folder: Path) -> None:
    """Nobody works in `folder` any more."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    names = [line for line in listed.splitlines() if "device_sims" in line or "gateway.runtime.broker" in line]
    ours = [line for line in names if _works_in(int(line.split()[0]), folder)]
    assert ours == []


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False
