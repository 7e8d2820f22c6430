"""The report on roads: indices by zone and segment, worst hours, congestion events, reliability, alarms."""

from collections import defaultdict

import numpy as np

from gateway.reports.building.parts import alarm_figure, alarm_table, by_asset, clock, listing, mean, plot_note, report
from gateway.reports.facts import FigureValue
from gateway.reports.gathering.traffic import TrafficData
from gateway.reports.model import Column, HeatPlot, KeyFigure, Limit, LinePlot, Report, Section, Series, Table, Verdict
from gateway.reports.reckoning.grids import Hours, hour_means, hours_of
from gateway.reports.words.words import Words
from processors.conditions.traffic.delay import TPI_EDGES

__all__ = ["build_traffic"]

_WORST = 10
_HEAT_ROWS = 20
_SHOWN = 4
"""Zones that are drawn with a name."""
_SECOND = 1_000_000_000
LIGHT, MODERATE = TPI_EDGES[1], TPI_EDGES[2]


def build_traffic(data: TrafficData, words: Words) -> Report:
    """What the figures of the period come to."""
    context, hours = data.context, hours_of(data.context.period)
    zones, segments = by_asset(data.zones, "tpi"), by_asset(data.segments, "tpi")
    by_hour = {zone: _hours(found, data.zone_secs, hours) for zone, found in zones.items()}
    sections = [
        Section(words("traffic.zones"), (_zone_plot(data, zones, words), _zone_table(data, zones, words))),
        Section(
            words("traffic.segments"), (_heat(data, segments, hours, words), _segment_table(data, segments, words))
        ),
        Section(words("traffic.hours"), (_hour_table(data, by_hour, hours, words),)),
        Section(words("section.alarms"), (alarm_table(data.alarms, context, words),)),
    ]
    figures = [*_key_figures(data, zones, segments, by_hour, hours, words), alarm_figure(data.alarms, words)]
    return report("traffic", context, words, figures, sections, _remarks(data, zones, segments, words))


def _verdict(tpi: float | None) -> Verdict:
    if tpi is None:
        return Verdict.UNKNOWN
    return Verdict.GOOD if tpi < LIGHT else Verdict.WARN if tpi < MODERATE else Verdict.BAD


def _middle(figure: FigureValue, secs: float) -> int:
    """A figure is told at the end of its time; it lies in the hour in which its middle is."""
    return figure.ts - round(secs * _SECOND / 2)


def _hours(found: list[FigureValue], secs: float, hours: Hours) -> list[float | None]:
    return hour_means((_middle(each, secs) for each in found), (each.value for each in found), hours)


def _key_figures(
    data: TrafficData, zones: dict[str, list[FigureValue]], segments: dict[str, list[FigureValue]],
    by_hour: dict[str, list[float | None]], hours: Hours, words: Words,
) -> list[KeyFigure]:  # fmt: skip
    context, limit = data.context, words("traffic.limit")
    highest = max((each for found in zones.values() for each in found), key=lambda each: each.value, default=None)
    usual = mean(value for found in zones.values() if (value := mean(each.value for each in found)) is not None)
    city = _city_hours(by_hour, hours)
    place = max((k for k in range(len(city)) if city[k] is not None), key=lambda k: city[k] or 0.0, default=None)
    worst_hour = None if place is None else city[place]
    congested = sum(each.value >= MODERATE for found in segments.values() for each in found)
    events = [each for each in data.events if each.name == "congestion_secs"]
    longest = max(events, key=lambda each: each.value, default=None)
    planning = max(
        (each for each in data.travel if each.name == "planning_time_index"), key=lambda each: each.value, default=None
    )
    return [
        KeyFigure(
            words("traffic.highest"), None if highest is None else highest.value, "TPI", 1, limit,
            _verdict(None if highest is None else highest.value),
            "" if highest is None else f"{context.name(highest.asset)}, {clock(highest.ts, context.period)}",
        ),
        KeyFigure(
            words("traffic.mean"), usual, "TPI", 1, limit, _verdict(usual), words("traffic.mean_note", zones=len(zones))
        ),
        KeyFigure(
            words("traffic.worst_hour"), worst_hour, "TPI", 1, limit, _verdict(worst_hour),
            "" if place is None else words("traffic.hour_from", hour=clock(hours.starts[place], context.period)),
        ),
        KeyFigure(
            words("traffic.congested"), congested * data.segment_secs / 3600 if segments else None,
            words("unit.segment_hours"), 1, note=words("traffic.congested_note"),
        ),
        KeyFigure(
            words("traffic.events"), len(events) if segments else None, digits=0,
            note="" if longest is None else words(
                "traffic.longest", minutes=f"{longest.value / 60:.0f}", where=context.name(longest.asset)),
        ),
        KeyFigure(
            words("traffic.planning"), None if planning is None else planning.value, "", 2,
            note="" if planning is None else context.name(planning.asset),
        ),
    ]  # fmt: skip


def _city_hours(by_hour: dict[str, list[float | None]], hours: Hours) -> list[float | None]:
    """Mean over zones of each hour."""
    return [
        mean(value for found in by_hour.values() if (value := found[k]) is not None) for k in range(len(hours.starts))
    ]


