"""Quarter hours held against the steps of a condition: which devices came how far, and when."""

import numpy as np

from gateway.config.conditions.places import Thresholds
from gateway.config.conditions.steps import StepsCondition
from gateway.reports.building.parts import clock
from gateway.reports.facts import Context, Windows
from gateway.reports.gathering.pipes import Levels
from gateway.reports.model import Column, Table, Verdict
from gateway.reports.words.words import Words

__all__ = ["extreme", "lowest_step", "step_table", "steps_at"]

_WORST = 8


def steps_at(spec: StepsCondition, context: Context, device: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """High and low steps that go for a device."""
    zone, asset = context.zone_of.get(device, ""), context.asset_of.get(device, "")
    own = Thresholds(spec.where).at(zone, asset, device)
    return tuple(own.get("high", spec.high)), tuple(own.get("low", spec.low))


def lowest_step(spec: StepsCondition) -> float | None:
    """The first low step; None where there is none."""
    return spec.low[0] if spec.low else None


def extreme(spec: StepsCondition, windows: Windows) -> tuple[float, int]:
    """The value nearest to its steps or beyond them, and the begin of its window: means where the condition judges
    means, else single readings."""
    high, low = (windows.mean, windows.mean) if spec.window_secs else (windows.max, windows.min)
    column, place = (high, int(np.argmax(high))) if spec.high else (low, int(np.argmin(low)))
    return float(column[place]), int(windows.start[place])


def step_table(levels: Levels, context: Context, words: Words) -> Table:
    """The devices that came furthest."""
    spec = levels.spec
    found = [(*extreme(spec, windows), windows) for windows in levels.windows if len(windows.start)]
    found.sort(key=lambda each: (-each[0] if spec.high else each[0], each[2].device))
    rows, verdicts = [], []
    for value, at, windows in found[:_WORST]:
        high, low = steps_at(spec, context, windows.device)
        steps = high if spec.high else low
        reached = sum(value >= step if spec.high else value <= step for step in steps)
        rows.append((
            windows.device, context.zone(windows.device), windows.quantity, value, clock(at, context.period),
            " / ".join(f"{step:g}" for step in steps), reached,
        ))  # fmt: skip
        verdicts.append(Verdict.BAD if reached > 1 else Verdict.WARN if reached else Verdict.GOOD)
    unit = found[0][2].unit if found else ""
    side = "col.highest" if spec.high else "col.lowest"
    columns = (
        Column(words("col.device")), Column(words("col.zone")), Column(words("col.quantity")),
        Column(words(side), words.unit(unit), 1), Column(words("col.when")),
        Column(words("steps.steps"), words.unit(unit)), Column(words("steps.level"), digits=0),
    )  # fmt: skip
    note = words("steps.note_mean" if spec.window_secs else "steps.note", shown=len(rows), of=len(found))
    return Table(words.title(spec.title), columns, tuple(rows), tuple(verdicts), note, words("none.windows"))
