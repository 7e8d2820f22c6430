"""The report on the alarm system itself, by ISA-18.2: rate, floods, bad actors, chattering, stale ones, priorities."""

import statistics
from collections import Counter

from gateway.engine.alarm_figures import CHATTER
from gateway.reports.building.parts import alarm_bars, alarm_table, clock, report
from gateway.reports.gathering.upkeep import AlarmData
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
from gateway.reports.period import HOUR, local
from gateway.reports.reckoning.alarm_performance import FLOOD, GUIDE, MANAGEABLE, TEN_MINUTES, Performance, performance
from gateway.reports.words.words import Words

__all__ = ["build_alarms"]

_FLOOD_SHARE = 0.01
_TOP_SHARE = 0.05
_MOST_STALE = 4
_ROWS = 15


def build_alarms(data: AlarmData, words: Words) -> Report:
    """What the changes of the period come to."""
    context = data.context
    end = max(min(context.known_until, context.period.end), context.period.start)
    found = performance(data.alarms, context.period.start, end, context.unheard)
    sections = [
        Section(words("isa.rate"), (alarm_bars(data.alarms, context, words), _tens_plot(data, found, words))),
        Section(words("isa.actors"), (*_top_plots(data, found, words), _top_table(data, found, words))),
        Section(words("isa.priorities"), (_priority_table(found, words),)),
        Section(words("isa.acknowledge"), (_acknowledge_table(found, words),)),
        Section(words("isa.stale"), (_stale_table(data, found, words),)),
        Section(words("section.alarms"), (alarm_table(data.alarms, context, words),)),
    ]
    remarks = [words("isa.operators", number=data.operators), words("isa.source"), words("isa.counted")]
    if found.number and not found.acknowledged:
        remarks.insert(0, words("isa.nobody"))
    return report("alarms", context, words, _key_figures(data, found, words), sections, remarks)


def _key_figures(data: AlarmData, found: Performance, words: Words) -> list[KeyFigure]:
    tens = int(found.heard.sum())
    rate = found.number / tens / data.operators if tens else None
    most = int(found.tens.max()) if tens else None
    when = (
        clock(data.context.period.start + int(found.tens.argmax()) * TEN_MINUTES, data.context.period) if most else ""
    )
    flood, top = found.flood_share, found.top_share
    unknown = Verdict.UNKNOWN
    return [
        KeyFigure(words("isa.number"), found.number if tens else None, digits=0),
        KeyFigure(
            words("isa.per_ten"), rate, "", 2, words("isa.limit_rate"),
            unknown if rate is None else
            Verdict.GOOD if rate <= MANAGEABLE[0] else Verdict.WARN if rate <= MANAGEABLE[1] else Verdict.BAD,
        ),
        KeyFigure(words("isa.per_hour"), None if rate is None else rate * 6, "", 1, words("isa.limit_hour")),
        KeyFigure(
            words("isa.most"), most, "", 0, words("isa.limit_most", flood=FLOOD),
            unknown if most is None else Verdict.GOOD if most <= FLOOD else Verdict.BAD, when,
        ),
        KeyFigure(
            words("isa.flood"), None if flood is None else flood * 100, "%", 1, words("isa.limit_flood"),
            unknown if flood is None else Verdict.GOOD if flood < _FLOOD_SHARE else Verdict.BAD,
        ),
        KeyFigure(
            words("isa.top"), None if top is None else top * 100, "%", 0, words("isa.limit_top"),
            Verdict.NONE if top is None else Verdict.GOOD if top <= _TOP_SHARE else Verdict.WARN,
        ),
        KeyFigure(
            words("isa.chattering"), len(found.chattering) if tens else None, "", 0, words("isa.limit_none"),
            Verdict.WARN if found.chattering else Verdict.GOOD if tens else unknown,
        ),
        KeyFigure(
            words("isa.stale_number"), len(found.stale) if tens else None, "", 0, words("isa.limit_stale"),
            unknown if not tens else Verdict.GOOD if len(found.stale) <= _MOST_STALE else Verdict.WARN,
        ),
    ]  # fmt: skip


def _tens_plot(data: AlarmData, found: Performance, words: Words) -> LinePlot:
    start = data.context.period.start
    times = tuple(start + k * TEN_MINUTES for k in range(len(found.tens) + 1))
    known = zip(found.tens.tolist(), found.heard.tolist(), strict=True)
    values = [float(number) if heard else None for number, heard in known]
    line = Series(words("isa.tens"), times[: len(values)], tuple(values), steps=True)
    limits = (
        Limit(MANAGEABLE[1] * data.operators, words("isa.manageable")),
        Limit(float(FLOOD), words("isa.flood_line")),
    )
    return LinePlot(words("isa.tens_plot"), words("unit.alarms"), data.context.period, (line,), limits, floor=0.0)


