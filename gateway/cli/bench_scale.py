"""`cityloom bench scale`: curves of what something varied does to cost, memory, speed and latency; a picture each."""

from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.bench.curve import Curve, Point, Points, Stage, run
from gateway.bench.curve_plot import check_plots, draw
from gateway.bench.curves import CURVES
from gateway.bench.setup import Plan
from gateway.cli.bench_words import address, check_store
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.errors import CommandError, GatewayError

__all__ = ["scale"]

_QUICK = 0.02


def scale(
    *curves: str,
    out: Path = Path("curves"),
    values: str = "",
    quick: bool = False,
    resume: bool = False,
    picture: Literal["png", "svg", "none"] = "png",
    devices: int = 5_000,
    store: str = "duckdb",
    broker: str = "embedded",
    connections: int = 8,
    city_speed: float = 10.0,
    folder: Path | None = None,
    json: Json = False,
) -> int:
    """Measure curves, each point with processes of its own: broker, load, gateway, store.

    devices (memory and cost, 1,000 to 1,000,000), rate (offered up to saturation: achieved, ack latency), readings (a
    message, 1 to 100), window (10 s to 1 h), broker (embedded, mosquitto), connections (1 to 8), shared (the same on
    one shared subscription), gateways (1 and 2 on disjoint zones), recovery (offered three times of what it can take,
    then normal again). Without names: all.

    Each point is kept as it is done, in OUT/CURVE.jsonl; the CSV and the picture are made of what is there, also after
    Ctrl-C. Exit code 1 where a message is lost or a ledger doesn't balance.

    Parameters
    ----------
    curves
        Which.
    out
        Where points and pictures go.
    values
        Only these values of the axis, with commas between them; with one curve.
    quick
        Few and small points: whether it runs, not how fast.
    resume
        Keep the points that are there, and measure the others.
    picture
        png, svg or none.
    devices
        Devices, where they are not what is varied.
    store, broker, connections, city_speed, folder
        As `cityloom bench ingest` has them.
    json
        One JSON object as the last line.
    """
    chosen = [_curve(name) for name in curves or CURVES]
    if values and len(chosen) != 1:
        raise CommandError(
            "Values belong to one curve.", "Name it: `cityloom bench scale rate --values 5000,10000`.", 2
        )
    if min(devices, connections) < 1 or city_speed <= 0:
        raise CommandError("Devices, connections and city speed must be above 0.", "See `--help`.", 2)
    if picture != "none":
        check_plots()
    check_store(store)
    host, port = address(broker)
    plan = Plan(
        0, min(devices, 200) if quick else devices, 0.0, store, host, port, city_speed, folder, connections
    )  # fmt: skip
    made: dict[str, list[Point]] = {}
    left, failures = False, list[GatewayError]()
    for curve in chosen:
        points = Points(curve, out)
        if not resume:
            points.forget()
        wanted = _values(curve, values) if values else curve.quick if quick else curve.values
        try:
            _measure(curve, wanted, points, plan, _QUICK if quick else 1.0)
        except KeyboardInterrupt:
            left = True
        except GatewayError as error:  # the other curves may do, and what there is of this one is kept
            failures.append(error)
        made[curve.name] = points.rows()
        _keep(curve, points, out, picture)
        if left:
            break
    if failures:
        raise failures[0]
    every = [point for rows in made.values() for point in rows]
    good = all(not point.get("lost") and point.get("balanced", True) for point in every)
    if json:
        print_json({"out": str(out), "good": good, "curves": made})
    if left:
        return 130
    return 0 if good else 1


def _measure(curve: Curve, wanted: Any, points: Points, plan: Plan, scale: float) -> None:
    said = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=said,
    ) as bars:  # fmt: skip
        whole = bars.add_task(curve.name, total=len(wanted))
        part = bars.add_task("")
        done = points.read()
        bars.update(whole, completed=sum(value in done for value in wanted))
        stage = Stage(plan, scale, lambda at, total: bars.update(part, completed=at, total=total))
        for value, measured in run(
            curve, wanted, stage, points, done,
            lambda value: bars.reset(part, description=f"  {curve.label}: {value}"),
        ):  # fmt: skip
            bars.advance(whole)
            said.print(f"{curve.axis} {value}: {_figures(measured[-1], curve)}", highlight=False)


def _figures(point: Point, curve: Curve) -> str:
    return "  ".join(f"{name} {value}" for name, value in point.items() if name != curve.axis)


def _keep(curve: Curve, points: Points, out: Path, picture: str) -> None:
    rows = points.rows()
    table_path = points.write_table()
    if table_path is None:
        return
    if picture != "none":
        draw(curve, rows, out / f"{curve.name}.{picture}")
    shown = list(dict.fromkeys(name for panel in curve.panels for name in panel.figures))
    table = Table(curve.axis, *shown, "lost", title=curve.title, box=None)
    for row in rows if len(rows) <= 20 else rows[-20:]:
        table.add_row(*(str(row.get(name, "")) for name in (curve.axis, *shown, "lost")))
    console(stderr=True).print(table)


def _curve(name: str) -> Curve:
    if name not in CURVES:
        raise CommandError(f"There is no curve {name!r}.", f"Write {', '.join(CURVES)}.", 2)
    return CURVES[name]


def _values(curve: Curve, text: str) -> list[Any]:
    kind = type(curve.values[0])
    try:
        return [kind(word.strip()) for word in text.split(",")]
    except ValueError as error:
        raise CommandError(f"{text!r} are no values of {curve.axis}.", "Write such as 5000,10000.", 2) from error
