"""The report on the power grid: voltage, unbalance, distortion and frequency against GB/T, events, losses, alarms."""

from collections import Counter, defaultdict

import numpy as np

from gateway.reports.building.grid_plots import deviation_plot, distribution_plot, loss_plot
from gateway.reports.building.parts import alarm_figure, alarm_table, by_asset, clock, listing, report
from gateway.reports.gathering.grid import GridData, Supply
from gateway.reports.model import BarPlot, Cell, Column, KeyFigure, LinePlot, Report, Section, Table, Verdict
from gateway.reports.reckoning.grid_quality import MeterQuality
from gateway.reports.words.words import Words
from processors.conditions.grid.classify import Kind, Lasting
from processors.conditions.grid.compliance import Measure
from processors.conditions.grid.compliance import Verdict as Kept

__all__ = ["build_grid"]

_WORST = 10
_MOST_EVENTS = 30
_OVERLOADED = 1.0


def build_grid(data: GridData, words: Words) -> Report:
    """What the meters and figures of the period come to."""
    # of kinds from which nothing came a remark tells
    shown = [supply for supply in data.supplies if supply.meters] or data.supplies[:1]
    sections = [_supply_section(data, supply, words) for supply in shown]
    sections.append(Section(words("grid.events"), (_event_table(data, words),)))
    if data.losses or data.loading:
        parts: list[LinePlot | BarPlot | Table] = [loss_plot(data, words)] if data.losses else []
        sections.append(Section(words("grid.losses"), (*parts, _loading_table(data, words))))
    sections.append(Section(words("section.alarms"), (alarm_table(data.alarms, data.context, words),)))
    figures = [*_key_figures(data, words), alarm_figure(data.alarms, words)]
    return report("grid", data.context, words, figures, sections, _remarks(data, words))


def _meters(data: GridData) -> list[tuple[Supply, MeterQuality]]:
    return [(supply, meter) for supply in data.supplies for meter in supply.meters]


def _key_figures(data: GridData, words: Words) -> list[KeyFigure]:
    meters = _meters(data)
    out = [_kept_figure(meters, measure, words) for measure in Measure]
    found = [(m.lowest, m) for _, m in meters if m.lowest == m.lowest]
    out.append(_extreme(words("grid.lowest"), min(found, default=None, key=lambda pair: pair[0])))
    found = [(m.highest, m) for _, m in meters if m.highest == m.highest]
    out.append(_extreme(words("grid.highest"), max(found, default=None, key=lambda pair: pair[0])))
    low = _finite(m.frequency_least for _, m in meters)
    high = _finite(m.frequency_most for _, m in meters)
    if low and high:
        within = min(low) >= 49.8 and max(high) <= 50.2
        out.append(KeyFigure(
            words("grid.frequency"), f"{min(low):.2f} … {max(high):.2f}", "Hz", limit=words("grid.frequency_limit"),
            verdict=Verdict.GOOD if within else Verdict.WARN,
        ))  # fmt: skip
    kinds = Counter(int(each.value) for each in data.events if each.name == "kind")
    said = ", ".join(f"{words(f'kind.{kind}')} {number}" for kind, number in sorted(kinds.items()))
    out.append(KeyFigure(words("grid.event_number"), sum(kinds.values()), digits=0, note=said))
    loss = [each.value for each in data.losses if each.name == "loss_kwh"]
    if loss:
        out.append(KeyFigure(words("grid.loss"), sum(loss), "kWh", 0, note=words("grid.loss_note", hours=len(loss))))
    if data.loading:
        most = max(data.loading, key=lambda each: each.value)
        out.append(KeyFigure(
            words("grid.loading"), most.value * 100, "%", 0, words("grid.loading_limit"),
            Verdict.BAD if most.value >= _OVERLOADED else Verdict.GOOD,
            f"{data.context.name(most.asset)}, {clock(most.ts, data.context.period)}",
        ))  # fmt: skip
    return out


def _finite(values: object) -> list[float]:
    return [value for value in values if value == value]  # type: ignore[attr-defined]  # noqa: PLR0124


def _kept_figure(meters: list[tuple[Supply, MeterQuality]], measure: Measure, words: Words) -> KeyFigure:
    """How many meters keep to the limits of a measure, of those of which enough is known."""
    name = measure.name.lower()
    judged = [m for _, m in meters if m.verdict[measure] != Kept.UNKNOWN]
    measured = sum(bool(m.coverage[measure] > 0) for _, m in meters)
    kept = sum(m.verdict[measure] == Kept.COMPLIES for m in judged)
    shares = _finite(m.share[measure] for m in judged)
    if not judged:
        verdict, value = Verdict.UNKNOWN if measured else Verdict.NONE, None
    else:
        verdict, value = Verdict.GOOD if kept == len(judged) else Verdict.BAD, f"{kept} / {len(judged)}"
    note = words("grid.worst_share", share=f"{min(shares) * 100:.1f}") if shares else ""
    if measured > len(judged):
        note = "; ".join(part for part in (note, words("grid.unjudged", number=measured - len(judged))) if part)
    return KeyFigure(
        words(f"grid.kept_{name}"),
        value,
        words("unit.meters"),
        limit=words(f"grid.limit_{name}"),
        verdict=verdict,
        note=note,
    )


def _extreme(label: str, found: tuple[float, MeterQuality] | None) -> KeyFigure:
    if found is None:
        return KeyFigure(label, None, "%")
    value, meter = found
    low, high = meter.low[Measure.VOLTAGE], meter.high[Measure.VOLTAGE]
    limit = f"{low:+.0f} … {high:+.0f} %" if np.isfinite(low) and np.isfinite(high) else ""
    outside = bool(limit) and not low <= round(value, 9) <= high
    return KeyFigure(label, value, "%", 1, limit, Verdict.WARN if outside else Verdict.GOOD, meter.device)


