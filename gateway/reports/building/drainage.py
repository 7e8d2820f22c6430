"""The report on drains: how full they were, when, how much rain fell, alarms."""

from typing import NamedTuple

import numpy as np

from gateway.reports.building.parts import alarm_figure, alarm_table, by_asset, clock, listing, mean, plot_note, report
from gateway.reports.facts import FigureValue
from gateway.reports.gathering.pipes import QUARTER, DrainageData
from gateway.reports.model import (
    BarPlot,
    Bars,
    Column,
    KeyFigure,
    Limit,
    LinePlot,
    Report,
    Section,
    Series,
    Table,
    Verdict,
)
from gateway.reports.period import HOUR
from gateway.reports.reckoning.grids import hours_of
from gateway.reports.words.words import Words

__all__ = ["build_drainage"]

_QUARTER = QUARTER * 1_000_000_000
_SHOWN = 4
_ROWS = 15
FULL = 1.0
"""Filling degree at the pipe's crown."""
_MM = 1_000


class _Rain(NamedTuple):
    """mm of each gauge, and of each hour as the mean of the gauges that told one."""

    gauges: dict[str, float]
    hours: tuple[float | None, ...]


def build_drainage(data: DrainageData, words: Words) -> Report:
    """What the figures of the period come to."""
    drains, rain = by_asset(data.filling, "filling"), _rain(data)
    high = next((each.filling for each in data.context.of_kind("filling")), None)
    sections = [
        Section(words("drainage.filling"), (_plot(data, drains, high, words), _table(data, drains, high, words)))
    ]
    if data.rain:
        sections.append(Section(words("drainage.rain"), (_rain_bars(data, rain, words),)))
    sections.append(Section(words("section.alarms"), (alarm_table(data.alarms, data.context, words),)))
    figures = [*_key_figures(data, drains, rain, high, words), alarm_figure(data.alarms, words)]
    return report("drainage", data.context, words, figures, sections, _remarks(data, drains, words))


def _verdict(filling: float | None, high: float | None) -> Verdict:
    if filling is None:
        return Verdict.UNKNOWN
    if filling > FULL:
        return Verdict.BAD
    return Verdict.WARN if high is not None and filling >= high else Verdict.GOOD


def _rain(data: DrainageData) -> _Rain:
    hours = hours_of(data.context.period).starts
    gauges, sums, numbers = {}, np.zeros(len(hours)), np.zeros(len(hours))
    for windows in data.rain:
        if not len(windows.start):
            continue
        # a reading is what fell since the one before; a window has their mean and how many there were
        fell = windows.mean * windows.count * _MM
        gauges[windows.device] = float(fell.sum())
        place = np.searchsorted(np.array(hours), windows.start, side="right") - 1
        sums += np.bincount(place, fell, minlength=len(hours))
        numbers += np.bincount(np.unique(place), minlength=len(hours))
    by_hour = [
        total / number if number else None for total, number in zip(sums.tolist(), numbers.tolist(), strict=True)
    ]
    return _Rain(gauges, tuple(by_hour))


def _key_figures(
    data: DrainageData, drains: dict[str, list[FigureValue]], rain: _Rain, high: float | None, words: Words
) -> list[KeyFigure]:
    context = data.context
    highest = max((each for found in drains.values() for each in found), key=lambda each: each.value, default=None)
    filling = None if highest is None else highest.value
    surcharged = [name for name, found in drains.items() if any(each.value > FULL for each in found)]
    quarters = sum(each.value > FULL for found in drains.values() for each in found)
    fell = mean(rain.gauges.values())
    most = max(rain.gauges.items(), key=lambda pair: pair[1], default=None)
    return [
        KeyFigure(
            words("drainage.highest"), None if filling is None else filling * 100, "%", 0, words("drainage.limit"),
            _verdict(filling, high),
            "" if highest is None else f"{context.name(highest.asset)}, {clock(highest.ts - _QUARTER, context.period)}",
        ),
        KeyFigure(
            words("drainage.surcharged"), len(surcharged) if drains else None, digits=0,
            verdict=Verdict.UNKNOWN if not drains else Verdict.BAD if surcharged else Verdict.GOOD,
            note=words("drainage.surcharged_note", hours=f"{quarters / 4:.1f}") if surcharged else "",
        ),
        KeyFigure(
            words("drainage.fell"), fell, "mm", 1,
            note="" if most is None else words("drainage.most_rain", gauge=most[0], mm=f"{most[1]:.1f}"),
        ),
    ]  # fmt: skip


