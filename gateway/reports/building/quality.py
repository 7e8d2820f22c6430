"""The report on the data: what came and what did not, flags and why, dead letters, and whether the books balance."""

from collections import Counter, defaultdict
from typing import NamedTuple

from gateway.reports.building.parts import alarm_table, listing, report
from gateway.reports.facts import Context
from gateway.reports.gathering.upkeep import QualityData
from gateway.reports.model import BarPlot, Bars, Cell, Column, KeyFigure, Report, Section, Table, Verdict
from gateway.reports.period import local
from gateway.reports.words.words import Words
from processors.flags import Flag, Why

__all__ = ["build_quality"]

_ROWS = 20
_COMPLETE = 0.95
"""Ours: below this a kind of device is pointed out."""
_FLAGS = (Flag.GOOD, Flag.UNKNOWN, Flag.SUSPECT, Flag.FAIL, Flag.MISSING)


class _Kind(NamedTuple):
    """One profile."""

    profile: str
    devices: int
    heard: int
    completeness: float | None
    """Messages that came of those that its interval promises, of listed devices; None: nothing is promised."""
    flags: Counter[int]
    late: int
    worst: tuple[tuple[str, float], ...]
    """Devices that were heard, and the completeness of each, the worst first."""


def build_quality(data: QualityData, words: Words) -> Report:
    """What the counts of the period come to."""
    kinds = _kinds(data)
    silent = _silent(data)
    sections = [
        Section(words("data.kinds"), (_complete_plot(kinds, words), _kind_table(kinds, words))),
        Section(words("data.flags"), (*_flag_plots(kinds, words), _why_table(data, words))),
        Section(words("data.devices"), (_worst_table(kinds, data.context, words), _silent_table(data, silent, words))),
        Section(words("data.letters"), (_letter_table(data, words),)),
        Section(words("data.ledger"), _ledger_tables(data, words), words("data.ledger_text", at=_when(data))),
        Section(words("section.alarms"), (alarm_table(data.alarms, data.context, words),)),
    ]
    return report(
        "data", data.context, words, _key_figures(data, kinds, silent, words), sections, _remarks(data, words)
    )


def _when(data: QualityData) -> str:
    return f"{local(data.asked_at, data.context.period.zone):%Y-%m-%d %H:%M:%S}"


def _kinds(data: QualityData) -> list[_Kind]:
    context = data.context
    listed: dict[str, set[str]] = defaultdict(set)
    for device, profile in data.devices:
        listed[profile].add(device)
    flags: dict[str, Counter[int]] = defaultdict(Counter)
    late: Counter[str] = Counter()
    series: Counter[tuple[str, str, str]] = Counter()
    for each in data.flags:
        flags[each.profile][each.flag] += each.readings
        late[each.profile] += each.readings if each.why & Why.LATE else 0
        series[each.profile, each.device, each.quantity] += each.readings
    # a message has a reading of most quantities: the fullest one tells how many messages there were
    messages: dict[tuple[str, str], int] = {}
    for (profile, device, _), number in series.items():
        messages[profile, device] = max(messages.get((profile, device), 0), number)
    out = []
    known_secs = max(context.known_until - context.period.start, 0) / 1e9
    for profile in sorted({*listed, *flags}):
        heard = {device for of, device in messages if of == profile}
        devices = listed[profile] | heard
        expected = known_secs / context.intervals[profile] if profile in context.intervals else 0.0
        share = {device: messages.get((profile, device), 0) / expected for device in devices} if expected else {}
        complete = sum(min(each, 1.0) for each in share.values()) / len(share) if share else None
        worst = sorted(
            ((device, share[device]) for device in heard if device in share), key=lambda pair: (pair[1], pair[0])
        )
        out.append(_Kind(profile, len(devices), len(heard), complete, flags[profile], late[profile], tuple(worst)))
    return out


def _silent(data: QualityData) -> list[tuple[str, str]]:
    heard = {each.device for each in data.flags}
    return [(device, profile) for device, profile in data.devices if device not in heard]


