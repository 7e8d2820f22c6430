"""`cityloom demo`: the whole job on this machine: embedded broker, simulated devices, gateway, DuckDB.

    device_sims (a process of its own) --QoS 1--> rumqttd (another) --> gateway (this one) --> DuckDB under ./data

All of them live in one city clock. The simulators say in the end how many messages the broker took; the gateway must
have received as many, and its ledger must balance.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, time_ns
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from cyclopts import Parameter
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.run import make_telemetry, run_loop, until_signal
from gateway.cli.simulated import mark_simulated, must_be_simulated
from gateway.cli.times import parse_span
from gateway.cli.view import status_view
from gateway.clock import ScaledClock
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError, GatewayError
from gateway.runtime.app import Gateway, open_gateway
from gateway.runtime.broker import EmbeddedBroker

__all__ = ["demo"]

_HEAD_START_SECS = 2.0
"""The simulators' first message is due this long after they are started."""
_DRAIN_SECS = 30.0
_FRAME_SECS = 0.25
_FIRST_HOUR = 7
_MINUTE = 60_000_000_000


def demo(
    *, data_dir: Path = Path("data"), duration: Annotated[str, Parameter(name="--for")] = "", speed: float = 120.0,
    devices: int | None = None, seed: int = 1, faults: str = "", port: int = 0, http_port: int = 8480,
    json: Json = False,
) -> int:  # fmt: skip
    """Show the whole job on this machine. Ctrl-C ends it and shows the account.

    Parameters
    ----------
    data_dir
        Where it keeps its data; a later demo goes on there.
    duration
        End by itself after this long, such as 30s or 5m.
    speed
        City seconds a real second.
    devices
        How many devices at most; all 341 where not given.
    seed
        Of the simulators' random generator.
    faults
        What goes wrong on the way, such as duplicate=0.02,late=0.05:90,invalid=0.01; device_sims/faults.py lists them.
    port
        Port of the embedded broker; 0 = any free one.
    http_port
        Port of health and metrics; 0 = any free one.
    """
    limit = parse_span(duration) if duration else None
    if speed <= 0:
        raise CommandError("The speed must be above 0.", "120 shows two city minutes a second.", 2)
    out: dict[str, Any] = {}

    async def show() -> None:
        out.update(await _Demo(data_dir, limit, speed, devices, seed, faults, port, http_port, quiet=json).run())

    run_loop(show)
    if not out:
        return 130
    problems = _problems(out)
    if json:
        print_json(out)
    else:
        _farewell(out, problems, data_dir)
    return 1 if problems else 0


