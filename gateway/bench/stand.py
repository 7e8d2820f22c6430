"""A gateway on its own broker for a while, every part a process of its own: what the measurements here stand on.

with Stand(plan) as stand:
    stand.load(1_000)
    status = stand.drained(1_000)
"""

import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from gateway.bench.children import Child
from gateway.bench.setup import Plan, write_config, zones_of
from gateway.errors import CommandError
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports
from gateway.runtime.wire import socket_path

__all__ = ["Stand", "ask", "door_of", "finished", "limits", "resident", "taken", "unread", "until"]

_INTERVAL = "interval_secs = 1"
_READY_SECS = 60.0
_STUCK_SECS = 60.0
_POLL_SECS = 0.05
_LISTED = 10_000
"""More than the built-in city has."""
_LONGEST_POLL_SECS = 5.0


class Stand:
    """Broker, `cityloom run` and its door, until the block ends."""

    def __init__(
        self, plan: Plan, *, environment: Mapping[str, str] | None = None, extra: str = "", tapped: bool = False,
        ready: bool = True, zones: Sequence[str] = (), interval_secs: float = 1.0,
    ) -> None:  # fmt: skip
        """`environment`, `extra`: settings beyond the plan's, as variables and as TOML. `zones`: only these.

        `tapped`: a tap between broker and gateway times PUBACKs. `interval_secs`: of the detectors' profile. `ready`:
        the block begins when it has subscribed.
        """
        self._environment, self._extra, self._tapped, self._ready = environment, extra, tapped, ready
        self._zones, self._interval_secs = zones, interval_secs
        self._stack = ExitStack()
        self.plan = replace(plan, start=plan.start or time.time_ns())
        self.sent = 0
        """Messages that loads have brought."""

    def __enter__(self) -> Self:
        stack = self._stack
        try:
            made = tempfile.TemporaryDirectory(prefix="loom-bench-", dir=self.plan.folder)
            self.folder = Path(stack.enter_context(made))
            self.log = self.folder / "bench.log"
            self._start_parts(stack)
            if self._ready:
                self.subscribed()
        except BaseException:
            stack.close()
            raise
        return self

    def _start_parts(self, stack: ExitStack) -> None:
        if not self.plan.host:
            port, v4_port = free_ports(2)
            stack.enter_context(EmbeddedBroker(port, v4_port))
            self.plan = replace(self.plan, host="127.0.0.1", port=port)
        mine, self.tap = self.plan, None
        if self._tapped:
            self.tap = stack.enter_context(Child("gateway.bench.tap", mine.host, mine.port, log=self.log))
            mine = replace(mine, host="127.0.0.1", port=int(self.tap.line()["port"]))
        self.sink, url = None, mine.store
        if mine.store == "influx-sink":
            self.sink = stack.enter_context(Child("gateway.bench.sink", log=self.log))
            url = f"http://127.0.0.1:{self.sink.line()['port']}"
        self.config = write_config(mine, self.folder, url)
        extra = self._extra
        if self._zones:
            filters = [f"city/{zone}/traffic/loop/+/reading" for zone in self._zones]
            extra += f'[[sources]]\nname = "mine"\nfilters = {filters}\n'
        with self.config.open("a", encoding="utf-8") as file:
            file.write(extra)
        if self._interval_secs != 1:
            profile = self.folder / "profiles" / "loop-detector.toml"
            text = profile.read_text(encoding="utf-8")
            assert _INTERVAL in text
            profile.write_text(text.replace(_INTERVAL, f"interval_secs = {self._interval_secs:g}"), encoding="utf-8")
        self.again(self._environment)
        self.door = stack.enter_context(door_of(self.folder / "data"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    # ---- what it is asked ----

    def status(self) -> dict[str, Any]:
        """`cityloom status`."""
        return ask(self.door, "status")

    def listening(self) -> dict[str, Any] | None:
        """The status where the door answers by now. Raises CommandError where the gateway has ended."""
        if not self.gateway.running:
            raise self.gateway.failed()
        try:
            return self.status()
        except httpx.TransportError:
            return None

    def subscribed(self) -> None:
        """Wait until every connection is subscribed."""

        def reached() -> bool:
            status = self.listening()
            return status is not None and all(each["state"] == "subscribed" for each in status["sources"])

        until(reached, _READY_SECS, "The gateway did not subscribe in time.")

    def drained(
        self,
        sent: int | None = None,
        watch: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        must_end: bool = True,
    ) -> dict[str, Any]:
        """The status when all that was sent is stored.

        Raises:
            CommandError: nothing happens any more; unless `must_end` is false: then that status is it.
        """
        sent = self.sent if sent is None else sent
        seen, since = (-1, -1), time.monotonic()
        before, asked = 0, since
        while True:
            newest = self.status()
            watch(newest)
            received, waiting = taken(newest)
            if received >= sent and not waiting:
                return newest
            now, moment = (received, waiting), time.monotonic()
            if now != seen:
                seen, since = now, moment
            elif moment - since > _STUCK_SECS:
                if not must_end:
                    return newest
                raise CommandError(
                    f"Of {sent:,} messages {received:,} came, {waiting:,} wait, and nothing moves.",
                    "Its log may say why: run `cityloom run` on the same broker.",
                )
            rate = (received - before) / max(moment - asked, _POLL_SECS)
            before, asked = received, moment
            rest = (sent - received) / rate / 2 if rate > 0 else 0.0
            time.sleep(min(max(rest, _POLL_SECS), _LONGEST_POLL_SECS))

    def resident(self) -> int:
        """Bytes of memory that the gateway holds now."""
        return resident(self.gateway.pid)

    # ---- what it is fed ----

    def loading(
        self, messages: int, rate: float = 0.0, *, devices: int = 0, zones: str = "", prefix: str = "load"
    ) -> Child:
        """A load that runs beside; whoever asked for it reads its lines."""
        plan = self.plan
        words: list[object] = ["--host", plan.host, "--port", plan.port, "--messages", messages, "--rate", rate]
        words += ["--devices", devices or plan.devices, "--zones", zones or ",".join(zones_of()), "--prefix", prefix]
        self.sent += messages
        return Child("device_sims.load", *words, *plan.clock_arguments(), log=self.log)

    def load(
        self, messages: int, rate: float = 0.0, told: Callable[[int], None] = lambda _: None, *, devices: int = 0,
        zones: str = "",
    ) -> float:  # fmt: skip
        """Bring messages; gives the seconds that it took. `told` gets how many the broker has so far."""
        with self.loading(messages, rate, devices=devices, zones=zones) as child:
            return finished(child, told)

    def run_loggers(self, messages: int, devices: int, readings: int, told: Callable[[int], None]) -> float:
        """Bring messages of many readings; gives the seconds that it took."""
        words: list[object] = ["--host", self.plan.host, "--port", self.plan.port, "--messages", messages]
        words += ["--devices", devices, "--readings", readings]
        self.sent += messages
        with Child("gateway.bench.loggers", *words, log=self.log) as child:
            return finished(child, told)

    def time_from_now(self) -> None:
        """Let the tap count only what is published from now on."""
        assert self.tap is not None
        self.tap.signal(signal.SIGUSR1)

    def again(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the gateway, which has ended, on the same folder; nobody waits for it."""
        words = ["run", "-c", self.config, "--allow-scaled-clock"]
        self.started = time.monotonic()
        """Of the newest process."""
        self.gateway = self._stack.enter_context(
            Child("gateway.cli.main", *words, log=self.log, environment=environment)
        )

    def end(self) -> None:
        """Stop the gateway in order. Raises CommandError where it ends otherwise."""
        code, _ = self.gateway.end()
        if code:
            raise self.gateway.failed()


def finished(load: Child, told: Callable[[int], None] = lambda _: None) -> float:
    """Seconds that a load took, when it has ended. Raises CommandError where not all of it was acknowledged."""
    secs = None
    for line in load.lines():
        told(line["acked"])
        secs = line.get("secs")
    if secs is None:
        raise load.failed()
    return float(secs)


def taken(status: Mapping[str, Any]) -> tuple[int, int]:
    """Messages received once, and how much waits in inbox and stores."""
    messages = status["ledger"]["messages"]
    # by the ledger: rows that a call has in hand count there until what came of them is durable
    waiting = messages["waiting"] + sum(store["waiting"] for store in status["stores"].values())
    return messages.get("received", 0) - messages.get("redelivered", 0), waiting


def unread(status: Mapping[str, Any], sent: int) -> int:
    """Of messages that were sent, those that became no readings: lost, refused, or waiting."""
    return sent - int(status["ledger"]["messages"].get("decoded", 0))


def limits(devices: int) -> dict[str, str]:
    """Settings, as variables, that let in so many devices beside those of the built-in city."""
    return {"CITYLOOM_ENGINE__MAX_DEVICES": str(devices + _LISTED)}


@contextmanager
def door_of(folder: Path) -> Iterator[httpx.Client]:
    """The control door of the gateway on a data folder."""
    with (
        socket_path(folder) as path,
        httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=120.0) as client,
    ):
        yield client


def ask(door: httpx.Client, method: str, **words: object) -> dict[str, Any]:
    """What the desk answers."""
    answer = door.post(f"http://gateway/{method}", json=words).raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


def until(reached: Callable[[], bool], secs: float, problem: str) -> None:
    """Wait for it. Raises CommandError with `problem` after `secs`."""
    deadline = time.monotonic() + secs
    while not reached():
        if time.monotonic() > deadline:
            raise CommandError(problem, "See whether the broker answers: `cityloom run` on it says more.")
        time.sleep(_POLL_SECS)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds now; the most that any child of ours held where the system tells no more."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
