"""The score of a run in a terminal: one table for what was counted, one for troubles, and what is wrong by name."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.output import console
from gateway.cli.text import clean
from gateway.score.troubles import Raised, Verdict
from gateway.score.truth_readings import KINDS, Odd
from gateway.score.truth_score import RunScore
from gateway.score.truth_windows import OddWindow

__all__ = ["show_score"]

_NAMED = 10
"""Of a kind; the JSON has more."""


def show_score(score: RunScore, zone: ZoneInfo, written: Sequence[Path]) -> None:
    """Print it."""
    out = console()
    story, counts = score.run.story, score.run.story["counts"]
    title = score.run.scenario or "no scenario"
    out.print(
        f"[bold]{escape(clean(title))}[/], seed {story['seed']}: {counts['sent']:,} messages sent by"
        f" {story['devices']:,} devices, {score.readings.expected:,} readings to be stored"
    )
    for note in score.notes:
        out.print(f"[yellow]{escape(note)}[/]")
    out.print(_counts(score))
    if score.alarms.verdicts:
        out.print(_troubles(score.alarms.verdicts, zone))
    _name_odd(out, score, zone)
    wrong = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in score.wrong.items())
    out.print(f"[bold red]wrong:[/] {wrong}" if wrong else "[bold green]all is as it ought to be[/]")
    for path in written:
        out.print(f"[dim]written: {escape(str(path))}[/]")


def _counts(score: RunScore) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name, where in (("", "left"), ("compared", "right"), ("wrong", "right"), ("of them", "left")):
        table.add_column(name, justify=where)  # type: ignore[arg-type]
    counts, windows, alarms = score.readings.counts, score.windows, score.alarms
    odd = sum(counts[kind] for kind in KINDS) + counts["zone"]
    table.add_row("readings", f"{score.readings.expected:,}", _red(odd), _list(counts))
    left_out = f"{windows.left_out:,} left out: not closed, or not certain" if windows.left_out else ""
    steps = ", ".join(_step(step) for step in windows.compared)
    table.add_row(f"windows {steps}", f"{sum(windows.compared.values()):,}", _red(windows.off), left_out)
    figures = [figure for figure in score.ledger if not figure.right]
    table.add_row("figures of the ledger", f"{len(score.ledger)}", _red(len(figures)), "")
    verdicts = alarms.verdicts
    table.add_row("troubles", f"{len(verdicts)}", _red(len(alarms.wrong)), _trouble_list(verdicts))
    passed = "any number is let pass" if score.at_most is None else f"{score.at_most} let pass" if score.at_most else ""
    false = len(score.false_alarms)
    explained = f"{len(score.disturbed)} more follow from faults of devices" if score.disturbed else ""
    wrong = score.wrong.get("false_alarms", 0)
    table.add_row(
        "alarms without explanation", f"{false}", _red(wrong), ", ".join(filter(None, (passed, explained)))
    )  # fmt: skip
    return table


def _red(count: int) -> str:
    return f"[bold red]{count:,}[/]" if count else "[green]0[/]"


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)


def _trouble_list(verdicts: Sequence[Verdict]) -> str:
    hit = sum(verdict.right for verdict in verdicts)
    return f"{hit} raised once, in time, and cleared" if verdicts else ""


def _troubles(verdicts: Sequence[Verdict], zone: ZoneInfo) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("from", "trouble", "alarm", "at", "after", "allowed", "verdict"):
        table.add_column(name, justify="right" if name in ("after", "allowed") else "left")
    for verdict in verdicts:
        expected, delay = verdict.expected, verdict.delay_secs
        table.add_row(
            _local(expected.start, zone), clean(expected.kind, 20), clean(expected.expect, 28), clean(expected.at, 24),
            "-" if delay is None else f"{delay:,.0f} s", f"{expected.within / 1e9:,.0f} s", _word(verdict),
        )  # fmt: skip
    return table


def _word(verdict: Verdict) -> str:
    if not verdict.alarms:
        return "[bold red]missed[/]"
    wrong = [
        word
        for word, holds in (("late", verdict.hit), ("again", verdict.once), ("not cleared", verdict.cleared))
        if not holds
    ]
    return f"[yellow]{', '.join(wrong)}[/]" if wrong else "[green]right[/]"


def _name_odd(out: Console, score: RunScore, zone: ZoneInfo) -> None:
    for kind in (*KINDS, "zone"):
        some = [each for each in score.readings.odd if each.kind == kind]
        for each in some[:_NAMED]:
            out.print(f"[red]{kind}[/]  {escape(_reading(each, zone))}")
        _more(out, score.readings.counts[kind] - min(len(some), _NAMED), kind)
    for window in score.windows.odd[:_NAMED]:
        out.print(f"[red]window off[/]  {escape(_window(window, zone))}")
    _more(out, score.windows.off - len({_key(each) for each in score.windows.odd[:_NAMED]}), "windows")
    for figure in score.ledger:
        if not figure.right:
            ought = f"{figure.least:,}" if figure.least == figure.most else f"{figure.least:,} to {figure.most:,}"
            out.print(f"[red]ledger[/]  {escape(figure.name)}: {figure.found:,}, and ought to be {ought}")
    for alarm in score.false_alarms[:_NAMED]:
        out.print(f"[yellow]alarm without explanation[/]  {escape(_alarm(alarm, zone))}")
    _more(out, len(score.false_alarms) - _NAMED, "alarms without explanation")


def _more(out: Console, count: int, kind: str) -> None:
    if count > 0:
        out.print(f"[dim]and {count:,} more {kind}: score.json[/]")


def _key(window: OddWindow) -> tuple[str, str, int, int]:
    return window.device, window.quantity, window.step, window.start


def _reading(odd: Odd, zone: ZoneInfo) -> str:
    if not odd.quantity:
        return f"{clean(odd.device)} {clean(odd.detail)}"
    values = {
        "lost": f"{_value(odd.expected)} was sent",
        "altered": f"{_value(odd.expected)} was sent, {_value(odd.found)} stored",
        "unexpected": f"{_value(odd.found)} is stored",
    }.get(odd.kind, _value(odd.expected if odd.expected is not None else odd.found))  # fmt: skip
    detail = f" ({clean(odd.detail)})" if odd.detail else ""
    return f"{clean(odd.device)} {clean(odd.quantity)} at {_exact(odd.ts, zone)}: {values}{detail}"


def _window(odd: OddWindow, zone: ZoneInfo) -> str:
    place = f"{clean(odd.device)} {clean(odd.quantity)} {_step(odd.step)} from {_exact(odd.start, zone)}"
    if odd.statistic in ("missing", "unexpected"):
        return f"{place}: {odd.statistic}"
    return f"{place}: {odd.statistic} is {_value(odd.found)} and not {_value(odd.expected)}"


def _alarm(alarm: Raised, zone: ZoneInfo) -> str:
    return f"{_local(alarm.at, zone)}  {clean(alarm.condition)} at {clean(alarm.asset)} in {clean(alarm.zone)}"


def _value(value: float | None) -> str:
    return "no value" if value is None else f"{value:.12g}"


def _step(secs: int) -> str:
    return {10: "10s", 60: "1m", 900: "15m", 3600: "1h"}.get(secs, f"{secs}s")


def _local(ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ns / 1e9, zone):%m-%d %H:%M}"


def _exact(ns: int, zone: ZoneInfo) -> str:
    secs, rest = divmod(ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(secs, zone):%Y-%m-%d %H:%M:%S}{fraction}"
