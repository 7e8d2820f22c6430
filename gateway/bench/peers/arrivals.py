"""Where the messages of a round must arrive, and how many did: the sink, or an InfluxDB of the round's own."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import httpx

from gateway.bench.children import Child
from gateway.errors import CommandError
from gateway.runtime.ports import free_ports

__all__ = ["ORG", "RAW", "TOKEN", "Arrivals", "Database", "SinkArrivals"]

ORG, TOKEN = "cityloom", "token-of-the-bench"
RAW, FINE, COARSE = "cityloom_raw", "cityloom_fine", "cityloom_coarse"
"""The gateway's own names."""
_UP_SECS = 60.0
_POLL_SECS = 0.1
_FIELD = "flow"
"""Each message has it, whoever writes."""


class Arrivals(Protocol):
    """Of one round."""

    url: str

    def count(self) -> int:
        """Messages whose raw readings have come."""
        ...


class SinkArrivals:
    """Counts lines and stores nothing: what is measured is not the database. A line that comes twice counts twice."""

    def __init__(self, stack: ExitStack, log: Path) -> None:
        self._sink = stack.enter_context(Child("gateway.bench.sink", log=log))
        self.url = f"http://127.0.0.1:{self._sink.line()['port']}"

    def count(self) -> int:
        """See Arrivals."""
        self._sink.signal(signal.SIGUSR1)
        return int(self._sink.line()["lines"].get(RAW, 0))


class Database:
    """A real InfluxDB 2 with empty buckets in `folder`. Distinct points count.

    Raises:
        CommandError: it does not come up.
    """

    def __init__(self, stack: ExitStack, executable: Path, folder: Path, log: Path) -> None:
        [port] = free_ports(1)
        where = folder / "influxd"
        where.mkdir()
        self.url = f"http://127.0.0.1:{port}"
        self._process = stack.enter_context(Child(
            executable, "--bolt-path", where / "bolt", "--engine-path", where / "engine",
            "--sqlite-path", where / "sqlite", "--http-bind-address", f"127.0.0.1:{port}", "--reporting-disabled",
            "--log-level", "error", log=log,
        ))  # fmt: skip
        headers = {"Authorization": f"Token {TOKEN}"}
        self._client = stack.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=60.0))
        self._set_up()

    def count(self) -> int:
        """See Arrivals."""
        answer = self._client.get("/query", params={"db": RAW, "q": f"SELECT count({_FIELD}) FROM /.*/"})  # noqa: S608
        series = answer.raise_for_status().json()["results"][0].get("series", [])
        return int(sum(each["values"][0][1] for each in series))

    def _set_up(self) -> None:
        deadline = time.monotonic() + _UP_SECS
        while True:
            try:
                if self._client.get("/api/v2/setup").is_success:
                    break
            except httpx.TransportError as error:
                if not self._process.running:
                    raise self._process.failed() from error
                if time.monotonic() > deadline:
                    raise CommandError("InfluxDB does not answer.", "Try its executable by hand.") from error
            time.sleep(_POLL_SECS)
        names = {"username": "bench", "password": "password-of-the-bench", "org": ORG, "bucket": RAW, "token": TOKEN}
        answer = self._client.post("/api/v2/setup", json=names).raise_for_status().json()
        for name in (FINE, COARSE):
            content = {"orgID": answer["org"]["id"], "name": name, "retentionRules": []}
            self._client.post("/api/v2/buckets", json=content).raise_for_status()
