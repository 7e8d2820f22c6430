"""`cityloom bench latency`: how soon what a device said is seen, under load."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.bench.latency import measure_latency
from gateway.bench.setup import Plan
from gateway.cli.bench import show_figures
from gateway.cli.bench_words import address, check_store
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.errors import CommandError

__all__ = ["latency"]

_GOALS = {"latest_ms": 250.0, "alarm_ms": 250.0, "webhook_ms": 500.0, "stored_ms": 1500.0}
"""p99."""


def latency(
    *, rate: float = 10_000.0, seconds: float = 60.0, devices: int = 5_000, store: str = "duckdb",
    broker: str = "embedded", connections: int = 8, folder: Path | None = None, json: Json = False,
) -> int:  # fmt: skip
    """Measure, while a load runs, publish -> latest value and alarm on the live topic, -> webhook, -> query.

    Gas detectors of their own speak beside the load: ten times a second a value, twice a second an alarm. All is timed
    from outside, by an MQTT subscriber, an HTTP receiver and queries. Goals (p99): 250 ms on the live topic, 500 ms to
    the webhook, 1.5 s until a query gives it. Exit code 1 where something is lost or seen by nobody.

    Parameters
    ----------
    rate
        Messages of three readings a second, by the clock.
    seconds
        How long the probes speak.
    devices
        Devices of the load.
    store
        duckdb, or the URL of an InfluxDB, whose token is in CITYLOOM_STORES__INFLUXDB__TOKEN.
    broker
        embedded, or HOST:PORT of an MQTT 5 broker that lets anybody in.
    connections
        Connections of the gateway to the broker, each with districts of its own; one more brings the probes.
    folder
        Where data folders are made, and removed: the disk that is measured.
    json
        One JSON object as the last line.
    """
    if min(rate, seconds) <= 0 or min(devices, connections) < 1:
        raise CommandError("Rate, seconds, devices and connections must be above 0.", "See `--help`.", 2)
    check_store(store)
    if store == "influx-sink":
        raise CommandError("The sink stores nothing that a query could give.", "Write duckdb or http://HOST:8086.", 2)
    host, port = address(broker)
    plan = Plan(0, devices, rate, store, host, port, folder=folder, connections=connections)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bars:
        task = bars.add_task(f"{rate:g} messages/s", total=None)
        outcome = measure_latency(plan, seconds, lambda at, total: bars.update(task, completed=at, total=total))
    result = asdict(outcome)
    for name, goal in _GOALS.items():
        result[name]["goal_p99"] = goal
    if json:
        print_json(result)
    else:
        show_figures(result)
    missed = [name for name, goal in _GOALS.items() if result[name].get("p99", goal) > goal]
    if missed:
        console(stderr=True).print(f"above the goal: {', '.join(missed)}", style="yellow")
    complete = not any(result[name]["missing"] for name in _GOALS)
    return 0 if complete and outcome.balanced and outcome.lost == 0 else 1
