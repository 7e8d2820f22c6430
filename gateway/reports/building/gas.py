"""The report on gas: the highest concentrations (the lowest of oxygen) against their steps, alarms."""

from gateway.reports.building.parts import alarm_bars, alarm_figure, alarm_table, clock, listing, plot_note, report
from gateway.reports.building.steps import extreme, step_table, steps_at
from gateway.reports.gathering.pipes import QUARTER, GasData, Levels
from gateway.reports.model import KeyFigure, Limit, LinePlot, Report, Section, Series, Verdict
from gateway.reports.reckoning.grids import known
from gateway.reports.words.words import Words

__all__ = ["build_gas"]

_SHOWN = 3
_HALF = QUARTER * 500_000_000


def build_gas(data: GasData, words: Words) -> Report:
    """What the quarter hours of the period come to."""
    context = data.context
    sections = [
        Section(words.title(levels.spec.title), (*_plots(data, levels, words), step_table(levels, context, words)))
        for levels in data.levels
    ]
    bars = (alarm_bars(data.alarms, context, words),) if data.alarms.changes else ()
    sections.append(Section(words("section.alarms"), (*bars, alarm_table(data.alarms, context, words))))
    figures = [*(_key_figure(data, levels, words) for levels in data.levels), alarm_figure(data.alarms, words)]
    return report("gas", context, words, figures, sections, _remarks(data, words))


def _key_figure(data: GasData, levels: Levels, words: Words) -> KeyFigure:
    spec = levels.spec
    found = [(*extreme(spec, windows), windows) for windows in levels.windows if len(windows.start)]
    label = words("gas.highest" if spec.high else "gas.lowest", title=words.title(spec.title))
    steps = spec.high or spec.low
    limit = words("gas.limit", steps=" / ".join(f"{step:g}" for step in steps))
    if not found:
        return KeyFigure(label, None, "", 1, limit, Verdict.UNKNOWN)
    value, at, windows = (max if spec.high else min)(found, key=lambda each: (each[0], each[2].device))
    high, low = steps_at(spec, data.context, windows.device)
    reached = sum(value >= step for step in high) if spec.high else sum(value <= step for step in low)
    return KeyFigure(
        label, value, words.unit(windows.unit), 1, limit, Verdict.BAD if reached else Verdict.GOOD,
        f"{windows.device}, {clock(at, data.context.period)}",
    )  # fmt: skip


def _plots(data: GasData, levels: Levels, words: Words) -> list[LinePlot]:
    spec = levels.spec
    there = sorted(
        (windows for windows in levels.windows if len(windows.start)),
        key=lambda windows: (extreme(spec, windows)[0] * (1 if spec.high else -1), windows.device),
    )  # fmt: skip
    if not there:
        return []
    worst = {windows.device for windows in there[-_SHOWN:]}
    lines = tuple(
        Series(
            windows.device, tuple((windows.start + _HALF).tolist()),
            tuple(known(windows.max if spec.high else windows.min)), quiet=windows.device not in worst,
        )
        for windows in there
    )  # fmt: skip
    unit = words.unit(there[0].unit)
    limits = tuple(Limit(step, f"{step:g} {unit}") for step in (spec.high or spec.low))
    note = plot_note(words("gas.plot_note" if spec.high else "gas.plot_note_low"), len(worst), len(there), words)
    return [LinePlot(words("gas.plot", title=words.title(spec.title)), unit, data.context.period, lines, limits, note)]


def _remarks(data: GasData, words: Words) -> list[str]:
    silent = sorted({w.device for levels in data.levels for w in levels.windows if not len(w.start)})
    out = [words("gas.silent", number=len(silent), names=listing(silent, words))] if silent else []
    return [*out, words("gas.source")]
