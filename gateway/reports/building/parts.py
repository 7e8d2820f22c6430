"""What builders share: times as a report shows them, alarms of a domain as a table, gaps as sentences."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from gateway.reports.facts import AlarmFacts, Context, FigureValue
from gateway.reports.model import BarPlot, Bars, Column, KeyFigure, Report, Section, Table, Verdict
from gateway.reports.period import HOUR, Period, local
from gateway.reports.reckoning.alarm_spans import ACTIVE, announcements, spans
from gateway.reports.words.words import Words

__all__ = [
    "alarm_bars", "alarm_figure", "alarm_table", "by_asset", "clock", "listing", "mean", "not_over", "period_text",
    "plot_note", "report",
]  # fmt: skip

_MOST_NAMED = 8
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE = 60_000_000_000


def clock(ns: int, period: Period) -> str:
    """Hour and minute; in a report of a week with the day. The midnight that ends the period is 24:00."""
    when = local(ns, period.zone)
    if ns == period.end:
        return "24:00" if period.kind == "day" else f"{local(ns - 1, period.zone):%m-%d} 24:00"
    return f"{when:%H:%M}" if period.kind == "day" else f"{when:%m-%d %H:%M}"


def period_text(period: Period, words: Words) -> str:
    """Such as: Monday 2026-03-02, 24 h, Asia/Shanghai."""
    first, last = local(period.start, period.zone), local(period.end - 1, period.zone)
    if period.kind == "day":
        day = words(f"weekday.{_WEEKDAYS[first.weekday()]}")
        return words(
            "period.day", weekday=day, day=f"{first:%Y-%m-%d}", hours=f"{period.hours:g}", zone=period.timezone
        )
    return words(
        "period.week", week=period.name, first=f"{first:%Y-%m-%d}", last=f"{last:%Y-%m-%d}",
        hours=f"{period.hours:g}", zone=period.timezone,
    )  # fmt: skip


def mean(values: Iterable[float]) -> float | None:
    """None where there is none."""
    found = list(values)
    return sum(found) / len(found) if found else None


def listing(names: Sequence[str], words: Words) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return words("list.more", names=shown, more=more) if more > 0 else shown


def plot_note(note: str, named: int, of: int, words: Words) -> str:
    """What a plot's lines are, and where only some of them have a name, that the others are grey."""
    if named >= of:
        return note
    said = words("plot.others", shown=named, others=of - named)
    return f"{note}{'' if words.lang == 'zh' or not note else ' '}{said}"


def by_asset(figures: Iterable[FigureValue], name: str) -> dict[str, list[FigureValue]]:
    """Figures of that name, of each asset, by time."""
    out: dict[str, list[FigureValue]] = defaultdict(list)
    for each in figures:
        if each.name == name:
            out[each.asset].append(each)
    return dict(sorted(out.items()))


def not_over(context: Context, words: Words) -> list[str]:
    """Remarks where the period is not over yet, or nothing came in parts of it."""
    if context.known_until <= context.period.start:
        return [words("gap.future")]
    out = []
    if context.known_until < context.period.end:
        until = local(context.known_until, context.period.zone)
        out.append(words("gap.running", until=f"{until:%Y-%m-%d %H:%M}"))
    if context.unheard:
        hours = sum(end - begin for begin, end in context.unheard) / HOUR
        spans = [f"{clock(begin, context.period)} – {clock(end, context.period)}" for begin, end in context.unheard]
        out.append(words("gap.unheard", hours=f"{hours:g}", spans=listing(spans, words)))
    return out


def alarm_figure(alarms: AlarmFacts, words: Words) -> KeyFigure:
    """How many alarms were announced, and how many stood at the end."""
    told = announcements(alarms.changes)
    urgent = sum(each.priority <= 2 for each in told)
    standing = sum(each.state in ACTIVE for each in alarms.after)
    return KeyFigure(
        words("alarms.announced"), len(told), digits=0, verdict=Verdict.WARN if urgent else Verdict.NONE,
        note=words("alarms.announced_note", urgent=urgent, standing=standing),
    )  # fmt: skip


