"""`cityloom demo`: the whole job on this machine: embedded broker, simulated devices, gateway, DuckDB.

The simulators say in the end how many messages the broker took; the gateway must have received as many, and its ledger
must balance.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from time import time_ns
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from device_sims.faults import Faults
from device_sims.scenarios.scenario import scenario_times
from gateway.cli.demo_session import DemoPlan, DemoSession
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.run import run_loop
from gateway.cli.times import parse_span
from gateway.errors import CommandError

__all__ = ["demo"]

_Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]


def demo(
    *, data_dir: Path = Path("data"), duration: Annotated[str, Parameter(name="--for")] = "",
    speed: Annotated[float, Parameter(validator=Number(gt=0, lte=100_000))] = 120.0,
    devices: Annotated[int | None, Parameter(validator=Number(gte=1, lte=100_000))] = None, seed: int = 1,
    faults: str = "", scenario: str = "", truth: Path | None = None, port: _Port = 0, http_port: _Port = 8480,
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
        How many; all 467 of the built-in city where not given. With more, the city goes on by copies of its districts.
    seed
        Of the simulators' random generator.
    faults
        What goes wrong on the way, such as duplicate=0.02,late=0.05:90,invalid=0.01; device_sims/faults/README.md
        tells of them.
    scenario
        What goes wrong in the city: a script of `cityloom sim scenarios`, or a file. The demo begins at its hour, shows
        the part of the city that it is about, and ends with it.
    truth
        Make this folder, and write what was measured, sent and wrong; for `cityloom score truth`.
    port
        Port of the embedded broker; 0 = any free one.
    http_port
        Port of console, API, health and metrics; 0 = any free one.
    """
    limit = parse_span(duration) if duration else None
    times = _check(faults, scenario, seed)
    out: dict[str, Any] = {}
    plan = DemoPlan(data_dir, speed, seed, faults, port, http_port, limit, devices, scenario, times, truth, quiet=json)

    async def show() -> None:
        out.update(await DemoSession(plan).run())

    run_loop(show)
    if not out:
        return 130
    problems = _problems(out)
    if json:
        print_json(out)
    else:
        _farewell(out, problems, data_dir)
    return 1 if problems else 0


def _check(faults: str, scenario: str, seed: int) -> tuple[int, int] | None:
    """When a scenario begins and ends in city time, UTC ns."""
    try:
        Faults.parse(faults)
    except ValueError as error:
        raise CommandError(f"--faults: {error}.", "Write them as in duplicate=0.02,late=0.05:90.", 2) from error
    try:
        return scenario_times(scenario, time_ns(), seed) if scenario else None
    except (ValueError, OSError) as error:
        raise CommandError(f"--scenario: {error}.", "`cityloom sim scenarios` lists the built-in ones.", 2) from error


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
