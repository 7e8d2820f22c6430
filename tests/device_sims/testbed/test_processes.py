"""Children of a city: none is left behind, whatever happens to who started it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device_sims.testbed.processes import HOST, Child, Guard, answers, free_ports

IGNORES = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(60)
"""
STARTS_ONE_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from device_sims.testbed.processes import Child, Guard
guard = Guard()
child = Child(["http.server", "--bind", "127.0.0.1", "0"], Path(sys.argv[1]), "server", guard)
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def guard() -> Iterator[Guard]:
    made = Guard()
    yield made
    made.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # one that nobody has waited for has ended all the same
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _eventually(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ports_are_different_and_free() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert not any(answers(port) for port in ports)


def test_a_port_that_somebody_listens_on_answers_and_is_not_given() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        assert answers(port)
        assert port not in free_ports(5)


def test_a_child_ends_when_it_is_asked_and_has_a_log(tmp_path: Path, guard: Guard) -> None:
    child = Child(["http.server", "--bind", HOST, "0"], tmp_path, "server", guard)
    _eventually(lambda: "Serving" in child.out.read_text())

    assert child.end(20.0) == -signal.SIGTERM
    assert child.end(20.0) == child.code == -signal.SIGTERM


def test_one_that_will_not_end_is_killed(tmp_path: Path, guard: Guard) -> None:
    (tmp_path / "deaf.py").write_text(IGNORES)
    child = Child(["deaf"], tmp_path, "deaf", guard)
    _eventually(lambda: "deaf" in child.out.read_text())

    assert child.end(0.2) == -signal.SIGKILL


def test_settings_of_whoever_runs_the_tests_do_not_reach_a_child(
    tmp_path: Path, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYLOOM_MQTT__HOST", "broker.example.org")
    (tmp_path / "shows.py").write_text("import os; print([name for name in os.environ if 'CITYLOOM' in name])")
    child = Child(["shows"], tmp_path, "shows", guard)
    _eventually(lambda: child.code is not None)

    assert child.out.read_text() == "[]\n"
    child.end(1.0)


def test_a_session_that_is_killed_leaves_no_child_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS_ONE_AND_IS_KILLED, str(tmp_path)], cwd=Path(__file__).resolve().parents[3],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr

    _eventually(lambda: not _alive(int(done.stdout)))
