"""One measurement of the real path, every part a process of its own.

    device_sims.load -> broker -> [tap] -> `cityloom run` -> DuckDB | sink | InfluxDB

The gateway's own clocks tell its CPU; what arrived is counted where it arrived.
"""

import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from gateway.bench.children import Child
from gateway.bench.probe import percentiles, probe
from gateway.bench.setup import Plan, write_config, zones_of
from gateway.errors import CommandError
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.control import socket_path
from gateway.runtime.ports import free_ports

__all__ = ["Outcome", "measure"]

READINGS = 3
"""Readings of one message."""
_READY_SECS = 60.0
_STUCK_SECS = 60.0
_POLL_SECS = 0.1
_LONGEST_POLL_SECS = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of one run."""

    messages_per_s: float
    cpu_us_per_message: float
    stages_us: dict[str, float]
    rss_mb: float
    ack_ms: dict[str, float]
    stored_ms: dict[str, float]
    fsync_ms: dict[str, float]
    slowdown: float
    """See slowdown.py."""
    aggregates: int
    late: int
    """Readings that came after their window had closed."""
    lost: int
    balanced: bool


def measure(plan: Plan, progress: Callable[[int], None]) -> Outcome:
    """Start everything, meet the devices, measure, count, end everything. `progress` gets the messages sent so far.

    Raises:
        GatewayError: a part did not come up or died.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loom-bench-", dir=plan.folder)))
        log = folder / "bench.log"
        host, port = _broker(plan, stack)
        tap = None
        mine = replace(plan, host=host, port=port, start=time.time_ns())
        if plan.rate:
            tap = stack.enter_context(Child("gateway.bench.tap", host, port, log=log))
            mine = replace(mine, host="127.0.0.1", port=int(tap.line()["port"]))
        sink = stack.enter_context(Child("gateway.bench.sink", log=log)) if plan.store == "influx-sink" else None
        url = f"http://127.0.0.1:{sink.line()['port']}" if sink is not None else plan.store
        config = write_config(mine, folder, url)
        gateway = stack.enter_context(Child("gateway.cli.main", "run", "-c", config, "--allow-scaled-clock", log=log))
        door = stack.enter_context(_door(folder / "data"))
        _until(lambda: _subscribed(door, gateway), _READY_SECS, "The gateway did not subscribe in time.")

        def load(messages: int, rate: float, told: Callable[[int], None]) -> float:
            words = ["--host", host, "--port", port, "--messages", messages, "--devices", plan.devices, "--rate", rate]
            words += ["--zones", ",".join(zones_of()), *mine.clock_arguments()]
            with Child("device_sims.load", *words, log=log) as child:
                secs = None
                for line in child.lines():
                    told(line["acked"])
                    secs = line.get("secs")
                if secs is None:
                    raise child.failed()
            return float(secs)

        load(plan.devices, 0.0, lambda _: None)  # one message each, so that every device is known
        before = _drained(door, plan.devices)
        if tap is not None:
            tap.signal(signal.SIGUSR1)
        with probe(folder) as probed:
            secs = load(plan.messages, plan.rate, progress)
            ended = time.monotonic()
            after = _drained(door, plan.devices + plan.messages)
        secs += time.monotonic() - ended
        verified = {} if sink is not None else _ask(door, "verify")
        code, _ = gateway.end()
        if code:
            raise gateway.failed()
        sent = plan.devices + plan.messages
        if sink is not None:
            arrived = sink.end()[1]["lines"].get("cityloom_raw", 0)
        else:
            [found] = verified["stores"].values()
            arrived = found.get("distinct", 0) // READINGS
        ack = tap.end()[1] if tap is not None else {}
    cpu, was = after["cpu"], before["cpu"]
    stages = {
        name: round((cpu_secs - was["stages"].get(name, 0.0)) / plan.messages * 1e6, 3)
        for name, cpu_secs in sorted(cpu["stages"].items())
    }
    stored = after["latency_ms"]
    return Outcome(
        messages_per_s=round(plan.messages / secs, 1),
        cpu_us_per_message=round((cpu["process_secs"] - was["process_secs"]) / plan.messages * 1e6, 3),
        stages_us=stages,
        rss_mb=round(cpu["peak_rss_bytes"] / 2**20, 1),
        ack_ms=ack,
        stored_ms={"p50": stored["stored_p50"], "p99": stored["stored_p99"]},
        fsync_ms=percentiles(probed.fsync_ms),
        slowdown=probed.slowdown.factor,
        aggregates=after["aggregates"]["written"] - before["aggregates"]["written"],
        late=after["ledger"]["beside"].get("late", 0),
        lost=sent - arrived,
        balanced=after["ledger"]["balanced"],
    )


def _broker(plan: Plan, stack: ExitStack) -> tuple[str, int]:
    if plan.host:
        return plan.host, plan.port
    port, v4_port = free_ports(2)
    stack.enter_context(EmbeddedBroker(port, v4_port))
    return "127.0.0.1", port


@contextmanager
def _door(folder: Path) -> Iterator[httpx.Client]:
    with (
        socket_path(folder) as path,
        httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=120.0) as client,
    ):
        yield client


def _ask(door: httpx.Client, method: str) -> dict[str, Any]:
    answer = door.post(f"http://gateway/{method}", json={}).raise_for_status().json()
    assert isinstance(answer, dict)
    return answer


def _subscribed(door: httpx.Client, gateway: Child) -> bool:
    if not gateway.running:
        raise gateway.failed()
    try:
        status = _ask(door, "status")
    except httpx.TransportError:
        return False
    return all(source["state"] == "subscribed" for source in status["sources"])


def _drained(door: httpx.Client, sent: int) -> dict[str, Any]:
    """The status when everything sent is stored, or when nothing more happens."""
    newest: dict[str, Any] = {}
    seen, since = (-1, -1), time.monotonic()
    before, asked = 0, since
    while time.monotonic() - since < _STUCK_SECS:
        newest = _ask(door, "status")
        stores = newest["stores"].values()
        waiting = newest["inbox"]["waiting"] + sum(store["waiting"] for store in stores)
        messages = newest["ledger"]["messages"]
        received = messages.get("received", 0) - messages.get("redelivered", 0)
        if received >= sent and not waiting:
            return newest
        now = (received, sum(store["stored"] for store in stores))
        moment = time.monotonic()
        if now != seen:
            seen, since = now, moment
        # an answer costs the measured process some ms of CPU: asked again when half of the rest must have come
        rate = (received - before) / max(moment - asked, _POLL_SECS)
        before, asked = received, moment
        time.sleep(min(max((sent - received) / rate / 2 if rate > 0 else 0.0, _POLL_SECS), _LONGEST_POLL_SECS))
    return newest


def _until(reached: Callable[[], bool], secs: float, problem: str) -> None:
    deadline = time.monotonic() + secs
    while not reached():
        if time.monotonic() > deadline:
            raise CommandError(problem, "See whether the broker answers: `cityloom run` on it says more.")
        time.sleep(_POLL_SECS)
