"""The demo's parts and its course: broker, gateway, simulators, view, end. `demo.py` is the command.

    device_sims (a process of its own) --QoS 1--> rumqttd (another) --> gateway (this one) --> DuckDB

All of them live in one city clock.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, time_ns
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rich.live import Live
from rich.markup import escape

from device_sims.city.devices import seeds
from device_sims.city.files import write_city
from gateway.cli.output import console, current_stderr
from gateway.cli.run import telemetry_of, until_signal
from gateway.cli.simulated import mark_simulated, must_be_simulated
from gateway.cli.view import status_view
from gateway.cli.web import web_beside, web_port
from gateway.clock import ScaledClock
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import CommandError, GatewayError
from gateway.runtime.app import Gateway, open_gateway
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports

__all__ = ["DemoPlan", "DemoSession"]

_HEAD_START_SECS = 2.0
"""The simulators' first message is due this long after they are started."""
_DRAIN_SECS = 30.0
_FRAME_SECS = 0.25
_FULL_SECS = 3.0
_FIRST_HOUR = 7
_SECTIONS = ("inbox", "outbox", "bounds", "web", "log")
"""What variables may set: nothing that would lead a demo to a real broker or database."""
_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to show; ports are 0 for any free one."""

    data_dir: Path
    speed: float
    seed: int
    faults: str
    port: int
    http_port: int
    limit: float | None = None
    """Seconds; None: until Ctrl-C."""
    devices: int | None = None
    scenario: str = ""
    times: tuple[int, int] | None = None
    """When it begins and ends in city time, UTC ns."""
    truth: Path | None = None
    quiet: bool = False
    """Nothing but the result goes to standard output."""


class DemoSession:
    """One demo, run once."""

    def __init__(self, plan: DemoPlan) -> None:
        self._plan = plan
        self._console = console(stderr=plan.quiet)

    def _larger_city(self) -> dict[str, Path]:
        """Options for the files of a city with more devices than the built-in one; none where that is enough."""
        devices = self._plan.devices or 0
        if devices <= len(seeds().lines):
            return {}
        city, listed, _ = write_city(self._plan.data_dir / "city", devices)
        return {"city_file": city, "devices_file": listed}

    async def run(self) -> dict[str, Any]:
        """Everything, from the broker to the last figure; empty where it was left by a second Ctrl-C."""
        must_be_simulated(self._plan.data_dir)
        port, v4_port = free_ports(2)
        port = self._plan.port or port
        with EmbeddedBroker(port=port, v4_port=v4_port):
            settings = load_settings(None, {
                "data_dir": self._plan.data_dir, "mqtt": {"host": "127.0.0.1", "port": port, "watch_sys": "off"},
                "http": {"port": 0}, "web": {"port": self._plan.http_port}, "log": {"level": "warning"},
                "reviser": {"quiet_secs": 60}, "live": {"mqtt": {"enabled": True}}, **self._larger_city(),
            }, environment=_SECTIONS)  # fmt: skip
            files = load_seed_files(settings)
            zone = ZoneInfo(files.city.timezone)
            start = time_ns() + round(_HEAD_START_SECS * 1e9)
            clock = ScaledClock(self._plan.times[0] if self._plan.times else _morning(zone), start, self._plan.speed)
            content = files.content(settings)
            with web_port(settings) as sock, telemetry_of(settings, current_stderr()) as telemetry:
                async with (
                    open_gateway(settings, content, clock, telemetry, new_session=True) as gateway,
                    web_beside(settings, sock, telemetry),
                ):
                    mark_simulated(self._plan.data_dir)
                    self._console.print(
                        f"[dim]embedded broker on port {port} (for trying out: it keeps its queues in memory); data in"
                        f" {escape(str(self._plan.data_dir.absolute()))}; Ctrl-C ends the demo[/]"
                    )
                    # a second demo goes on where the last one ended
                    later = gateway.engines.now + _MINUTE
                    if self._plan.times is not None and later > clock.origin:
                        raise CommandError(
                            f"{self._plan.data_dir} holds data of a later time than the scenario's.",
                            "Name a new folder by --data-dir.", 2,
                        )  # fmt: skip
                    clock.origin = max(clock.origin, later)
                    return await self._play(gateway, clock, port, zone)

    async def _play(self, gateway: Gateway, clock: ScaledClock, port: int, zone: ZoneInfo) -> dict[str, Any]:
        before = (await gateway.office.take()).as_dict()
        stop, over = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        running = loop.create_task(until_signal(gateway, stop, over))
        report: dict[str, Any] = {}
        beside = [loop.create_task(self._watch(gateway, zone)), loop.create_task(_leave_when_full(gateway, running))]
        try:
            await _first(running, _subscribed(gateway))
            if not running.done():
                clock.start = time_ns() + round(_HEAD_START_SECS * 1e9)
                report = await self._simulate(gateway, clock, port, before, running, over)
        finally:
            stop.set()
            drained = await running
            for task in beside:
                task.cancel()
        if gateway.intake.full:
            raise GatewayError(
                f"No room in {self._plan.data_dir}: its disk or its quota is full. What was taken in is not lost.",
                "Make room on the disk, or name another folder by --data-dir.",
            )
        if not drained:
            return {}
        ledger = (await gateway.office.take()).as_dict()
        return self._result(gateway, report, before, ledger)

    async def _simulate(
        self, gateway: Gateway, clock: ScaledClock, port: int, before: Mapping[str, Any],
        running: "asyncio.Task[bool]", over: asyncio.Event,
    ) -> dict[str, Any]:  # fmt: skip
        """Until they or we are asked to end; then until what they sent has been received. Gives their report."""
        sims = await self._simulators(port, clock)
        said = asyncio.ensure_future(sims.communicate())
        asked = asyncio.ensure_future(over.wait())
        timeout = None if self._plan.limit is None else self._plan.limit + _HEAD_START_SECS
        try:
            await asyncio.wait({said, asked, running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return {}
            with contextlib.suppress(ProcessLookupError):
                sims.send_signal(signal.SIGTERM)
            report = _report(*await said)
        finally:
            asked.cancel()
            said.cancel()
            if sims.returncode is None:
                sims.kill()
        await _first(running, _received(gateway, before["messages"].get("received", 0) + report.get("sent", 0)))
        return report

    async def _simulators(self, port: int, clock: ScaledClock) -> asyncio.subprocess.Process:
        command = [
            sys.executable, "-m", "device_sims", "--broker", f"127.0.0.1:{port}", "--origin", str(clock.origin),
            "--start", str(clock.start), "--speed", str(self._plan.speed), "--seed", str(self._plan.seed), "--json",
        ]  # fmt: skip
        if self._plan.devices is not None:
            command += ["--devices", str(self._plan.devices)]
        if self._plan.faults:
            command += ["--faults", self._plan.faults]
        if self._plan.truth is not None:
            command += ["--truth", str(self._plan.truth)]
        if self._plan.times is not None:
            command += ["--scenario", self._plan.scenario, "--until", str(self._plan.times[1]), "--no-recordings"]
        # a group of its own: Ctrl-C at the terminal is ours to pass on
        return await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    async def _watch(self, gateway: Gateway, zone: ZoneInfo) -> None:
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(5)
                status = await gateway.desk.status()
                messages, readings = status["ledger"]["messages"], status["ledger"]["readings"]
                self._console.print(
                    f"{messages['received']:,} messages, {readings['accepted']:,} readings,"
                    f" {status['aggregates']['written']:,} aggregates,"
                    f" ledger {'balanced' if status['ledger']['balanced'] else 'OFF'}"
                )
        with Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                status = await gateway.desk.status()
                rows = max(4, self._console.height - 19)
                live.update(status_view(status, zone, rows), refresh=True)
                await asyncio.sleep(_FRAME_SECS)

    @staticmethod
    def _result(
        gateway: Gateway, report: Mapping[str, Any], before: Mapping[str, Any], ledger: Mapping[str, Any]
    ) -> dict[str, Any]:
        """This run's part of the books: a demo may go on in the data of an earlier one."""
        messages = _since(ledger["messages"], before["messages"])
        stores = {
            name: _since(terms, before["stores"].get(name, {})) | {"waiting": terms["waiting"]}
            for name, terms in ledger["stores"].items()
        }
        return {
            "messages": {"sent": report.get("sent"), **messages, "waiting": ledger["messages"]["waiting"]},
            "readings": _since(ledger["readings"], before["readings"]),
            "stores": stores,
            "aggregates": {"written": gateway.view.aggregates_written, "revised": gateway.view.aggregates_revised},
            "ledger": {"balanced": ledger["balanced"]},
            "latency_ms": gateway.view.latency_ms(),
            "series": len(gateway.engines.zone.registry.series),
            "devices": report.get("devices"),
            "speed": gateway.clock.speed,
        }


