"""`cityloom run` as a process that a test starts, kills and starts again on the same folder."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from gateway.runtime.wire import SOCKET_NAME

__all__ = ["GatewayProcess"]

_POLL_SECS = 0.05


class GatewayProcess:
    """One folder and one configuration; one process at a time."""

    def __init__(self, config: Path, data_dir: Path, log: Path, arguments: Sequence[str] = ()) -> None:
        self.starts = 0
        self.environment = {"CITYLOOM_WEB__ENABLED": "false"}
        """Put beside the one of this process at the next start; without more there is no web process beside it."""
        self._config = config
        self._data_dir = data_dir
        self._log = log
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the newest process."""
        assert self._process is not None
        return self._process.pid

    async def start(self, kill_at: str = "") -> None:
        """Start; `kill_at` as in gateway/runtime/faults.py."""
        assert not self.running
        environment = os.environ | {"CITYLOOM_KILL_AT": kill_at} | self.environment
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.cli", "run", "-c", str(self._config), *self._arguments,
                stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        self.starts += 1

    def kill(self) -> None:
        """kill -9, if it runs."""
        if self.running:
            assert self._process is not None
            self._process.kill()

    def freeze(self, frozen: bool = True) -> None:
        """SIGSTOP: it stands still in the midst of whatever it does; or let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    async def ended(self, secs: float) -> int:
        """Wait for the end; gives the exit code, -9 after kill -9."""
        assert self._process is not None
        async with asyncio.timeout(secs):
            return await self._process.wait()

    async def stop(self, secs: float = 60.0) -> int:
        """SIGTERM: it drains and ends."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await self.ended(secs)

    async def ask(self, method: str, **arguments: Any) -> dict[str, Any] | None:
        """What the control door says; None: it is not open."""
        transport = httpx.AsyncHTTPTransport(uds=str(self._data_dir / SOCKET_NAME))
        try:
            async with httpx.AsyncClient(transport=transport, timeout=20) as client:
                answer = await client.post(f"http://gateway/{method}", json=arguments)
        except httpx.TransportError:
            return None
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def subscribed(self, secs: float = 60.0) -> bool:
        """Wait until it is subscribed; False: it ended before."""
        deadline = monotonic() + secs
        while self.running:
            status = await self.ask("status")
            if status is not None and all(source["state"] == "subscribed" for source in status["sources"]):
                return True
            assert monotonic() < deadline, f"not subscribed: {status}\n{self.tail()}"
            await asyncio.sleep(_POLL_SECS)
        return False

    def tail(self) -> str:
        """The end of the log, for messages of failed tests."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def events(self, level: str) -> list[dict[str, Any]]:
        """What all its runs logged at `level` (the configuration must ask for JSON); other lines count as errors."""
        out = []
        for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                event = {"level": "error", "event": line}
                if line.startswith("stopping: "):
                    continue
            if event.get("level") == level:
                out.append(event)
        return out
