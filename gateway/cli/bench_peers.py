"""`cityloom bench ingest --vs PEER`: the gateway and what users would pick instead, in turns on the same ground."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.bench.peers.contender import Contender
from gateway.bench.peers.gateway import gateway
from gateway.bench.peers.rounds import Bout, Rules, play
from gateway.bench.peers.script import script
from gateway.bench.peers.telegraf import telegraf
from gateway.cli.output import console, print_json
from gateway.errors import CommandError

__all__ = ["compare", "contenders", "executable"]

_WHERE = {
    "telegraf": "https://github.com/influxdata/telegraf/releases",
    "influxd": "https://docs.influxdata.com/influxdb/v2/install/",
}
_FIGURES = {
    "steady_us": "CPU us a message, paced", "fast_us": "CPU us a message, full speed",
    "fast_per_s": "messages/s, full speed", "rss_mb": "peak RSS, MB", "lost": "lost",
    "lost_when_killed": "lost by kill -9",
}  # fmt: skip


def executable(name: str) -> Path:
    """Where `CITYLOOM_TEST_<NAME>` says, else on the PATH. Raises CommandError: nowhere."""
    variable = f"CITYLOOM_TEST_{name.upper()}"
    found = os.environ.get(variable) or shutil.which(name)
    if not found or not os.access(found, os.X_OK):
        raise CommandError(
            f"There is no {name} here.", f"Get it from {_WHERE[name]} and put it on the PATH or into {variable}.", 2
        )
    return Path(found)


def contenders(peers: Sequence[str]) -> list[Contender]:
    """The gateway, then each peer by its name or its script's path. Raises CommandError where there is none."""
    out = [gateway()]
    for peer in peers:
        if peer == "telegraf":
            found = executable("telegraf")
            out += [telegraf(found, persistent=False), telegraf(found, persistent=True)]
        elif peer.endswith(".py") and Path(peer).is_file():
            out.append(script(Path(peer).absolute()))
        else:
            raise CommandError(f"There is no peer {peer!r}.", "Write telegraf or the path of a script.", 2)
    return out


def compare(peers: Sequence[str], rules: Rules, rounds: int, *, json: bool) -> int:
    """Play all rounds and show them; 1 where the gateway lost a message."""
    playing = contenders(peers)
    bouts: dict[str, list[Bout]] = {each.name: [] for each in playing}
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bars:  # fmt: skip
        for number in range(rounds):
            for each in playing:
                name = f"{each.name} {number + 1} of {rounds}"
                task = bars.add_task(name, total=None)

                def told(part: str, done: int, total: int, task: Any = task, name: str = name) -> None:
                    bars.update(task, description=f"{name}: {part}", completed=done, total=total)

                bout = play(each, rules, told)
                bouts[each.name].append(bout)
                bars.update(task, description=f"{name}: {_said(bout)}")
    summaries = {name: _summary(each) for name, each in bouts.items()}
    result = {
        "devices": rules.devices, "rounds": rounds, "connections": rules.connections,
        "broker": f"{rules.host}:{rules.port}" if rules.host else "embedded",
        "store": "influxd" if rules.influxd is not None else "influx-sink",
        "contenders": summaries,
    }  # fmt: skip
    if json:
        print_json(result)
    else:
        _show(summaries)
    ours = bouts[playing[0].name]
    return 1 if any(bout.lost or bout.lost_when_killed for bout in ours) else 0


def _said(bout: Bout) -> str:
    return f"{bout.steady_us:g} us at {bout.steady_per_s:g}/s, {bout.fast_us:g} us at {bout.fast_per_s:,.0f}/s"


def _summary(bouts: Sequence[Bout]) -> dict[str, Any]:
    """Medians; costs with their spread."""
    each = [asdict(bout) for bout in bouts]
    out: dict[str, Any] = {}
    for name in each[0]:
        values = [bout[name] for bout in each if bout[name] is not None]
        out[name] = round(median(values), 2) if values else None
    out["spread"] = {
        name: [min(bout[name] for bout in each), max(bout[name] for bout in each)]
        for name in ("steady_us", "fast_us", "fast_per_s")
    }
    return out


def _show(summaries: dict[str, dict[str, Any]]) -> None:
    table = Table(title="Medians; in brackets as a multiple of cityloom's")
    table.add_column("")
    for name in summaries:
        table.add_column(name, justify="right")
    ours = next(iter(summaries.values()))
    for figure, title in _FIGURES.items():
        cells = []
        for summary in summaries.values():
            value = summary[figure]
            factor = "" if summary is ours or not value or not ours[figure] else f" ({value / ours[figure]:.1f})"
            cells.append("-" if value is None else f"{value:,g}{factor if not figure.startswith('lost') else ''}")
        table.add_row(title, *cells)
    table.add_row("paced at, messages/s", *[f"{summary['steady_per_s']:,g}" for summary in summaries.values()])
    table.add_row("slowdown", *[f"{summary['slowdown']:g}" for summary in summaries.values()])
    console().print(table)
