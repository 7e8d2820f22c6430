"""`cityloom sim sparkplug`: Sparkplug B edge nodes against any broker, each with a connection of its own.

What it does is `device_sims/edge/run.py`, which knows nothing of the gateway: this file only asks and shows.
"""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.markup import escape

from device_sims.city.devices import load_city
from device_sims.clients.endpoint import Tls, parse_broker
from device_sims.edge.books import EdgeSummary
from device_sims.edge.link import Habits
from device_sims.edge.run import EdgePlan, EdgeProgress, simulate_edges
from gateway.cli.board import show_board
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, count
from gateway.cli.times import parse_moment, parse_span
from gateway.errors import CommandError

__all__ = ["sparkplug"]

_HELP = "`cityloom sim sparkplug --help` has examples."
_Level = Annotated[str, Parameter(validator=lambda _, value: _level(value))]


def _level(value: object) -> None:
    if not str(value) or set(str(value)) & set("/+#"):
        raise ValueError("a level of a topic has at least one character, and none of / + #")


def sparkplug(
    *, nodes: Annotated[int, Parameter(validator=Number(gte=1, lte=2_000))] = 2,
    devices: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000))] = 3, group: _Level = "Water",
    interval: str = "10s", broker: str = "127.0.0.1:1883", username: str | None = None,
    password_file: Path | None = None, ca_file: Path | None = None, cert_file: Path | None = None,
    key_file: Path | None = None, qos: Annotated[int, Parameter(validator=Number(gte=0, lte=1))] = 0,
    lose: Annotated[float, Parameter(validator=Number(gte=0, lte=0.5))] = 0.0, cut_every: str = "",
    cut_for: str = "30s", origin: str = "", start: str = "",
    speed: Annotated[float, Parameter(validator=Number(gt=0, lte=100_000))] = 1.0, seed: int = 1,
    for_: Annotated[str, Parameter(name="--for")] = "", truth: Path | None = None, json: Json = False,
) -> int:  # fmt: skip
    """Run Sparkplug B edge nodes with pumps behind them: births, data by alias, deaths, and what goes wrong on a line.

    Every node has a connection of its own with its death as will. It is born when it connects and when it is asked to,
    numbers its messages, and keeps what it measures while it has no connection; that comes later, marked historical.
    Start the gateway first: at QoS 0 nobody keeps what a receiver isn't there for. It takes the pumps in as it meets
    them, as devices GROUP/PS-1/Pump-1 without a zone. Ctrl-C ends the run cleanly: each node tells its death.

    Exit code 1 where the broker did not take everything.

    Parameters
    ----------
    nodes
        Edge nodes.
    devices
        Pumps of each.
    group
        The namespace's group.
    interval
        City time between two messages of a pump.
    broker
        HOST:PORT, mqtt://HOST:PORT or mqtts://HOST:PORT (TLS). One that can't be reached is waited for.
    username
        Where the broker asks for one; {node} is the node's id, where each has a login of its own: PS-1, PS-2 ...
    password_file
        A file with the password, of all of them.
    ca_file
        PEM of the authority behind the broker's certificate; the system's where not given.
    cert_file
        PEM of our own certificate, where the broker asks for one.
    key_file
        PEM of its key.
    qos
        0, as the standard has it, or 1: then a broker keeps it for a gateway that is down.
    lose
        Share of data messages that are lost: their number is used, and nothing is sent.
    cut_every
        City time between two cuts of a node's line, half as long to half as long again; none where empty.
    cut_for
        City time that a cut lasts.
    origin
        What the city's clock reads at --start: RFC 3339, local time of the city, or UTC nanoseconds. Now where empty.
    start
        System time at which the city's clock reads --origin; now where empty. Give a gateway the same three figures.
    speed
        City seconds a real second.
    seed
        Which values, and which losses and cuts.
    for_
        End after this long, such as 30s or 5m.
    truth
        Make this folder, and write what was measured, sent and lost; for `cityloom score truth`.
    """
    now = time.time_ns()
    try:
        zone = ZoneInfo(load_city(1).timezone)
        plan = EdgePlan(
            endpoint=parse_broker(broker, username, password_file, Tls(ca_file, cert_file, key_file)),
            origin=parse_moment(origin, zone) or now, start=parse_moment(start, zone) or now, speed=speed, group=group,
            nodes=nodes, devices=devices, for_secs=parse_span(for_) if for_ else None, truth=truth,
            habits=Habits(
                interval_secs=parse_span(interval), qos=qos, lose=lose, seed=seed, cut_secs=parse_span(cut_for),
                cut_every_secs=parse_span(cut_every) if cut_every else None,
            ),
        )  # fmt: skip
        summary = _run(plan, zone, quiet=json)
    except ValueError as error:
        raise CommandError(f"{str(error).rstrip('.')}.", _HELP, 2) from error
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise CommandError(
            f"{named}{error.strerror or error}.", "Name files and folders that can be used.", 2
        ) from error
    if json:
        print_json(summary.as_dict())
    else:
        _farewell(summary, plan)
    return 0 if summary.sent == summary.messages else 1


def _run(plan: EdgePlan, zone: ZoneInfo, *, quiet: bool) -> EdgeSummary:
    out = console(stderr=quiet)
    progress: list[EdgeProgress] = []

    def say(sentence: str) -> None:
        out.print(f"[yellow]{escape(clean(sentence, 300))}[/]")

    def figures() -> dict[str, str]:
        return _figures(progress[0], zone) if progress else {}

    async def work() -> EdgeSummary:
        showing = asyncio.create_task(show_board(out, figures))
        try:
            return await simulate_edges(plan, say, progress.append)
        finally:
            showing.cancel()
            await asyncio.wait({showing})

    return asyncio.run(work())


def _figures(progress: EdgeProgress, zone: ZoneInfo) -> dict[str, str]:
    summary, links = progress.summary, progress.links
    return {
        "city time": f"{datetime.fromtimestamp(progress.clock.now() / 1e9, zone):%Y-%m-%d %H:%M:%S}",
        "connected": f"{sum(link.connected for link in links)} of {len(links)}",
        "sent": count(summary.messages), "kept": count(sum(link.node.waiting for link in links)),
        "cuts": count(summary.cuts), "lost": count(summary.lost), "gaps": count(summary.gaps),
        "asked for births": count(summary.asked),
    }  # fmt: skip


def _farewell(summary: EdgeSummary, plan: EdgePlan) -> None:
    out = console()
    verb = "acknowledged" if plan.habits.qos else "written"
    out.print(
        f"{summary.nodes:,} edge nodes with {summary.devices:,} devices: {summary.sent:,} of {summary.messages:,} "
        f"messages {verb}, {summary.readings:,} readings in them, {summary.historical:,} of those historical"
    )
    out.print(f"{summary.connections:,} connections, {summary.cuts:,} of them cut")
    if summary.lost or summary.asked:
        out.print(
            f"{summary.lost:,} messages lost: {summary.gaps:,} gaps, {summary.answered:,} ended by births that were "
            f"asked for, {summary.moot:,} by a cut or the end; {summary.unasked:,} requests without a gap"
        )
    if plan.truth is not None:
        out.print(f"[dim]truth: {escape(str(plan.truth))}; compare: cityloom score truth {escape(str(plan.truth))}[/]")
