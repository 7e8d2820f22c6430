"""What reports on alarms and on data need: every alarm; flags of readings, dead letters, books."""

from dataclasses import dataclass, field
from typing import Any

from gateway.reports.facts import AlarmFacts, Context, FlagCount
from gateway.reports.source import Source

__all__ = ["AlarmData", "QualityData", "gather_alarms", "gather_quality"]


@dataclass(frozen=True, slots=True)
class AlarmData:
    """Of all domains."""

    context: Context
    alarms: AlarmFacts
    operators: int = 1
    """Among whom alarms are shared."""


@dataclass(frozen=True, slots=True)
class QualityData:
    """Counts of the period; the books are of all time, as they stand."""

    context: Context
    alarms: AlarmFacts
    """Of devices: silences among them."""
    flags: tuple[FlagCount, ...] = ()
    devices: tuple[tuple[str, str], ...] = ()
    """Listed ones, with their profiles."""
    letters: tuple[tuple[str, str, int], ...] = ()
    """Reason, profile, number of dead letters that are held."""
    purged: dict[str, int] = field(default_factory=dict)
    """Those that went for want of room, of all time."""
    ledger: dict[str, Any] = field(default_factory=dict)
    asked_at: int = 0
    """When the books stood so, UTC ns."""


async def gather_alarms(source: Source, lang: str, operators: int = 1) -> AlarmData:
    """Ask for it."""
    return AlarmData(await source.context(lang), await source.alarms(), operators)


async def gather_quality(source: Source, lang: str) -> QualityData:
    """Ask for it."""
    context = await source.context(lang)
    listed = tuple(sorted((each.id, each.profile) for each in source.files.devices))
    profiles = sorted({*(profile for _, profile in listed), *await source.profiles()})
    flags = await source.flags(profiles)
    letters = await source.ask("letter_counts", start=context.period.start, end=context.period.end)
    return QualityData(
        context, (await source.alarms()).of("device"), tuple(flags), listed,
        tuple((each["reason"], each["profile"], each["number"]) for each in letters["letters"]), letters["purged"],
        await source.ask("ledger"), await source.now(),
    )  # fmt: skip