class _Demo:
    def __init__(
        self, data_dir: Path, limit: float | None, speed: float, devices: int | None, seed: int, faults: str,
        port: int, http_port: int, *, quiet: bool,
    ) -> None:  # fmt: skip
        self._data_dir = data_dir
        self._limit = limit
        self._speed = speed
        self._devices = devices
        self._seed = seed
        self._faults = faults
        self._port = port
        self._http_port = http_port
        self._console = console(stderr=quiet)

    async def run(self) -> dict[str, Any]:
        """Everything, from the broker to the last figure."""
        must_be_simulated(self._data_dir)
        port, v4_port = self._port or _free_port(), _free_port()
        with EmbeddedBroker(port=port, v4_port=v4_port):
            settings = load_settings(None, {
                "data_dir": self._data_dir, "mqtt": {"host": "127.0.0.1", "port": port, "watch_sys": "off"},
                "http": {"port": self._http_port}, "log": {"level": "warning"}, "reviser": {"quiet_secs": 60},
            })  # fmt: skip
            files = load_seed_files(settings)
            zone = ZoneInfo(files.city.timezone)
            start = time_ns() + round(_HEAD_START_SECS * 1e9)
            clock = ScaledClock(_morning(zone), start, self._speed)
            content, telemetry = files.content(settings), make_telemetry(settings)
            async with open_gateway(settings, content, clock, telemetry, new_session=True) as gateway:
                mark_simulated(self._data_dir)
                self._console.print(
                    f"[dim]embedded broker on port {port} (for trying out: it keeps its queues in memory); data in"
                    f" {escape(str(self._data_dir.absolute()))}; Ctrl-C ends the demo[/]"
                )
                # a second demo goes on where the last one ended
                clock.origin = max(clock.origin, gateway.engines.now + _MINUTE)
                return await self._play(gateway, settings, clock, port, zone)

    async def _play(
        self, gateway: Gateway, settings: Settings, clock: ScaledClock, port: int, zone: ZoneInfo
    ) -> dict[str, Any]:
        before = (await gateway.office.take()).as_dict()
        stop, over = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        running = loop.create_task(until_signal(gateway, stop, over))
        report: dict[str, Any] = {}
        view = loop.create_task(self._watch(gateway, zone, stop))
        try:
            await _first(running, _subscribed(gateway))
            clock.start = time_ns() + round(_HEAD_START_SECS * 1e9)
            sims = await self._simulators(port, clock)
            ended = loop.create_task(sims.wait())
            asked = loop.create_task(over.wait())
            timeout = None if self._limit is None else self._limit + _HEAD_START_SECS
            await asyncio.wait({ended, asked, running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            report = await _end(sims)
            asked.cancel()
            await _first(running, _received(gateway, before["messages"].get("received", 0) + report.get("sent", 0)))
        finally:
            stop.set()
            await running
            view.cancel()
        ledger = (await gateway.office.take()).as_dict()
        return self._result(gateway, report, before, ledger)

    async def _simulators(self, port: int, clock: ScaledClock) -> asyncio.subprocess.Process:
        command = [
            sys.executable, "-m", "device_sims", "--broker", f"127.0.0.1:{port}", "--origin", str(clock.origin),
            "--start", str(clock.start), "--speed", str(self._speed), "--seed", str(self._seed), "--json",
        ]  # fmt: skip
        if self._devices is not None:
            command += ["--devices", str(self._devices)]
        if self._faults:
            command += ["--faults", self._faults]
        # a group of its own: Ctrl-C at the terminal is ours to pass on
        return await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    async def _watch(self, gateway: Gateway, zone: ZoneInfo, stop: asyncio.Event) -> None:
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
                rows = max(4, self._console.height - 18)
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


async def _first(running: "asyncio.Task[None]", wanted: Any) -> None:
    """Wait for `wanted`, but not for a gateway that has failed."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        await running
    else:
        await waiting


async def _end(sims: asyncio.subprocess.Process) -> dict[str, Any]:
    """Ask the simulators to finish; give their report."""
    with contextlib.suppress(ProcessLookupError):
        sims.send_signal(signal.SIGTERM)
    output, errors = await sims.communicate()
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _problems(out: Mapping[str, Any]) -> list[str]:
    problems = [] if out["ledger"]["balanced"] else ["the ledger does not balance"]
    sent, received = out["messages"]["sent"], out["messages"]["received"] - out["messages"].get("redelivered", 0)
    if sent != received:
        problems.append(f"{sent} messages were sent and {received} received")
    waiting = {name: store["waiting"] for name, store in out["stores"].items() if store["waiting"]}
    if waiting:
        problems.append(f"readings still wait for {', '.join(waiting)}")
    return problems


def _farewell(out: Mapping[str, Any], problems: list[str], data_dir: Path) -> None:
    to = console()
    messages, readings = out["messages"], out["readings"]
    stored = ", ".join(f"{store['stored']:,} in {name}" for name, store in out["stores"].items())
    to.print(
        f"\n{messages['sent']:,} messages sent, {messages['received']:,} received; {readings['accepted']:,} readings"
        f" accepted, {stored}; {out['aggregates']['written']:,} aggregates"
    )
    if problems:
        to.print(Text(f"Not all is well: {'; '.join(problems)}.", "bold red"))
    else:
        to.print("[green]Every message is accounted for.[/]")
    there = "" if data_dir == Path("data") else f" --data-dir {shlex.quote(str(data_dir))}"
    to.print(Text("Look around:", "dim"))
    for words in ("status", "ledger --verify", "series loop", "read loop-0001 --step 15m"):
        to.print(Text(f"  cityloom {words}{there}", "dim"))