def _key_figures(data: QualityData, kinds: list[_Kind], silent: list[tuple[str, str]], words: Words) -> list[KeyFigure]:
    total: Counter[int] = Counter()
    for kind in kinds:
        total.update(kind.flags)
    readings, late = sum(total.values()), sum(kind.late for kind in kinds)
    devices = sum(kind.devices for kind in kinds)
    shares = [(kind.completeness, kind.devices) for kind in kinds if kind.completeness is not None]
    complete = sum(share * number for share, number in shares) / sum(number for _, number in shares) if shares else None

    def share(number: int) -> float | None:
        return number / readings * 100 if readings else None

    letters = sum(number for *_, number in data.letters)
    balanced = data.ledger.get("balanced")
    off = [each["name"] for each in data.ledger.get("balances", ()) if each["came"] != each["accounted"]]
    return [
        KeyFigure(words("data.readings"), readings, digits=0, note=words("data.readings_note", series=_series(data))),
        KeyFigure(
            words("data.completeness"), None if complete is None else complete * 100, "%", 1,
            words("data.complete_limit"),
            Verdict.UNKNOWN if complete is None else Verdict.GOOD if complete >= _COMPLETE else Verdict.WARN,
        ),
        KeyFigure(
            words("data.good"), share(total[Flag.GOOD] + total[Flag.UNKNOWN]), "%", 2, note=words("data.good_note")
        ),
        KeyFigure(words("data.suspect"), share(total[Flag.SUSPECT] + total[Flag.FAIL]), "%", 2),
        KeyFigure(words("data.missing"), share(total[Flag.MISSING]), "%", 2, note=words("data.missing_note")),
        KeyFigure(words("data.late"), share(late), "%", 2),
        KeyFigure(
            words("data.silent_number"), len(silent), digits=0, note=words("data.of_devices", number=devices),
            verdict=Verdict.WARN if silent else Verdict.GOOD,
        ),
        KeyFigure(words("data.letter_number"), letters, digits=0),
        KeyFigure(
            words("data.balance"), None if balanced is None else words("data.balances" if balanced else "data.off"),
            verdict=Verdict.UNKNOWN if balanced is None else Verdict.GOOD if balanced else Verdict.BAD,
            note=listing(off, words),
        ),
    ]  # fmt: skip


def _series(data: QualityData) -> int:
    return len({(each.device, each.quantity) for each in data.flags})


def _complete_plot(kinds: list[_Kind], words: Words) -> BarPlot:
    shown = sorted(
        (kind for kind in kinds if kind.completeness is not None),
        key=lambda kind: (kind.completeness or 0.0, kind.profile),
    )
    return BarPlot(
        words("data.complete_plot"), "%", tuple(kind.profile for kind in shown),
        (Bars(words("data.completeness"), tuple((kind.completeness or 0.0) * 100 for kind in shown), 0),), lying=True,
        note=words("data.complete_note"),
    )  # fmt: skip


def _kind_table(kinds: list[_Kind], words: Words) -> Table:
    rows: list[tuple[Cell, ...]] = []
    verdicts = []
    for kind in kinds:
        total = sum(kind.flags.values())
        shares = [kind.flags[flag] / total * 100 if total else None for flag in _FLAGS]
        rows.append((
            kind.profile, kind.devices, kind.heard, None if kind.completeness is None else kind.completeness * 100,
            total, *shares, kind.late,
        ))  # fmt: skip
        poor = kind.completeness is not None and kind.completeness < _COMPLETE
        verdicts.append(Verdict.BAD if not kind.heard else Verdict.WARN if poor else Verdict.GOOD)
    columns = (
        Column(words("data.kind")), Column(words("data.devices_short"), digits=0),
        Column(words("data.heard"), digits=0), Column(words("data.completeness"), "%", 1),
        Column(words("data.readings"), digits=0),
        *(Column(words(f"flag.{int(flag)}"), "%", 2) for flag in _FLAGS), Column(words("data.late_short"), digits=0),
    )  # fmt: skip
    return Table(words("data.kind_table"), columns, tuple(rows), tuple(verdicts), empty=words("none.readings"))


def _flag_plots(kinds: list[_Kind], words: Words) -> list[BarPlot]:
    """Shares of what is not good, of kinds that have such."""
    bad = (Flag.SUSPECT, Flag.FAIL, Flag.MISSING)
    shown = [kind for kind in kinds if any(kind.flags[flag] for flag in bad)]
    if not shown:
        return []
    shown.sort(key=lambda kind: (-sum(kind.flags[flag] for flag in bad) / sum(kind.flags.values()), kind.profile))
    bars = tuple(
        Bars(
            words(f"flag.{int(flag)}"), tuple(kind.flags[flag] / sum(kind.flags.values()) * 100 for kind in shown), tone
        )
        for flag, tone in ((Flag.SUSPECT, 2), (Flag.FAIL, 3), (Flag.MISSING, 4))
    )
    return [BarPlot(words("data.flag_plot"), "%", tuple(kind.profile for kind in shown), bars, lying=True, digits=2)]


