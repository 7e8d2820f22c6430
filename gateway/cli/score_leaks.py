"""`cityloom score leaks DIR`: the leak detector on a year whose leaks are known."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.score.battledim import read_year
from gateway.score.leaks import REQUIRED, TRIALS, Figures, LeakScore, LeakYear, Night, variants
from processors.detectors.leak import LeakSettings

__all__ = ["leaks"]

_SHOWN = (
    "alarms", "unexplained", "abrupt_in_time", "abrupt_median_days", "free_alarms_inflow", "free_alarms_tank",
    "steps_found", "ramps_found", "most_false_in_ramps",
)  # fmt: skip
_MEANING = {
    "alarms": "alarms in the year",
    "unexplained": "alarms that no leak explains",
    "abrupt": "abrupt leaks",
    "abrupt_in_time": "abrupt leaks raised within 2 days of their start",
    "abrupt_median_days": "days until they are raised, median",
    "abrupt_worst_days": "days until they are raised, longest",
    "abrupt_flow_error": "error of their estimated flow, median",
    "leaks": "leaks that start in the year",
    "leaks_raised": "leaks raised at all",
    "repairs": "leaks that end in the year",
    "repairs_told": "ends told as repairs",
    "repairs_false": "repairs told where no leak ended",
    "free_alarms_inflow": "alarms of the inflow without its true leaks",
    "free_alarms_tank": "alarms of the tank's balance without its true leaks",
    "free_repairs": "repairs told without leaks",
    "steps_found": "share of 5 m3/h steps in the leak-free inflow found within 3 days",
    "ramps_found": "share of ramps of 0.2 m3/h a day found there within 30 days",
    "most_false_in_ramps": "false alarms before such a ramp, at most",
    "tank_steps_found": "share of 5 m3/h steps in the tank's balance found within 3 days",
}


def leaks(
    directory: Path, /, *, sensitivity: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Json = False,
) -> int:  # fmt: skip
    """Judge the leak detector on the BattLeDIM 2019 year. Exit code 1 where a figure is not what is required.

    Parameters
    ----------
    directory
        Folder with the year's files: flows, levels, leaks and their true flow.
    sensitivity
        Judge again with every parameter changed by a quarter, down and up.
    """
    year = read_year(directory)
    settings, night = LeakSettings(), Night()
    plan: list[tuple[str, float, float, LeakSettings, Night]] = []
    if sensitivity:
        plan = [(*variant, night) for variant in variants(settings)]
        plan += [("night hours", night.hours, hours, settings, Night(hours, night.width)) for hours in (4.5, 7.5)]
        plan += [("night width", night.width, width, settings, Night(night.hours, width)) for width in (3, 5)]
    others: list[tuple[str, float, float, LeakScore]] = []
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console(stderr=True), transient=True,
    ) as bars:  # fmt: skip
        task = bars.add_task("leaks put into the year", total=3 * TRIALS)
        ready = LeakYear(year, night, lambda: bars.advance(task))
        score = ready.judge(settings)
        again = bars.add_task("parameters changed by a quarter", total=len(plan), visible=bool(plan))
        for name, was, now, changed, nights in plan:
            made = ready if nights == night else LeakYear(year, nights)
            others.append((name, was, now, made.judge(changed)))
            bars.advance(again)
    if json:
        print_json(_as_dict(score, settings, night, others))
    else:
        _show(score, others)
    return 1 if score.missed else 0


def _as_dict(
    score: LeakScore, settings: LeakSettings, night: Night, others: list[tuple[str, float, float, LeakScore]]
) -> dict[str, Any]:
    told = [
        {"parameter": name, "was": was, "is": now, "missed": other.missed, **other.as_dict()["figures"]}
        for name, was, now, other in others
    ]
    return {**score.as_dict(), "setting": {**asdict(settings), "night": asdict(night)}, "sensitivity": told}


def _show(score: LeakScore, others: list[tuple[str, float, float, LeakScore]]) -> None:
    out = console()
    out.print(_event_table(score))
    out.print(_leak_table(score))
    out.print(_figure_table(score.figures))
    if others:
        out.print(_sensitivity_table(others))


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="dim")
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _event_table(score: LeakScore) -> Table:
    table = _table(
        "Alarms and repairs; true: what the leak grew by since the alarm before, 30 nights at most",
        ("night", "what", "balance", "began about", "leak"), ("m3/h", "true m3/h", "days after"),
    )  # fmt: skip
    for row in score.events:
        table.add_row(
            row["night"], row["what"], row["balance"], row["began"], row["pipe"] or "[red]none[/]",
            _number(row["flow"]), _number(row["true_flow"]), _number(row["days"]),
        )  # fmt: skip
    return table


def _leak_table(score: LeakScore) -> Table:
    table = _table(
        "Leaks that start in the year, and the alarm that raised each; true: the leak's flow then",
        ("leak", "kind", "balance", "start", "raised"), ("days after", "m3/h", "true m3/h", "most m3/h"),
    )  # fmt: skip
    for row in score.leaks:
        table.add_row(
            row["pipe"], row["kind"], row["balance"], row["start"], row["raised"] or "[yellow]not[/]",
            _number(row["days"]), _number(row["told_flow"]), _number(row["true_flow"]), _number(row["most_flow"]),
        )  # fmt: skip
    return table


def _figure_table(figures: Figures) -> Table:
    table = _table("Figures", ("",), ("is", "required"))
    for name, value in asdict(figures).items():
        bound, holds = REQUIRED.get(name, ("", None))
        mark = "" if holds is None else "green" if holds(figures) else "bold red"
        table.add_row(_MEANING[name], f"[{mark}]{value:g}[/]" if mark else f"{value:g}", bound)
    return table


def _sensitivity_table(others: list[tuple[str, float, float, LeakScore]]) -> Table:
    heads = tuple(name.replace("_", " ") for name in _SHOWN)
    table = _table("Every parameter changed by a quarter", ("parameter",), ("was", "is", *heads))
    for name, was, now, score in others:
        cells = []
        for figure in _SHOWN:
            value = getattr(score.figures, figure)
            cells.append(f"[red]{value:g}[/]" if figure in score.missed else f"{value:g}")
        table.add_row(name.replace("_", " "), f"{was:g}", f"{now:g}", *cells)
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
