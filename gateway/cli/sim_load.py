"""`cityloom sim load`: loop detectors by the thousand, sent by a schedule that waits for nobody."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import uvloop
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from device_sims.clients.endpoint import Tls, parse_broker
from device_sims.load.run import LoadPlan, LoadRun
from gateway.bench.setup import zones_of
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import parse_span
from gateway.errors import CommandError

__all__ = ["load"]

_TELL_SECS = 1.0
_LONGEST = 300
_TIMES = {
    "due_to_send_ms": "due to sent", "send_to_ack_ms": "sent to acknowledged", "due_to_ack_ms": "due to acknowledged",
}  # fmt: skip
_Count = Annotated[int, Parameter(validator=Number(gte=1))]


def load(
    *, rate: Annotated[float, Parameter(validator=Number(gt=0))], devices: _Count = 5_000, connections: _Count = 4,
    broker: str = "127.0.0.1:1883", duration: Annotated[str, Parameter(name="--for")] = "",
    messages: Annotated[int | None, Parameter(validator=Number(gte=1))] = None, qos: int = 1,
    queue: _Count = 100_000, zones: str = "", prefix: str = "load", username: str | None = None,
    password_file: Path | None = None, ca_file: Path | None = None, cert_file: Path | None = None,
    key_file: Path | None = None, json: Json = False,
) -> int:  # fmt: skip
    """Send a load by the clock, and measure from the moment at which each message was due.

    A broker that is slow or gone doesn't slow the schedule: what can't be sent yet waits and keeps its due time, and
    what exceeds the queue is counted. After a cut, what was not acknowledged is sent again. Ends at --for or
    --messages, otherwise at Ctrl-C. Exit code 1 where not everything that was due was acknowledged.

    Parameters
    ----------
    rate
        Messages a second, each with three readings (speed, flow, occupancy) of a loop detector.
    devices
        Devices that send them in turn; a gateway takes them in as it meets them.
    connections
        Connections to the broker; a device keeps to one.
    broker
        HOST:PORT, mqtt://HOST:PORT or mqtts://HOST:PORT; it must speak MQTT 5.
    duration
        End after this long, such as 30s or 2m.
    messages
        End after so many.
    qos
        1, or 0: then nothing is acknowledged, and written counts.
    queue
        Due messages that wait at most; beyond it the oldest are given up and counted as overflowed.
    zones
        Zones in the topics, with commas between them; the built-in city's districts where not given.
    prefix
        How the devices' names begin.
    username, password_file
        Where the broker asks for them.
    ca_file
        Authority that signed the broker's certificate (PEM), where the system doesn't know it.
    cert_file, key_file
        Our own certificate and its key (PEM), for mutual TLS.
    """
    try:
        plan = LoadPlan(
            parse_broker(broker, username, password_file, Tls(ca_file, cert_file, key_file)),
            devices, rate, connections, messages, parse_span(duration) if duration else None, qos, queue,
            tuple(zone.strip() for zone in zones.split(",")) if zones else tuple(zones_of()), prefix,
        )  # fmt: skip
        result, left = uvloop.run(_run(plan))
    except (ValueError, OSError) as error:
        said = str(error)
        raise CommandError(f"{said[:1].upper()}{said[1:]}.", "`cityloom sim load --help` explains.", 2) from error
    if json:
        print_json(result)
    else:
        _show(result, console())
    if left:
        return 130
    return 0 if result["due"] == (result["acked"] if qos else result["sent"]) else 1


async def _run(plan: LoadPlan) -> tuple[dict[str, Any], bool]:
    """The figures, and whether somebody left before the end of it."""
    said = console(stderr=True)
    load = LoadRun(plan, lambda sentence: said.print(Text(clean(sentence, _LONGEST), "yellow")))
    left = False

    def signalled() -> None:
        nonlocal left
        left = load.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    began = time.process_time()
    with _progress(said) as tell:
        running = asyncio.create_task(load.run())
        before, moment = 0, time.monotonic()
        while not running.done():
            await asyncio.wait([running], timeout=_TELL_SECS)
            if running.done():
                break
            acked, now = load.total("acked" if plan.qos else "sent"), time.monotonic()
            tell(_line(load, (acked - before) / (now - moment)))
            before, moment = acked, now
        running.result()
    return _result(load, time.process_time() - began), left


@contextmanager
def _progress(to: Console) -> Iterator[Callable[[Text], None]]:
    """A line that changes in a terminal; otherwise one line after the other."""
    if not to.is_terminal:
        yield lambda line: to.print(line, soft_wrap=True)
        return
    with Live(console=to, auto_refresh=False, transient=True) as live:
        yield lambda line: live.update(line, refresh=True)


def _line(load: LoadRun, rate: float) -> Text:
    if not load.elapsed:
        return Text(f"waiting for the broker at {load.plan.endpoint}", "yellow")
    if load.plan.qos:
        done = f"{load.total('acked'):,} acknowledged ({rate:,.0f}/s)  {load.total('in_flight'):,} in flight"
    else:
        done = f"{load.total('sent'):,} written ({rate:,.0f}/s)"
    lag = load.times.due_to_send.quantile_ms(0.99)
    waiting = load.total("waiting")
    text = Text(f"{load.elapsed:6.1f} s  {load.due:,} due  {done}  {waiting:,} wait  lag p99 {lag:,.1f} ms")
    for figure in ("overflowed", "refused"):
        if load.total(figure):
            text.append(f"  {load.total(figure):,} {figure}", "bold red")
    return text


def _result(load: LoadRun, cpu_secs: float) -> dict[str, Any]:
    plan, sent = load.plan, load.total("sent")
    done = load.total("acked") if plan.qos else sent
    return {
        "broker": str(plan.endpoint), "rate": plan.rate, "devices": plan.devices, "connections": plan.connections,
        "qos": plan.qos, "secs": round(load.secs, 3), "due": load.due, "sent": sent, "acked": load.total("acked"),
        "refused": load.total("refused"), "unanswered": load.total("unanswered"), "unsent": load.total("unsent"),
        "overflowed": load.total("overflowed"), "resent": load.total("resent"), "strays": load.total("strays"),
        "reconnects": load.reconnects, "queue": plan.queue, "queue_deepest": load.deepest,
        "per_s": round(done / load.secs, 1) if load.secs else 0.0,
        "cpu_us_per_message": round(cpu_secs / sent * 1e6, 3) if sent else None,
        "due_to_send_ms": load.times.due_to_send.summary(), "send_to_ack_ms": load.times.send_to_ack.summary(),
        "due_to_ack_ms": load.times.due_to_ack.summary(),
    }  # fmt: skip


def _show(result: dict[str, Any], to: Console) -> None:
    account = Table(box=None, show_header=False)
    account.add_column(justify="right")
    account.add_column()

    def row(figure: str, meaning: str, *, bad: bool = False) -> None:
        if result[figure] or not bad:
            account.add_row(Text(f"{result[figure]:,}", "bold red" if bad else ""), meaning)

    row("due", f"messages were due ({result['rate']:,.10g}/s, {result['devices']:,} devices)")
    row("sent", "sent")
    if result["qos"]:
        row("acked", f"acknowledged within {result['secs']:,.1f} s ({result['per_s']:,.0f}/s)")
    row("overflowed", f"given up: more than {result['queue']:,} waited. They are in no time below", bad=True)
    row("refused", "refused by the broker", bad=True)
    row("unanswered", "sent and not acknowledged", bad=True)
    row("unsent", "due and not sent", bad=True)
    row("strays", "acknowledgements of nothing that we sent", bad=True)
    if result["reconnects"]:
        cuts = f"{result['reconnects']} cuts" if result["reconnects"] > 1 else "a cut"
        account.add_row(f"{result['resent']:,}", f"sent again after {cuts}: a gateway may see them twice")
    to.print(account)
    times = Table(box=None)
    times.add_column("ms")
    for name in ("p50", "p90", "p99", "p99.9", "max"):
        times.add_column(name, justify="right")
    for key, meaning in _TIMES.items():
        if result[key]:
            times.add_row(meaning, *(f"{value:,.2f}" for value in result[key].values()))
    to.print(times)
    cost = result["cpu_us_per_message"]
    if cost is not None:
        to.print(f"{cost:.2f} us of CPU a message; {result['queue_deepest']:,} messages waited at most")
