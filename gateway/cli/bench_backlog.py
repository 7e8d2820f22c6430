"""`cityloom bench backlog`: a start with millions of messages in the inbox that nobody has judged yet."""

from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.bench.backlog import measure_backlog
from gateway.bench.setup import Plan
from gateway.cli.bench import show_figures
from gateway.cli.bench_words import check_store
from gateway.cli.door import Json
from gateway.cli.output import print_json
from gateway.errors import CommandError

__all__ = ["backlog"]


def backlog(
    *, messages: int = 10_000_000, devices: int = 5_000, store: str = "duckdb", folder: Path | None = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Measure a start behind a backlog: time to listen, drain rate, CPU a message, time until live, memory.

    A real inbox is filled as if a gateway had taken the messages in and ended; then `cityloom run` starts on it. Also
    told: how long a start takes on an empty folder, and when everything is worked off. Exit code 1 where a message is
    lost or the ledger doesn't balance.

    Parameters
    ----------
    messages
        In the inbox; ten million take 1.5 GB there, and about as much in the store.
    devices
        Loop detectors that sent them, one message a second each.
    store
        duckdb; influx-sink (what would go to InfluxDB is counted and dropped); or the URL of an InfluxDB.
    folder
        Where the data folder is made, and removed: the disk that is measured.
    json
        One JSON object as the last line.
    """
    if min(messages, devices) < 1:
        raise CommandError("Messages and devices must be above 0.", "See `--help`.", 2)
    check_store(store)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bars:  # fmt: skip
        tasks = {name: bars.add_task(name, total=None) for name in ("first start", "filling", "drain")}
        outcome = measure_backlog(
            Plan(0, devices, store=store, folder=folder), messages,
            lambda name, done, total: bars.update(tasks[name], completed=done, total=total),
        )  # fmt: skip
        bars.update(tasks["first start"], completed=1, total=1)
    if json:
        print_json(asdict(outcome))
    else:
        show_figures(asdict(outcome))
    return 0 if outcome.balanced and outcome.lost == 0 else 1
