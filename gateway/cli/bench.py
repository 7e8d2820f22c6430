"""`cityloom bench`: what a message costs on the real path, on this machine."""

from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.bench.peers.rounds import Rules
from gateway.bench.rig import READINGS, Outcome, measure
from gateway.bench.setup import Plan
from gateway.cli.bench_peers import compare, executable
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.errors import CommandError

__all__ = ["ingest", "show_figures"]

_PACED_RATE = 5_000.0
_PACED_SECS = 6
_VS_RATE = 10_000.0


def ingest(
    *,
    messages: int = 500_000,
    devices: int = 5_000,
    rate: float = 0.0,
    store: str = "duckdb",
    broker: str = "embedded",
    connections: int = 8,
    city_speed: float = 10.0,
    repeat: int = 1,
    folder: Path | None = None,
    vs: tuple[str, ...] = (),
    paced_secs: float = 30.0,
    json: Json = False,
) -> int:
    """Measure the real path: broker, QoS 1, durable inbox, engine, raw readings and aggregates to a store.

    Each part is a process of its own; only the gateway's CPU counts. Runs as fast as it goes, then paced (5,000
    messages a second) for the latencies. Exit code 1 where a message is lost or the ledger doesn't balance.

    Parameters
    ----------
    messages
        Messages of three readings to measure with; each device sends one more before, to be known.
    devices
        Devices that send them in turn.
    rate
        Only one run, paced at so many messages a second.
    store
        duckdb; influx-sink (what would go to InfluxDB is counted and dropped); influxd (a real InfluxDB 2 that is
        started for the run, with --vs only); or the URL of an InfluxDB, whose token is in
        CITYLOOM_STORES__INFLUXDB__TOKEN.
    broker
        embedded, or HOST:PORT of an MQTT 5 broker that lets anybody in.
    connections
        Connections of the gateway to the broker, each with districts of its own: brokers cap what is in flight on one
        (the embedded one at 100).
    city_speed
        City seconds a real second while it runs as fast as it goes, so that windows fill and close meanwhile.
    repeat
        Runs as fast as it goes; the median is shown, and the spread.
    folder
        Where data folders are made, and removed: the disk that is measured.
    vs
        Measure peers too, in turns with the gateway (--repeat rounds): telegraf (as it comes, and with
        persistent_session), or a script's path, which gets HOST PORT URL TOKEN ORG BUCKET. Into the sink, or into an
        InfluxDB by --store influxd. Each round has a paced part (--rate, 10,000 messages a second unless given), one as
        fast as it goes (--messages), and one in which kill -9 comes half-way.
    paced_secs
        With --vs, how long the paced part lasts.
    json
        One JSON object as the last line.
    """
    host, port = ("", 0) if broker == "embedded" else _address(broker)
    if min(messages, devices, repeat, connections) < 1 or rate < 0 or min(city_speed, paced_secs) <= 0:
        raise CommandError(
            "Messages, devices, repeat, connections, city speed and paced secs must be above 0.", "See `--help`.", 2
        )
    if vs:
        if store not in ("duckdb", "influx-sink", "influxd"):
            raise CommandError(f"Peers can't be compared on {store!r}.", "Write influx-sink or influxd.", 2)
        influxd = executable("influxd") if store == "influxd" else None
        rules = Rules(
            devices, rate or _VS_RATE, paced_secs, messages, connections, host=host, port=port, influxd=influxd,
            folder=folder,
        )  # fmt: skip
        return compare(vs, rules, repeat, json=json)
    if store not in ("duckdb", "influx-sink") and not store.startswith(("http://", "https://")):
        raise CommandError(f"There is no store {store!r}.", "Write duckdb, influx-sink or http://HOST:8086.", 2)
    plan = Plan(messages, devices, rate, store, host, port, folder=folder, connections=connections)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bars:  # fmt: skip

        def shown(title: str, plan: Plan) -> Outcome:
            task = bars.add_task(title, total=plan.messages)
            outcome = measure(plan, lambda acked: bars.update(task, completed=acked))
            bars.update(task, completed=plan.messages)
            return outcome

        if rate:
            flood = [shown(f"{rate:g} messages/s", plan)]
            paced = flood[0]
        else:
            fast = replace(plan, speed=city_speed)
            flood = [shown(f"run {k + 1} of {repeat}", fast) for k in range(repeat)]
            most = int(_PACED_RATE * _PACED_SECS)
            paced = shown(f"{_PACED_RATE:g} messages/s", replace(plan, messages=min(messages, most), rate=_PACED_RATE))
    runs = [*flood, paced] if paced is not flood[0] else flood
    result: dict[str, Any] = {
        "messages": messages, "devices": devices, "readings_per_message": READINGS, "store": store, "broker": broker,
        "connections": connections,
        "runs": len(flood), **_medians(flood),
        "paced_per_s": rate or _PACED_RATE, "ack_ms": paced.ack_ms, "stored_ms": paced.stored_ms,
        "fsync_ms": paced.fsync_ms, "aggregates": round(median(run.aggregates for run in flood)),
        "late": sum(run.late for run in runs),
        "lost": sum(run.lost for run in runs), "balanced": all(run.balanced for run in runs),
    }  # fmt: skip
    if json:
        print_json(result)
    else:
        show_figures(result)
    return 0 if result["balanced"] and result["lost"] == 0 else 1


def _address(broker: str) -> tuple[str, int]:
    host, separator, port = broker.rpartition(":")
    if not separator or not port.isdigit():
        raise CommandError(f"{broker!r} is no broker.", "Write embedded or HOST:PORT.", 2)
    return host.strip("[]"), int(port)


def _medians(runs: list[Outcome]) -> dict[str, Any]:
    rates = [run.messages_per_s for run in runs]
    costs = [run.cpu_us_per_message for run in runs]
    return {
        "messages_per_s": median(rates),
        "cpu_us_per_message": median(costs),
        "stages_us": {
            name: round(median(run.stages_us.get(name, 0.0) for run in runs), 3) for name in runs[0].stages_us
        },
        "slowdown": median(run.slowdown for run in runs),
        "rss_mb": max(run.rss_mb for run in runs),
        "spread": {"messages_per_s": [min(rates), max(rates)], "cpu_us_per_message": [min(costs), max(costs)]},
    }


def show_figures(result: dict[str, Any]) -> None:
    """A line a figure."""
    table = Table(show_header=False, box=None)
    for name, value in result.items():
        if isinstance(value, dict):
            shown = "  ".join(f"{key} {each}" for key, each in value.items())
        else:
            shown = f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        table.add_row(name, shown)
    console().print(table)
