"""One contender's round: paced, then as fast as it goes, then killed in the middle. Everything is new for each round.

    device_sims.load -> broker -> contender -> sink | InfluxDB, where what arrived is counted

CPU and memory are the kernel's figures of the whole process. A load of one message a device comes before, so that
everybody has subscribed and met the devices; it is repeated until it arrives, for who is not subscribed gets nothing.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.bench.children import Child
from gateway.bench.peers.arrivals import Arrivals, Database, SinkArrivals
from gateway.bench.peers.contender import Contender, Ground
from gateway.bench.peers.process import cpu_secs, peak_rss_bytes
from gateway.bench.probe import probe
from gateway.bench.setup import zones_of
from gateway.errors import CommandError
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports

__all__ = ["Bout", "Rules", "play"]

_WARM_SECS = 60.0
_QUIET_SECS = 20.0
"""Nothing more has come for so long, so nothing more will: above every flush interval, and a restart."""
_POLL_SECS = 0.5
_DOWN_SECS = 2.0


@dataclass(frozen=True, slots=True)
class Rules:
    """Of all rounds. `influxd`: the executable of a real InfluxDB; None: the sink. `host` "": the embedded broker."""

    devices: int
    rate: float
    """Messages a second of the paced part."""
    secs: float
    """How long it lasts."""
    messages: int
    """Of the part that goes as fast as it can."""
    connections: int
    kill: bool = True
    host: str = ""
    port: int = 0
    influxd: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Bout:
    """Figures of one round. None: that part was not played."""

    steady_per_s: float
    steady_us: float
    """CPU a message at that rate."""
    fast_per_s: float
    fast_us: float
    rss_mb: float
    lost: int
    """Of the first two parts."""
    lost_when_killed: int | None
    slowdown: float


def play(contender: Contender, rules: Rules, told: Callable[[str, int, int], None]) -> Bout:
    """Play one round. `told` gets the part's name, and how many of its messages have arrived.

    Raises:
        CommandError: a part did not come up or died.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loom-bench-", dir=rules.folder)))
        ground, arrivals = _ground(rules, folder, stack)
        round_ = _Round(contender, rules, ground, arrivals, stack, told)
        return round_.play()


def _ground(rules: Rules, folder: Path, stack: ExitStack) -> tuple[Ground, Arrivals]:
    log = folder / "bench.log"
    host, port, port_3 = rules.host, rules.port, rules.port
    if not host:
        host = "127.0.0.1"
        port, port_3 = free_ports(2)
        stack.enter_context(EmbeddedBroker(port, port_3))
    arrivals: Arrivals = (
        SinkArrivals(stack, log) if rules.influxd is None else Database(stack, rules.influxd, folder, log)
    )
    return Ground(host, port, port_3, arrivals.url, folder, log, rules.connections), arrivals


class _Round:
    def __init__(
        self, contender: Contender, rules: Rules, ground: Ground, arrivals: Arrivals, stack: ExitStack,
        told: Callable[[str, int, int], None],
    ) -> None:  # fmt: skip
        self._contender = contender
        self._rules = rules
        self._ground = ground
        self._arrivals = arrivals
        self._stack = stack
        self._told = told
        self._sent = 0
        self._process = contender.start(ground, stack)

    def play(self) -> Bout:
        rules, most = self._rules, self._contender.most_per_s
        self._warm_up()
        with probe(self._ground.folder) as probed:
            paced = rules.rate if most is None else min(rules.rate, most / 2)
            steady_us, _, lost = self._part("paced", int(paced * rules.secs), paced)
            messages = rules.messages if most is None else min(rules.messages, int(most * rules.secs))
            fast_us, fast_per_s, more = self._part("as fast as it goes", messages, 0.0)
        rss = peak_rss_bytes(self._process.pid)
        killed = self._killed(paced) if rules.kill else None
        return Bout(
            steady_per_s=paced, steady_us=steady_us, fast_per_s=fast_per_s, fast_us=fast_us,
            rss_mb=round(rss / 2**20, 1), lost=lost + more, lost_when_killed=killed, slowdown=probed.slowdown.factor,
        )  # fmt: skip

    def _warm_up(self) -> None:
        deadline = time.monotonic() + _WARM_SECS
        while True:
            before = self._arrivals.count()
            self._load(self._rules.devices, 0.0).wait()
            arrived, _ = self._arrived(before, self._rules.devices, "warm-up")
            if arrived >= self._rules.devices:
                return
            if not self._process.running:
                raise self._process.failed()
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{self._contender.name} passed {arrived} of {self._rules.devices} messages on.",
                    "Try it by hand against this broker.",
                )

    def _part(self, title: str, messages: int, rate: float) -> tuple[float, float, int]:
        """CPU us a message, messages a second, lost."""
        before, cpu, began = self._arrivals.count(), cpu_secs(self._process.pid), time.monotonic()
        load = self._load(messages, rate)
        arrived, at = self._arrived(before, messages, title, load)
        load.wait()
        if not self._process.running:
            raise self._process.failed()
        used = cpu_secs(self._process.pid) - cpu
        return round(used / max(arrived, 1) * 1e6, 2), round(arrived / (at - began), 1), messages - arrived

    def _killed(self, rate: float) -> int:
        """`kill -9` half-way through a paced load, started again; messages that never arrive."""
        messages = int(rate * self._rules.secs)
        before = self._arrivals.count()
        load = self._load(messages, rate)
        half = time.monotonic() + self._rules.secs / 2
        while time.monotonic() < half:
            time.sleep(_POLL_SECS)
        self._process.kill()
        time.sleep(_DOWN_SECS)
        self._process = self._contender.start(self._ground, self._stack)
        arrived, _ = self._arrived(before, messages, "killed", load)
        load.wait()
        return messages - arrived

    def _load(self, messages: int, rate: float) -> "_Load":
        words = ["--host", self._ground.host, "--port", self._ground.port, "--messages", messages]
        words += ["--devices", self._rules.devices, "--rate", rate, "--zones", ",".join(zones_of())]
        return _Load(self._stack.enter_context(Child("device_sims.load", *words, log=self._ground.log)), messages)

    def _arrived(self, before: int, wanted: int, title: str, load: "_Load | None" = None) -> tuple[int, float]:
        """How many of `wanted` have arrived when all have, or when no more come; and when the last one did."""
        seen, at = -1, time.monotonic()
        while True:
            count = self._arrivals.count() - before
            now = time.monotonic()
            self._told(title, min(count, wanted), wanted)
            if count != seen:
                seen, at = count, now
            under_way = load is not None and load.running
            if count >= wanted or (now - at > _QUIET_SECS and not under_way):
                return min(count, wanted), at
            time.sleep(_POLL_SECS)


class _Load:
    """A load under way."""

    def __init__(self, child: Child, messages: int) -> None:
        self._child = child
        self._messages = messages

    @property
    def running(self) -> bool:
        return self._child.running

    def wait(self) -> None:
        """Until it has ended. Raises CommandError where the broker did not take it all."""
        acked = 0
        for line in self._child.lines():
            acked = line["acked"]
        if acked != self._messages:
            raise self._child.failed()
