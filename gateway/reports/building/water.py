"""The report on water mains: night flow and leakage, balance of metered areas, pressure, alarms."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.engine.timezone import clock_times
from gateway.reports.building.parts import alarm_figure, alarm_table, clock, listing, mean, plot_note, report
from gateway.reports.building.steps import lowest_step, step_table
from gateway.reports.gathering.pipes import QUARTER, WaterData
from gateway.reports.model import (
    BarPlot,
    Bars,
    Cell,
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
from gateway.reports.period import Period
from gateway.reports.reckoning.grids import known, on_grid
from gateway.reports.words.words import Words
from processors.columns import F64, I64

__all__ = ["build_water"]

_QUARTER = QUARTER * 1_000_000_000
_NIGHT = (120, 240)
"""02:00 to 04:00 by the city's clocks: the window of the IWA's texts, whatever the condition's own is."""
_SHOWN = 4
_HIGH_LOSS = 0.15
"""Ours: what is asked of supply networks in China is 10 to 12 % (from memory); above this it is said loudly."""


class _Area(NamedTuple):
    """A metered area over the period."""

    zone: str
    net: F64
    """Net inflow of each quarter hour, m3/h; NaN where a meter is missing."""
    night: float | None
    """Mean from 02:00 to 04:00, m3/h."""
    least: float | None
    """Night flow as the condition tells it: mean over the nights, without such as can't be."""
    leakage: float | None
    impossible: int
    """Nights with a flow below 0: a tank's gauge jumped, or a meter runs backwards."""
    sums: dict[str, float]
    """Figures of the balance, m3, over the days that are known."""
    days: int
    """How many these are."""


def build_water(data: WaterData, words: Words) -> Report:
    """What the figures and flows of the period come to."""
    context, period = data.context, data.context.period
    starts = np.arange(period.start, period.end, _QUARTER)
    areas = _areas(data, starts)
    sections = [
        Section(
            words("water.night"),
            (_night_bars(data, areas, words), _flow_plot(data, areas, starts, words), _night_table(data, areas, words)),
        ),
        Section(words("water.balance"), (_balance_table(data, areas, words),)),
        Section(words("water.pressure"), (*_pressure_plots(data, words), *_pressure_tables(data, words))),
        Section(words("section.alarms"), (alarm_table(data.alarms, context, words),)),
    ]
    figures = [*_key_figures(data, areas, words), alarm_figure(data.alarms, words)]
    return report("water", context, words, figures, sections, _remarks(data, areas, words))


def _areas(data: WaterData, starts: I64) -> list[_Area]:
    night = _night_quarters(data.context.period, starts)
    told: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in data.figures:
        told[each.asset][each.name].append(each.value)
    nets: dict[str, F64] = {}
    for border in data.borders:
        flow = np.full(len(starts), np.nan) if border.windows is None else on_grid(border.windows, starts)
        nets[border.zone] = nets.get(border.zone, np.zeros(len(starts))) + border.sign * flow
    out = []
    for zone in sorted({*nets, *told}):
        net, figures = nets.get(zone, np.full(len(starts), np.nan)), told[zone]
        names = ("inflow", "outflow", "storage_change", "supply", "metered", "loss")
        sums = {name: sum(figures[name]) for name in names if figures.get(name)}
        at_night, nights = net[night], figures["night_flow"]
        possible = [each for each in nights if each >= 0]
        out.append(_Area(
            zone, net, float(np.nanmean(at_night)) if np.isfinite(at_night).any() else None,
            mean(possible), mean(each for each in figures["leakage"] if each >= 0), len(nights) - len(possible), sums,
            len(figures.get("inflow", ())),
        ))  # fmt: skip
    return out


def _night_quarters(period: Period, starts: I64) -> NDArray[np.bool_]:
    begin, end = (clock_times(period.timezone, minutes) for minutes in _NIGHT)
    inside = np.zeros(len(starts), np.bool_)
    first = int(np.searchsorted(begin, period.start))
    for day in range(first, min(first + len(period.days), len(begin))):
        inside |= (starts >= begin[day]) & (starts < end[day])
    return inside


