"""`cityloom bench api`: how fast the query API answers over millions of readings, and what that costs the intake."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.bench.api import ApiOutcome, measure_api
from gateway.bench.setup import Plan
from gateway.cli.bench_peers import executable
from gateway.cli.bench_words import address, check_store
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.errors import CommandError

__all__ = ["api"]

_CHART, _CHART_MS, _RATIO = "day chart", 100.0, 1.5
"""Goals: p99 of a day's chart of one series, and of PUBACKs with questions to without."""


def api(
    *, readings: int = 10_000_000, rate: float = 10_000.0, seconds: float = 60.0, asked: float = 20.0,
    devices: int = 5_000, store: str = "duckdb", broker: str = "embedded", connections: int = 4,
    folder: Path | None = None, json: Json = False,
) -> int:  # fmt: skip
    """Ask the ten commonest questions over a day of stored readings, while a load runs.

    A day of readings is stored first, by the gateway itself, and read from for a while. Then the load runs alone, and
    once more beside the questions, which come by the clock. Goals: p99 of a day's chart of one series 100 ms on DuckDB;
    p99 of acknowledgements at most 1.5 times as long as without questions. Exit code 1 where something is lost or a
    question fails.

    Parameters
    ----------
    readings
        Stored before; about as many.
    rate
        Messages of three readings a second, by the clock.
    seconds
        How long the load runs, each time.
    asked
        Questions a second.
    devices
        Devices of the load.
    store
        duckdb; influxd (a real InfluxDB 2 that is started and removed: on the PATH or in CITYLOOM_TEST_INFLUXD); or the
        URL of one, whose token is in CITYLOOM_STORES__INFLUXDB__TOKEN.
    broker
        embedded, or HOST:PORT of an MQTT 5 broker that lets anybody in.
    connections
        Connections of the gateway to the broker, each with districts of its own.
    folder
        Where data folders are made, and removed: the disk that is measured.
    json
        One JSON object as the last line.
    """
    if min(rate, seconds, asked) <= 0 or min(devices, connections, readings) < 1:
        raise CommandError("Readings, rates, seconds and devices must be above 0.", "See `--help`.", 2)
    influxd = executable("influxd") if store == "influxd" else None
    if influxd is None:
        check_store(store)
    if store == "influx-sink":
        raise CommandError(
            "The sink stores nothing that could be asked for.", "Write duckdb, influxd or http://HOST:8086.", 2
        )
    host, port = address(broker)
    plan = Plan(0, devices, rate, store, host, port, folder=folder, connections=connections)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bars:
        task = bars.add_task("starting", total=None)
        outcome = measure_api(
            plan, readings, seconds, asked,
            lambda what, done, total: bars.update(task, description=what, completed=done, total=total),
            influxd,
        )  # fmt: skip
    result = asdict(outcome)
    missed = _missed(outcome, store)
    if json:
        print_json(result | {"missed": missed})
    else:
        _show(outcome)
    if missed:
        console(stderr=True).print(f"above the goal: {', '.join(missed)}", style="yellow")
    failed = sum(int(each["failed"]) for each in outcome.questions.values())
    return 0 if outcome.balanced and outcome.lost == 0 and not failed else 1


def _missed(outcome: ApiOutcome, store: str) -> list[str]:
    out = []
    if store == "duckdb" and outcome.questions.get(_CHART, {}).get("p99", _CHART_MS) > _CHART_MS:
        out.append(f"{_CHART} p99")
    if outcome.ack_p99_ratio > _RATIO:
        out.append("acknowledgements beside questions")
    return out


def _show(outcome: ApiOutcome) -> None:
    to = console()
    table = Table(title=f"{outcome.stored_readings:,} readings stored, {outcome.rate:,.0f} messages/s meanwhile")
    table.add_column("question")
    for name in ("asked", "failed", "kB", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(name, justify="right")
    for name, each in outcome.questions.items():
        figures = (f"{each[p]:g}" if p in each else "-" for p in ("p50", "p95", "p99"))
        table.add_row(name, str(each["asked"]), str(each["failed"]), f"{each['bytes'] / 1000:.1f}", *figures)
    to.print(table)
    alone, beside = outcome.ack_alone_ms, outcome.ack_beside_ms
    to.print(
        f"PUBACK p50 {alone['p50']:g} and p99 {alone['p99']:g} ms alone, {beside['p50']:g} and {beside['p99']:g} ms"
        f" beside questions: p99 {outcome.ack_p99_ratio:g} times"
    )
    to.print(
        f"memory: gateway {outcome.gateway_rss_mb:g} MB, web process {outcome.web_rss_mb:g} MB; machine slowed"
        f" {outcome.slowdown:g} times; lost {outcome.lost}; ledger {'balanced' if outcome.balanced else 'OFF'}"
    )
