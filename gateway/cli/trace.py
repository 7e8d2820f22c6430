"""`cityloom trace DEVICE TIME`: the way of one reading through everything."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from gateway.cli.alarms import PRIORITIES
from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import STEPS, parse_time
from processors.flags import Flag, Why

__all__ = ["trace"]

_STEP_NAMES = {secs: name for name, secs in STEPS.items()}


def trace(device: str, time: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Show the way of one reading: message, flags and why, windows, alarms, and where it is stored.

    Parameters
    ----------
    device
        Its id, as `cityloom series` shows it.
    time
        When; the nearest reading within an hour is taken. City time, or with an offset.
    """
    settings = settings_of(config, data_dir)
    zone = city_zone(settings)
    found = ask(settings, "trace", device=device, at=parse_time(time, zone))
    if json:
        print_json(found)
        return 0
    console().print(_tree(found, zone))
    return 0


def _tree(found: Mapping[str, Any], zone: tzinfo) -> Tree:
    tree = Tree(Text.assemble((clean(found["device"]), "bold"), f"  {_when(found['ts'], zone)}"), guide_style="dim")
    record = found["record"]
    if record is not None:
        place = f"{record['profile']} in {record['zone']}" + (f", on {record['asset']}" if record["asset"] else "")
        tree.add(f"device    {clean(place)} ({record['state']})")
    messages = tree.add("received")
    for message in found["messages"]:
        lag = (message["received_at"] - found["ts"]) / 1e9
        messages.add(
            f"row {message['offset']:,}  {_when(message['received_at'], zone)} ({lag:+.1f} s)"
            f"  {clean(message['topic'])}  {message['bytes']} bytes"
        )
    if not found["messages"]:
        messages.add("[dim]the journal no longer holds the message[/]")
    for letter in found["dead_letters"]:
        messages.add(Text(f"dead letter {letter['id']}: {letter['reason']}, {clean(letter['detail'])}", "yellow"))
    for name, readings in found["stores"].items():
        branch = tree.add(f"stored in {name}")
        branch.add(_readings(readings) if readings else Text("no reading of that time", "yellow"))
    windows = tree.add("windows")
    windows.add(_windows(found["windows"], zone) if found["windows"] else "[dim]none has closed yet[/]")
    alarms = tree.add("alarms of the device, its asset and its zone, within an hour")
    for change in found["alarms"]:
        word, _ = PRIORITIES.get(change["priority"], ("", ""))
        alarms.add(
            f"{_when(change['at'], zone)}  {change['condition']} at {clean(change['asset'])}:"
            f" {change['change'].replace('_', ' ')}, {word}  {change['alarm']}"
        )
    if not found["alarms"]:
        alarms.add("[dim]none[/]")
    return tree


def _readings(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in rows:
        if "problem" in row:
            table.add_row(Text(clean(row["problem"]), "yellow"))
            continue
        value = "-" if row["value"] is None else f"{row['value']:.6g}"
        flag = Flag(row["flag"]).name.lower()
        why = ", ".join(str(bit.name).lower() for bit in Why(row["why"])) if row["why"] else ""
        table.add_row(row["quantity"], value, row["unit"], Text(flag, "" if row["flag"] == 1 else "yellow"), why)
    return table


def _windows(rows: Sequence[Mapping[str, Any]], zone: tzinfo) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1))
    for name in ("window", "from", "quantity", "readings", "good", "mean", "revision"):
        table.add_column(name, justify="left" if name in ("window", "from", "quantity") else "right")
    for row in rows:
        mean = "-" if row["mean"] is None else f"{row['mean']:.6g}"
        table.add_row(
            _STEP_NAMES.get(row["step"], str(row["step"])), _when(row["start"], zone), row["quantity"],
            str(row["count"]), f"{row['good']:.0%}", mean, str(row["revision"]),
        )  # fmt: skip
    return table


def _when(ns: int, zone: tzinfo) -> str:
    secs, rest = divmod(ns, 1_000_000_000)
    text = f"{datetime.fromtimestamp(secs, zone):%Y-%m-%d %H:%M:%S}"
    return f"{text}.{rest // 1_000_000:03d}" if rest else text
