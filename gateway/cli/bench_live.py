"""`cityloom bench live`: a thousand readers of live streams, some of them stalled, on a whole gateway under load."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.bench.live import LiveOutcome, measure_live
from gateway.bench.setup import Plan
from gateway.cli.bench_words import address
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.errors import CommandError

__all__ = ["live"]

_LATE_MS, _GROWTH_MB = 1000.0, 100.0
"""Goals: p99 of live events, and how much more memory the web process holds in the end than when all had begun."""


def live(
    *, readers: int = 1000, stalled: int = 100, seconds: float = 300.0, rate: float = 1000.0, devices: int = 100,
    broker: str = "embedded", folder: Path | None = None, json: Json = False,
) -> int:  # fmt: skip
    """Let readers of live streams read while a load runs, some of them stalled until the end.

    Each reader accounts for every event: it got it, or a gap told that it is lost. Goals: p99 1 s from a reading's own
    time to the reader, and no growing memory. Exit code 1 where an event is unaccounted for, a reader that reads was
    cut off or got a gap, or the ledger is off.

    Parameters
    ----------
    readers
        Streams of everything that happens.
    stalled
        Of these, how many take nothing until the end.
    seconds
        How long they read.
    rate
        Messages of three readings a second, by the clock.
    devices
        Devices of the load; few that speak often, so that what is told of one is never old.
    broker
        embedded, or HOST:PORT of an MQTT 5 broker that lets anybody in.
    folder
        Where data folders are made, and removed.
    json
        One JSON object as the last line.
    """
    if min(rate, seconds) <= 0 or min(devices, readers) < 1 or not 0 <= stalled < readers:
        raise CommandError("That is nothing to measure.", "More than 0 of each, and fewer stalled than readers.", 2)
    host, port = address(broker)
    plan = Plan(0, devices, rate, "duckdb", host, port, folder=folder)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bars:
        task = bars.add_task("starting", total=None)
        outcome = measure_live(
            plan, readers, stalled, seconds,
            lambda what, done, total: bars.update(task, description=what, completed=done, total=total),
        )  # fmt: skip
    missed = _missed(outcome)
    if json:
        print_json(asdict(outcome) | {"missed": missed})
    else:
        _show(outcome)
    if missed:
        console(stderr=True).print(f"above the goal: {', '.join(missed)}", style="yellow")
    return 0 if _kept(outcome) else 1


def _kept(outcome: LiveOutcome) -> bool:
    reading, stalled = outcome.readers, outcome.stalled
    whole = not (reading["unaccounted"] or stalled["unaccounted"] or reading["with_gaps"] or reading["ended"])
    return whole and outcome.balanced and outcome.lost == 0


def _missed(outcome: LiveOutcome) -> list[str]:
    out = []
    if outcome.latency_ms.get("p99", 0.0) > _LATE_MS:
        out.append("live p99")
    if outcome.web_rss_mb["most"] - outcome.web_rss_mb["begun"] > _GROWTH_MB:
        out.append("memory of the web process")
    return out


def _show(outcome: LiveOutcome) -> None:
    to = console()
    table = Table(title=f"{outcome.secs:g} s at {outcome.rate:,.0f} messages/s")
    table.add_column("readers")
    names = ("count", "events", "ended", "with_gaps", "gaps_most", "lost", "unaccounted")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for title, each in (("reading", outcome.readers), ("stalled", outcome.stalled)):
        table.add_row(title, *(f"{each[name]:,}" for name in names))
    to.print(table)
    late, memory = outcome.latency_ms, outcome.web_rss_mb
    if late:
        to.print(
            f"from a reading's time to the reader: p50 {late['p50']:g}, p99 {late['p99']:g}, max {late['max']:g} ms"
        )
    to.print(
        f"memory: web process {memory['begun']:g} MB when all had begun, {memory['most']:g} at most, {memory['end']:g}"
        f" in the end; gateway {outcome.gateway_rss_mb:g} MB; machine slowed {outcome.slowdown:g} times;"
        f" lost {outcome.lost}; ledger {'balanced' if outcome.balanced else 'OFF'}"
    )