def _zone_plot(data: TrafficData, zones: dict[str, list[FigureValue]], words: Words) -> LinePlot:
    worst = sorted(zones, key=lambda zone: -max(each.value for each in zones[zone]))[:_SHOWN]
    lines = [
        Series(
            data.context.name(zone), tuple(_middle(each, data.zone_secs) for each in zones[zone]),
            tuple(each.value for each in zones[zone]), quiet=zone not in worst,
        )
        for zone in sorted(zones, key=lambda zone: (zone in worst, -worst.index(zone) if zone in worst else 0))
    ]  # fmt: skip
    limits = (Limit(LIGHT, words("level.3")), Limit(MODERATE, words("level.4")), Limit(TPI_EDGES[3], words("level.5")))
    note = plot_note("", len(worst), len(zones), words)
    return LinePlot(words("traffic.zone_plot"), "TPI", data.context.period, tuple(lines), limits, note, 0.0)


def _zone_table(data: TrafficData, zones: dict[str, list[FigureValue]], words: Words) -> Table:
    context = data.context
    expected = max(context.known_until - context.period.start, 1) / _SECOND / data.zone_secs
    rows, verdicts = [], []
    for zone, found in sorted(zones.items(), key=lambda pair: -max(each.value for each in pair[1])):
        highest = max(found, key=lambda each: each.value)
        congested = sum(each.value >= LIGHT for each in found) / len(found)
        rows.append((
            context.name(zone), mean(each.value for each in found), highest.value, clock(highest.ts, context.period),
            congested * 100, min(len(found) / expected, 1) * 100,
        ))  # fmt: skip
        verdicts.append(_verdict(highest.value))
    columns = (
        Column(words("col.zone")), Column(words("col.mean"), "TPI", 1), Column(words("col.highest"), "TPI", 1),
        Column(words("col.when")), Column(words("traffic.share"), "%", 0), Column(words("col.known"), "%", 0),
    )  # fmt: skip
    return Table(words("traffic.zone_table"), columns, tuple(rows), tuple(verdicts), empty=words("none.figures"))


def _worst_segments(segments: dict[str, list[FigureValue]], most: int) -> list[str]:
    return sorted(segments, key=lambda name: (-float(np.mean([each.value for each in segments[name]])), name))[:most]


def _heat(data: TrafficData, segments: dict[str, list[FigureValue]], hours: Hours, words: Words) -> HeatPlot:
    worst = _worst_segments(segments, _HEAT_ROWS)
    return HeatPlot(
        words("traffic.heat"), "TPI", tuple(data.context.name(name) for name in worst), hours.labels,
        tuple(tuple(_hours(segments[name], data.segment_secs, hours)) for name in worst), TPI_EDGES,
        tuple(words(f"level.{level}") for level in range(1, 6)),
        every=3 if data.context.period.kind == "day" else 24, axis=words("axis.hour"),
        note=words("traffic.heat_note", shown=len(worst), of=len(segments)),
    )  # fmt: skip


def _segment_table(data: TrafficData, segments: dict[str, list[FigureValue]], words: Words) -> Table:
    context = data.context
    events: dict[str, int] = defaultdict(int)
    for each in data.events:
        events[each.asset] += each.name == "congestion_secs"
    worst_of: dict[tuple[str, str], float] = {}
    for each in data.travel:
        key = each.asset, each.name
        worst_of[key] = max(worst_of.get(key, each.value), each.value)
    rows = []
    for name in _worst_segments(segments, _WORST):
        values = [each.value for each in segments[name]]
        minutes = sum(value >= MODERATE for value in values) * data.segment_secs / 60
        indices = [worst_of.get((name, f"{kind}_index")) for kind in ("travel_time", "planning_time", "buffer")]
        rows.append(
            (context.name(name), context.zone(name), mean(values), max(values), minutes, events[name], *indices)
        )
    columns = (
        Column(words("traffic.segment")), Column(words("col.zone")), Column(words("col.mean"), "TPI", 1),
        Column(words("col.highest"), "TPI", 1), Column(words("traffic.minutes"), "min", 0),
        Column(words("traffic.events_short"), digits=0), Column("TTI", digits=2), Column("PTI", digits=2),
        Column("BI", digits=2),
    )  # fmt: skip
    return Table(
        words("traffic.segment_table", number=len(rows)),
        columns,
        tuple(rows),
        note=words("traffic.segment_note"),
        empty=words("none.figures"),
    )


def _hour_table(data: TrafficData, by_hour: dict[str, list[float | None]], hours: Hours, words: Words) -> Table:
    city = _city_hours(by_hour, hours)
    known = [(value, place) for place, value in enumerate(city) if value is not None]
    rows, verdicts = [], []
    for value, place in sorted(known, key=lambda pair: (-pair[0], pair[1]))[:5]:
        zone = max(by_hour, key=lambda name: (by_hour[name][place] or -1.0, name))
        rows.append((
            clock(hours.starts[place], data.context.period), value, data.context.name(zone), by_hour[zone][place]
        ))  # fmt: skip
        verdicts.append(_verdict(by_hour[zone][place]))
    columns = (
        Column(words("traffic.hour_begin")), Column(words("traffic.city_mean"), "TPI", 1),
        Column(words("traffic.worst_zone")), Column(words("traffic.there"), "TPI", 1),
    )  # fmt: skip
    return Table(words("traffic.hour_table"), columns, tuple(rows), tuple(verdicts), empty=words("none.figures"))


def _remarks(
    data: TrafficData, zones: dict[str, list[FigureValue]], segments: dict[str, list[FigureValue]], words: Words
) -> list[str]:
    out = []
    missing = [name for name in data.listed if name not in segments]
    if not zones:
        out.append(words("traffic.no_zones"))
    if missing:
        out.append(words("traffic.missing", number=len(missing), of=len(data.listed), names=listing(missing, words)))
    if not data.travel:
        out.append(words("traffic.no_travel"))
    return [*out, words("traffic.source"), words("traffic.weights")]