def _sum(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return sum(found) if found else None


def _key_figures(data: WaterData, areas: list[_Area], words: Words) -> list[KeyFigure]:
    days = len(data.context.period.days)
    night, leakage = _sum(a.least for a in areas), _sum(a.leakage for a in areas)
    balanced = [a for a in areas if a.days]
    supply, loss = _sum(a.sums.get("supply") for a in areas), _sum(a.sums.get("loss") for a in areas)
    metered_supply = _sum(a.sums.get("supply") for a in areas if "loss" in a.sums)
    share = loss / metered_supply if loss is not None and metered_supply else None
    known_nights = sum(a.least is not None for a in areas)
    worst = max((a for a in areas if a.leakage is not None), key=lambda a: a.leakage or 0.0, default=None)
    lowest, logger = _lowest_pressure(data)
    limit = min((step for levels in data.pressures if (step := lowest_step(levels.spec)) is not None), default=None)
    return [
        KeyFigure(
            words("water.night_flow"), night, "m³/h", 0,
            note=words("water.areas_known", known=known_nights, of=len(areas)),
        ),
        KeyFigure(
            words("water.leakage"), leakage, "m³/h", 0,
            note="" if worst is None else words(
                "water.worst_leakage", zone=data.context.name(worst.zone), flow=f"{worst.leakage:.0f}"),
        ),
        KeyFigure(
            words("water.supply"), supply, "m³", 0,
            note=words("water.days_known", known=sum(a.days for a in balanced), of=days * len(areas)),
        ),
        KeyFigure(
            words("water.loss"), None if share is None else share * 100, "%", 1,
            note=words("water.loss_unknown") if share is None else "",
            verdict=Verdict.NONE if share is None else Verdict.WARN if share > _HIGH_LOSS else Verdict.GOOD,
        ),
        KeyFigure(
            words("water.lowest_pressure"), lowest, "kPa", 0,
            "" if limit is None else words("water.pressure_limit", kpa=f"{limit:g}"),
            Verdict.NONE if limit is None else
            Verdict.UNKNOWN if lowest is None else Verdict.BAD if lowest <= limit else Verdict.GOOD,
            logger,
        ),
    ]  # fmt: skip


def _lowest_pressure(data: WaterData) -> tuple[float | None, str]:
    """Lowest mean of a quarter hour of any logger, and where and when."""
    found = [
        (float(w.mean.min()), w.device, int(w.start[int(np.argmin(w.mean))]))
        for levels in data.pressures for w in levels.windows if len(w.mean)
    ]  # fmt: skip
    if not found:
        return None, ""
    value, device, at = min(found)
    return value, f"{device}, {clock(at, data.context.period)}"


def _night_bars(data: WaterData, areas: list[_Area], words: Words) -> BarPlot:
    shown = [a for a in areas if a.least is not None]
    shown.sort(key=lambda a: (-(a.least or 0.0), a.zone))
    lost = [None if a.leakage is None else max(min(a.leakage, a.least or 0.0), 0.0) for a in shown]
    rest = [None if a.least is None else a.least - (part or 0.0) for a, part in zip(shown, lost, strict=True)]
    bars = [Bars(words("water.used"), tuple(rest), 0)]
    if any(part is not None for part in lost):
        bars.append(Bars(words("water.leakage_short"), tuple(lost), 2))
    return BarPlot(
        words("water.night_plot"), "m³/h", tuple(data.context.name(a.zone) for a in shown), tuple(bars), lying=True,
        note=words("water.night_note"), digits=0,
    )  # fmt: skip


def _flow_plot(data: WaterData, areas: list[_Area], starts: I64, words: Words) -> LinePlot:
    heard = [a for a in areas if np.isfinite(a.net).any()]
    order = sorted(heard, key=lambda a: float(np.nanmean(a.net)))
    named = {a.zone for a in order[-_SHOWN:]}
    times = tuple((starts + _QUARTER // 2).tolist())
    lines = tuple(
        Series(data.context.name(a.zone), times, tuple(known(a.net)), quiet=a.zone not in named) for a in order
    )
    note = plot_note(words("water.flow_note"), len(named), len(order), words)
    return LinePlot(words("water.flow_plot"), "m³/h", data.context.period, lines, (), note, 0.0)


def _night_table(data: WaterData, areas: list[_Area], words: Words) -> Table:
    connections = dict(data.connections)
    rows: list[tuple[Cell, ...]] = []
    for a in areas:
        homes = connections.get(a.zone, 0)
        per_home = None if a.least is None or not homes else a.least * 1000 / homes
        rows.append((data.context.name(a.zone), homes or None, a.night, a.least, per_home, a.leakage))
    columns = (
        Column(words("col.area")), Column(words("water.connections"), digits=0),
        Column(words("water.night_mean"), "m³/h", 1), Column(words("water.least"), "m³/h", 1),
        Column(words("water.per_connection"), "L/h", 1),
        Column(words("water.leakage_short"), "m³/h", 1),
    )  # fmt: skip
    return Table(words("water.night_table"), columns, tuple(rows), empty=words("none.figures"))


def _balance_table(data: WaterData, areas: list[_Area], words: Words) -> Table:
    rows: list[tuple[Cell, ...]] = []
    verdicts = []
    for a in areas:
        supply, loss = a.sums.get("supply"), a.sums.get("loss")
        share = loss / supply if loss is not None and supply else None
        rows.append((
            data.context.name(a.zone), a.days, a.sums.get("inflow"), a.sums.get("outflow"),
            a.sums.get("storage_change"), supply, a.sums.get("metered"), loss, None if share is None else share * 100,
        ))  # fmt: skip
        verdicts.append(Verdict.NONE if share is None else Verdict.WARN if share > _HIGH_LOSS else Verdict.GOOD)
    columns = (
        Column(words("col.area")), Column(words("water.days"), digits=0),
        Column(words("water.inflow"), "m³", 0), Column(words("water.outflow"), "m³", 0),
        Column(words("water.storage"), "m³", 0), Column(words("water.supply_short"), "m³", 0),
        Column(words("water.metered"), "m³", 0), Column(words("water.loss_short"), "m³", 0),
        Column(words("water.share"), "%", 1),
    )  # fmt: skip
    return Table(
        words("water.balance_table"), columns, tuple(rows), tuple(verdicts), words("water.balance_note"),
        words("none.figures"),
    )  # fmt: skip


def _pressure_plots(data: WaterData, words: Words) -> list[LinePlot]:
    """The three loggers with the lowest pressure, among the others."""
    for levels in data.pressures[:1]:
        there = sorted((w for w in levels.windows if len(w.start)), key=lambda w: -float(w.min.min()))
        if not there:
            return []
        worst = {w.device for w in there[-3:]}
        lines = tuple(
            Series(
                w.device, tuple((w.start + _QUARTER // 2).tolist()), tuple(known(w.mean)), quiet=w.device not in worst
            )
            for w in there
        )
        limits = tuple(
            Limit(step, f"{step:g} kPa")
            for each in data.pressures
            for step in (*each.spec.low[:1], *each.spec.high[:1])
        )
        note = plot_note(words("water.pressure_note"), len(worst), len(there), words)
        return [LinePlot(words("water.pressure_plot"), "kPa", data.context.period, lines, limits, note, 0.0)]
    return []


def _pressure_tables(data: WaterData, words: Words) -> list[Table]:
    return [step_table(levels, data.context, words) for levels in data.pressures]


def _remarks(data: WaterData, areas: list[_Area], words: Words) -> list[str]:
    out = []
    unheard = sorted(
        border.device for border in data.borders if border.windows is None or not len(border.windows.start)
    )
    if unheard:
        out.append(words("water.silent", number=len(unheard), names=listing(unheard, words)))
    unknown = [data.context.name(a.zone) for a in areas if a.least is None]
    if unknown:
        out.append(words("water.no_night", number=len(unknown), names=listing(unknown, words)))
    odd = [data.context.name(a.zone) for a in areas if a.impossible]
    if odd:
        out.append(words("water.impossible", number=len(odd), names=listing(odd, words)))
    nights = data.context.of_kind("night-flow")[:1]
    out += [words("water.window", begin=each.night[0], end=each.night[1]) for each in nights]
    return [*out, words("water.source")]