def _why_table(data: QualityData, words: Words) -> Table:
    """Every bit by itself: a reading may have several."""
    number: Counter[Why] = Counter()
    profiles: dict[Why, Counter[str]] = defaultdict(Counter)
    for each in data.flags:
        for why in Why:
            if each.why & why:
                number[why] += each.readings
                profiles[why][each.profile] += each.readings
    rows = tuple(
        (
            words.known("why", (why.name or "").lower()),
            count,
            ", ".join(f"{name} {n:,}" for name, n in _most(profiles[why])),
        )
        for why, count in sorted(number.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    columns = (Column(words("data.why")), Column(words("data.readings"), digits=0), Column(words("data.mostly")))
    return Table(words("data.why_table"), columns, rows, note=words("data.why_note"), empty=words("data.no_why"))


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]


def _worst_table(kinds: list[_Kind], context: Context, words: Words) -> Table:
    found = sorted(
        ((share, device, kind.profile) for kind in kinds for device, share in kind.worst if share < _COMPLETE),
        key=lambda each: (each[0], each[1]),
    )  # fmt: skip
    rows = tuple((device, profile, context.zone(device), share * 100) for share, device, profile in found[:_ROWS])
    columns = (
        Column(words("col.device")), Column(words("data.kind")), Column(words("col.zone")),
        Column(words("data.completeness"), "%", 1),
    )  # fmt: skip
    note = words("data.worst_note", shown=len(rows), of=len(found))
    return Table(words("data.worst_table"), columns, rows, note=note, empty=words("data.no_worst"))


def _silent_table(data: QualityData, silent: list[tuple[str, str]], words: Words) -> Table:
    rows = tuple((device, profile, data.context.zone(device)) for device, profile in silent[:_ROWS])
    columns = (Column(words("col.device")), Column(words("data.kind")), Column(words("col.zone")))
    note = words("data.silent_note", shown=len(rows), of=len(silent))
    return Table(words("data.silent_table"), columns, rows, note=note, empty=words("data.no_silent"))


def _letter_table(data: QualityData, words: Words) -> Table:
    reasons: Counter[str] = Counter()
    profiles: dict[str, Counter[str]] = defaultdict(Counter)
    for reason, profile, number in data.letters:
        reasons[reason] += number
        profiles[reason][profile or words("data.no_profile")] += number
    rows = tuple(
        (reason.replace("_", " "), number, ", ".join(f"{name} {n:,}" for name, n in _most(profiles[reason])))
        for reason, number in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    columns = (Column(words("data.reason")), Column(words("data.number"), digits=0), Column(words("data.mostly")))
    note = words("data.letter_note")
    gone = sum(data.purged.values())
    if gone:
        note = f"{note} {words('data.purged', number=f'{gone:,}')}"
    return Table(words("data.letter_table"), columns, rows, note=note, empty=words("data.no_letters"))


def _ledger_tables(data: QualityData, words: Words) -> tuple[Table, ...]:
    ledger = data.ledger
    balances = tuple(
        (each["name"], each["came"], each["accounted"], each["came"] - each["accounted"])
        for each in ledger.get("balances", ())
        if not each["name"].startswith("readings of profile") or each["came"] != each["accounted"]
    )
    verdicts = tuple(Verdict.BAD if row[3] else Verdict.GOOD for row in balances)
    columns = (
        Column(words("data.equation")), Column(words("data.came"), digits=0), Column(words("data.accounted"), digits=0),
        Column(words("data.difference"), digits=0),
    )  # fmt: skip
    terms = tuple(
        (words(f"book.{book}"), term.replace("_", " "), number)
        for book in ("messages", "readings", "beside") for term, number in ledger.get(book, {}).items() if number
    )  # fmt: skip
    of_terms = (Column(words("data.book")), Column(words("data.term")), Column(words("data.number"), digits=0))
    return (
        Table(
            words("data.balance_table"), columns, balances, verdicts, words("data.balance_note"), words("none.ledger")
        ),
        Table(words("data.term_table"), of_terms, terms, empty=words("none.ledger")),
    )


def _remarks(data: QualityData, words: Words) -> list[str]:
    out = []
    if not data.flags:
        out.append(words("none.readings"))
    return [*out, words("data.source"), words("data.clocks")]