def alarm_table(alarms: AlarmFacts, context: Context, words: Words) -> Table:
    """A row a condition: how often, where, how long."""
    told = announcements(alarms.changes)
    number = Counter(each.condition for each in told)
    places: dict[str, set[str]] = defaultdict(set)
    longest: dict[str, tuple[int, str]] = {}
    standing: Counter[str] = Counter()
    worst: dict[str, int] = {}
    for each in told:
        places[each.condition].add(each.asset)
    for span in spans(alarms, context.period):
        longest[span.condition] = max(longest.get(span.condition, (0, "")), (span.end - span.begin, span.asset))
        standing[span.condition] += span.stands
        worst[span.condition] = min(worst.get(span.condition, 9), span.priority)
        places[span.condition].add(span.asset)
    names = sorted(places, key=lambda name: (worst.get(name, 9), -number[name], name))
    rows = []
    for name in names:
        length, where = longest.get(name, (None, ""))
        urgency = worst.get(name, min((each.priority for each in told if each.condition == name), default=4))
        rows.append((
            words.title(context.title(name)), words(f"priority.{urgency}"), number[name], len(places[name]),
            None if length is None else length / _MINUTE, context.name(where), standing[name],
        ))  # fmt: skip
    columns = (
        Column(words("alarms.condition")), Column(words("alarms.priority")), Column(words("alarms.number"), digits=0),
        Column(words("alarms.places"), digits=0), Column(words("alarms.longest"), "min", 0),
        Column(words("alarms.where")), Column(words("alarms.standing"), digits=0),
    )  # fmt: skip
    return Table(
        words("alarms.table"), columns, tuple(rows), note=words("alarms.table_note"), empty=words("alarms.none")
    )


def alarm_bars(alarms: AlarmFacts, context: Context, words: Words) -> BarPlot:
    """Alarms an hour (of a week: a day), stacked by priority."""
    period = context.period
    edges = [*range(period.start, period.end, HOUR)] if period.kind == "day" else list(period.midnights[:-1])
    counts: dict[int, list[float | None]] = {priority: [0.0] * len(edges) for priority in (1, 2, 3, 4)}
    for each in announcements(alarms.changes):
        place = sum(edge <= each.at for edge in edges) - 1
        if place >= 0 and each.priority in counts:
            counts[each.priority][place] = (counts[each.priority][place] or 0) + 1
    form = "%H" if period.kind == "day" else "%m-%d"
    ends = [*edges[1:], period.end]
    unknown = [
        place for place, (edge, end) in enumerate(zip(edges, ends, strict=True))
        if edge >= context.known_until or context.is_unheard(edge, end)
    ]  # fmt: skip
    for values in counts.values():
        for place in unknown:
            values[place] = values[place] or None  # what was told all the same is known
    return BarPlot(
        words("alarms.by_hour" if period.kind == "day" else "alarms.by_day"), words("unit.alarms"),
        tuple(f"{local(edge, period.zone):{form}}" for edge in edges),
        tuple(Bars(words(f"priority.{p}"), tuple(counts[p]), tone) for p, tone in ((1, 3), (2, 2), (3, 1), (4, 0))),
        axis=words("axis.hour" if period.kind == "day" else "axis.day"), digits=0,
    )  # fmt: skip


def report(
    domain: str, context: Context, words: Words, figures: Sequence[KeyFigure], sections: Sequence[Section],
    remarks: Sequence[str],
) -> Report:  # fmt: skip
    """Put one together, with what every report says."""
    return Report(
        domain, words.lang, words(f"{domain}.title_{context.period.kind}"), context.city,
        period_text(context.period, words), context.period, tuple(figures), tuple(sections),
        (*not_over(context, words), *remarks),
    )  # fmt: skip
