"""The worker as the process that it is: it tells what it can't do, and leaves with whoever started it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from gateway.reports.period import day_of
from gateway.reports.worker import Order
from gateway.runtime.web_process import plain_settings
from gateway.runtime.wire import SOCKET_NAME
from tests.support.command import environment
from tests.support.running import settings_of

DAY = day_of("2026-03-02", "Asia/Shanghai")
_SECS = 60.0


@contextmanager
def _worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    order = Order(plain_settings(settings_of(folder, 1883)), DAY, ["gas"], "en", 1, "Li")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.reports.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env=environment(),
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def test_without_a_gateway_it_says_so_with_a_remedy(data_folder: Path) -> None:
    data_folder.mkdir(exist_ok=True)
    with _worker(data_folder) as worker:
        assert worker.stdout is not None
        said = [json.loads(line) for line in worker.stdout]
        assert worker.wait(_SECS) == 1
    assert "does not answer" in said[-1]["problem"]
    assert said[-1]["remedy"]
    assert not (data_folder / "documents").exists()


def test_it_leaves_when_whoever_started_it_is_gone(data_folder: Path) -> None:
    data_folder.mkdir(exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(data_folder / SOCKET_NAME))
        door.listen()
        door.settimeout(_SECS)
        with _worker(data_folder) as worker:
            asked, _ = door.accept()
            with asked:
                assert worker.stdin is not None
                worker.stdin.close()
                assert worker.wait(_SECS) == 1