def _morning(zone: ZoneInfo) -> int:
    """Seven o'clock today in the city, before the peak."""
    now = datetime.now(zone)
    seven = now.replace(hour=_FIRST_HOUR, minute=0, second=0, microsecond=0)
    return round((seven if seven <= now else seven - timedelta(days=1)).timestamp()) * 1_000_000_000


async def _subscribed(gateway: Gateway) -> None:
    deadline = monotonic() + _DRAIN_SECS
    while not all(source.subscribed for source in gateway.sources):
        if monotonic() > deadline:
            raise GatewayError("The embedded broker does not answer.", "Try again with another --port.")
        await asyncio.sleep(0.02)


async def _received(gateway: Gateway, messages: int) -> None:
    """Until as many messages are journaled as the simulators sent, or nothing more comes."""
    deadline = monotonic() + _DRAIN_SECS
    while monotonic() < deadline:
        totals = gateway.inbox.totals().values()
        if sum(total.received for total in totals) >= messages:
            return
        await asyncio.sleep(0.05)


async def _leave_when_full(gateway: Gateway, running: "asyncio.Task[bool]") -> None:
    """A gateway waits for room for as long as it takes; a demo does not."""
    full_since: float | None = None
    while full_since is None or monotonic() - full_since < _FULL_SECS:
        await asyncio.sleep(_FRAME_SECS)
        full_since = (full_since or monotonic()) if gateway.intake.full else None
    running.cancel()


async def _first(running: "asyncio.Task[bool]", wanted: Any) -> None:
    """Wait for `wanted`, but not for a gateway that has failed or was left."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        await running
    else:
        await waiting


def _report(output: bytes, errors: bytes) -> dict[str, Any]:
    """What the simulators say in the end."""
    lines = output.decode().strip().splitlines()
    try:
        report = msgspec.json.decode(lines[-1])
    except (IndexError, msgspec.DecodeError) as error:
        said = errors.decode(errors="replace").strip().splitlines()
        raise GatewayError(
            f"The simulators ended without a report: {said[-1] if said else 'no word'}.",
            "`python -m device_sims --help` tells how to run them alone.",
        ) from error
    return dict(report)


def _since(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {term: amount - before.get(term, 0) for term, amount in now.items()}