def _top_plots(data: AlarmData, found: Performance, words: Words) -> list[BarPlot]:
    if not found.top:
        return []
    labels = tuple(f"{words.title(data.context.title(e.condition))}: {data.context.name(e.asset)}" for e in found.top)
    bars = (Bars(words("alarms.number"), tuple(float(each.number) for each in found.top), 0),)
    return [BarPlot(words("isa.top_plot"), words("unit.alarms"), labels, bars, lying=True, digits=0)]


def _top_table(data: AlarmData, found: Performance, words: Words) -> Table:
    chattering = set(found.chattering)
    rows = tuple(
        (
            words.title(data.context.title(each.condition)), data.context.name(each.asset), each.number,
            each.share * 100, words("isa.yes") if (each.condition, each.asset) in chattering else "",
        )
        for each in found.top
    )  # fmt: skip
    columns = (
        Column(words("alarms.condition")), Column(words("alarms.where")), Column(words("alarms.number"), digits=0),
        Column(words("isa.share"), "%", 1), Column(words("isa.chatters")),
    )  # fmt: skip
    others = [key for key in found.chattering if key not in {(each.condition, each.asset) for each in found.top}]
    note = words("isa.top_note", times=CHATTER, others=len(others))
    return Table(words("isa.top_table"), columns, rows, note=note, empty=words("alarms.none"))


def _priority_table(found: Performance, words: Words) -> Table:
    shares = found.shares()
    critical, high, medium, low = found.priorities
    names = ("isa.high", "priority.3", "priority.4")
    numbers = (critical + high, medium, low)
    rows, verdicts = [], []
    for place, (name, number) in enumerate(zip(names, numbers, strict=True)):
        share = None if shares is None else shares[place]
        over = share is not None and share > GUIDE[place] and place < len(GUIDE) - 1
        rows.append((words(name), number, None if share is None else share * 100, GUIDE[place] * 100))
        verdicts.append(
            Verdict.NONE if share is None or place == len(GUIDE) - 1 else Verdict.WARN if over else Verdict.GOOD
        )
    columns = (
        Column(words("alarms.priority")), Column(words("alarms.number"), digits=0), Column(words("isa.share"), "%", 1),
        Column(words("isa.guide"), "%", 0),
    )  # fmt: skip
    note = words("isa.critical", number=critical)
    return Table(words("isa.priority_table"), columns, tuple(rows), tuple(verdicts), note)


def _acknowledge_table(found: Performance, words: Words) -> Table:
    rows = []
    for priority in (1, 2, 3, 4):
        secs = sorted(secs for of, secs in found.acknowledged if of == priority)
        if not found.priorities[priority - 1] and not secs:
            continue
        middle = statistics.median(secs) / 60 if secs else None
        late = secs[min(int(len(secs) * 0.9), len(secs) - 1)] / 60 if secs else None
        rows.append((
            words(f"priority.{priority}"), found.priorities[priority - 1], len(secs), middle, late,
            secs[-1] / 60 if secs else None,
        ))  # fmt: skip
    columns = (
        Column(words("alarms.priority")), Column(words("alarms.number"), digits=0),
        Column(words("isa.acknowledged"), digits=0), Column(words("isa.median"), "min", 1),
        Column(words("isa.ninety"), "min", 1), Column(words("isa.longest"), "min", 1),
    )  # fmt: skip
    return Table(words("isa.acknowledge_table"), columns, tuple(rows), empty=words("alarms.none"))


def _stale_table(data: AlarmData, found: Performance, words: Words) -> Table:
    context, end = data.context, min(data.context.known_until, data.context.period.end)
    rows = tuple(
        (
            words.title(context.title(each.condition)), context.name(each.asset), words(f"priority.{each.priority}"),
            f"{local(each.since, context.period.zone):%Y-%m-%d %H:%M}", (end - each.since) / HOUR,
        )
        for each in sorted(found.stale, key=lambda each: (each.since, each.condition, each.asset))[:_ROWS]
    )  # fmt: skip
    columns = (
        Column(words("alarms.condition")), Column(words("alarms.where")), Column(words("alarms.priority")),
        Column(words("isa.since")), Column(words("isa.standing"), "h", 0),
    )  # fmt: skip
    zones = Counter(each.zone for each in found.stale)
    note = words("isa.stale_note", shown=len(rows), of=sum(zones.values()))
    return Table(words("isa.stale_table"), columns, rows, note=note, empty=words("isa.no_stale"))
