"""The console of tests/support/console_server.py in a process of its own, over the gateway that runs on a folder."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.command import environment, eventually

__all__ = ["ConsoleProcess", "console_on"]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ConsoleProcess:
    """Where it is."""

    port: int
    pid: int

    @property
    def cpu_secs(self) -> float:
        """CPU that it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def console_on(folder: Path, data_dir: Path) -> Iterator[ConsoleProcess]:
    """Inside the block; its log is in `folder`, and may hold no traceback in the end."""
    with (folder / "console.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.console_server", str(data_dir), "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
        )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        eventually(lambda: _answers(port), "the console answers", 60.0)
        yield ConsoleProcess(port, process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    said = (folder / "console.log").read_text(encoding="utf-8")
    # anyio may wake a reader of a Unix socket twice on a busy machine, and asyncio tells of the second
    assert said.count("Traceback") == said.count("<Handle Future.set_result(None)>"), said


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False
