"""Processes of a measurement: started, listened to line by line, ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.errors import CommandError

__all__ = ["Child"]

_END_SECS = 60.0
_SAID_LINES = 4


class Child:
    """A process whose standard output is JSON lines. Ended, whatever happens, when the block is.

    `program`: a module of ours, run as `python -m PROGRAM ARGUMENTS`, or the path of an executable.
    """

    def __init__(
        self, program: str | Path, *arguments: object, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = str(program)
        self._log = log
        command = [str(program)] if isinstance(program, Path) else [sys.executable, "-m", program]
        command += map(str, arguments)
        with log.open("ab") as errors:
            # a session of its own: Ctrl-C is ours, and ends them in their order
            self._process = subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def lines(self) -> Iterator[dict[str, Any]]:
        """What it tells, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                yield json.loads(line)

    def line(self) -> dict[str, Any]:
        """The next thing that it tells. Raises CommandError where it ended instead."""
        for told in self.lines():
            return told
        raise self.failed()

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Tell it something."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()
        self._process.wait()

    def end(self) -> tuple[int, dict[str, Any]]:
        """Ask it to end; gives its exit code and the last thing that it told."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        last: dict[str, Any] = {}
        for told in self.lines():
            last = told
        return self._process.wait(_END_SECS), last

    def failed(self) -> CommandError:
        """Why it can't go on, with the last lines of its log."""
        code = self._process.wait(_END_SECS)
        said = " ".join(self._log.read_text(errors="replace").split("\n")[-_SAID_LINES:]).strip()
        return CommandError(f"{self._name} ended with code {code}: {said or 'it said nothing'}", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