def _plot(data: DrainageData, drains: dict[str, list[FigureValue]], high: float | None, words: Words) -> LinePlot:
    order = sorted(drains, key=lambda name: (max(each.value for each in drains[name]), name))
    named = set(order[-_SHOWN:])
    lines = tuple(
        Series(
            data.context.name(name), tuple(each.ts - _QUARTER // 2 for each in drains[name]),
            tuple(each.value * 100 for each in drains[name]), quiet=name not in named,
        )
        for name in order
    )  # fmt: skip
    limits = [Limit(FULL * 100, words("drainage.crown"))]
    if high is not None:
        limits.insert(0, Limit(high * 100, words("drainage.high")))
    note = plot_note(words("drainage.plot_note"), len(named), len(order), words)
    return LinePlot(words("drainage.plot"), "%", data.context.period, lines, tuple(limits), note, 0.0)


def _table(data: DrainageData, drains: dict[str, list[FigureValue]], high: float | None, words: Words) -> Table:
    context = data.context
    expected = max(context.known_until - context.period.start, 1) / _QUARTER
    order = sorted(drains.items(), key=lambda pair: (-max(each.value for each in pair[1]), pair[0]))[:_ROWS]
    rows, verdicts = [], []
    for name, found in order:
        highest = max(found, key=lambda each: each.value)
        above = sum(high is not None and each.value >= high for each in found) / 4
        rows.append((
            context.name(name), context.zone(name), (mean(each.value for each in found) or 0.0) * 100,
            highest.value * 100, clock(highest.ts - _QUARTER, context.period),
            above, min(len(found) / expected, 1) * 100,
        ))  # fmt: skip
        verdicts.append(_verdict(highest.value, high))
    columns = (
        Column(words("drainage.drain")), Column(words("col.zone")), Column(words("col.mean"), "%", 0),
        Column(words("col.highest"), "%", 0), Column(words("col.when")), Column(words("drainage.above"), "h", 1),
        Column(words("col.known"), "%", 0),
    )  # fmt: skip
    title = words("drainage.table", shown=len(rows), of=len(drains))
    return Table(title, columns, tuple(rows), tuple(verdicts), words("drainage.table_note"), words("none.figures"))


def _rain_bars(data: DrainageData, rain: _Rain, words: Words) -> BarPlot:
    period, hours = data.context.period, hours_of(data.context.period)
    unknown = [at >= data.context.known_until for at in hours.starts]
    values = tuple(None if gone else value for value, gone in zip(rain.hours, unknown, strict=True))
    return BarPlot(
        words("drainage.rain_plot"), "mm", hours.labels, (Bars(words("drainage.rain_bar"), values, 0),),
        every=3 if period.kind == "day" else 24, axis=words("axis.hour"),
        note=words("drainage.rain_note", gauges=len(rain.gauges)),
    )  # fmt: skip


def _remarks(data: DrainageData, drains: dict[str, list[FigureValue]], words: Words) -> list[str]:
    out = []
    if not drains:
        out.append(words("drainage.no_figures"))
    silent = sorted(windows.device for windows in data.rain if not len(windows.start))
    if silent:
        out.append(words("drainage.silent", number=len(silent), names=listing(silent, words)))
    short = HOUR // _QUARTER * data.context.period.hours
    partly = sorted(name for name, found in drains.items() if len(found) < 0.9 * short)
    if partly:
        out.append(words("drainage.partly", number=len(partly), names=listing(partly, words)))
    return [*out, words("drainage.source")]