def _supply_section(data: GridData, supply: Supply, words: Words) -> Section:
    parts: list[LinePlot | BarPlot | Table] = []
    if supply.spec.phases and supply.meters:
        parts += [deviation_plot(data, supply, words), distribution_plot(supply, words)]
    parts.append(_meter_table(data, supply, words))
    title = words("grid.supply", profile=supply.spec.profile)
    return Section(title, tuple(parts), words("grid.supply_text", number=len(supply.meters)))


def _meter_table(data: GridData, supply: Supply, words: Words) -> Table:
    """The worst meters: those that fail first, then by what keeps least."""
    spec = supply.spec
    order = sorted(
        supply.meters,
        key=lambda m: (-float((m.verdict == Kept.FAILS).sum()), float(np.nanmin([*m.share, 2.0])), m.device),
    )[:_WORST]
    columns = [Column(words("col.device")), Column(words("col.zone")), Column(words("grid.nominal"), "V", 0)]
    cells: list[list[Cell]] = [[m.device, data.context.zone(m.device), m.nominal] for m in order]

    def add(title: str, unit: str, digits: int, of: object) -> None:
        columns.append(Column(title, unit, digits))
        for row, meter in zip(cells, order, strict=True):
            value = float(of(meter))  # type: ignore[operator]
            row.append(None if value != value else value)  # noqa: PLR0124

    if spec.phases:
        add(words("grid.voltage_within"), "%", 1, lambda m: m.share[Measure.VOLTAGE] * 100)
        add(words("grid.lowest_short"), "%", 1, lambda m: m.lowest)
        add(words("grid.highest_short"), "%", 1, lambda m: m.highest)
    if spec.lines:
        add(words("grid.unbalance_95"), "%", 2, lambda m: m.unbalance_95)
        add(words("grid.unbalance_most"), "%", 2, lambda m: m.unbalance_most)
    if spec.thd is not None:
        add(words("grid.thd_95"), "%", 1, lambda m: m.thd_95)
    if spec.frequency is not None:
        add(words("grid.frequency_within"), "%", 1, lambda m: m.share[Measure.FREQUENCY] * 100)
    add(words("col.known"), "%", 0, lambda m: min(float(np.nanmax([*m.coverage, 0.0])), 1) * 100)
    verdicts = tuple(
        Verdict.BAD if (m.verdict == Kept.FAILS).any()
        else Verdict.GOOD if (m.verdict == Kept.COMPLIES).any() else Verdict.UNKNOWN
        for m in order
    )  # fmt: skip
    return Table(
        words("grid.meter_table", number=len(order), of=len(supply.meters)), tuple(columns),
        tuple(tuple(row) for row in cells), verdicts, words("grid.meter_note"), words("none.windows"),
    )  # fmt: skip


def _event_table(data: GridData, words: Words) -> Table:
    found: dict[tuple[int, str, str], dict[str, float]] = defaultdict(dict)
    for each in data.events:
        found[each.ts, each.condition, each.asset][each.name] = each.value
    worst = sorted(found.items(), key=lambda pair: (pair[1].get("residual", 2.0), pair[0]))[:_MOST_EVENTS]
    rows = []
    for (ts, _, device), event in sorted(worst):
        kind, lasting = int(event.get("kind", Kind.UNKNOWN)), int(event.get("lasting", Lasting.UNKNOWN))
        residual = event.get("residual")
        rows.append((
            clock(ts, data.context.period), device, data.context.zone(device), words(f"kind.{kind}"),
            words(f"lasting.{lasting}"), None if residual is None else residual * 100, event.get("duration"),
        ))  # fmt: skip
    columns = (
        Column(words("col.begin")), Column(words("col.device")), Column(words("col.zone")), Column(words("grid.kind")),
        Column(words("grid.lasting")), Column(words("grid.residual"), "%", 0), Column(words("grid.duration"), "s", 2),
    )  # fmt: skip
    note = (
        words("grid.event_note")
        if len(found) <= _MOST_EVENTS
        else words("grid.event_cut", shown=_MOST_EVENTS, of=len(found))
    )
    return Table(words("grid.event_table"), columns, tuple(rows), note=note, empty=words("grid.no_event"))


def _loading_table(data: GridData, words: Words) -> Table:
    rows, verdicts = [], []
    for name, found in sorted(
        by_asset(data.loading, "loading").items(), key=lambda pair: -max(e.value for e in pair[1])
    ):
        most = max(found, key=lambda each: each.value)
        rows.append((
            data.context.name(name), data.context.zone(name), sum(e.value for e in found) / len(found) * 100,
            most.value * 100, clock(most.ts, data.context.period),
        ))  # fmt: skip
        verdicts.append(Verdict.BAD if most.value >= _OVERLOADED else Verdict.GOOD)
    columns = (
        Column(words("grid.transformer")), Column(words("col.zone")), Column(words("col.mean"), "%", 0),
        Column(words("col.highest"), "%", 0), Column(words("col.when")),
    )  # fmt: skip
    return Table(
        words("grid.loading_table"),
        columns,
        tuple(rows[:_WORST]),
        tuple(verdicts[:_WORST]),
        empty=words("none.figures"),
    )


def _remarks(data: GridData, words: Words) -> list[str]:
    out = [
        words(
            "grid.silent", profile=supply.spec.profile, number=len(supply.silent), names=listing(supply.silent, words)
        )
        for supply in data.supplies if supply.silent
    ]  # fmt: skip
    if data.context.period.kind == "day":
        out.append(words("grid.a_day"))
    return [*out, words("grid.source"), words("grid.short_events")]
