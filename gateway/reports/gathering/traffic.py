"""What a report on roads needs: performance indices, congestion events, travel times, queues, alarms."""

from dataclasses import dataclass

from gateway.reports.facts import AlarmFacts, Context, FigureValue
from gateway.reports.source import Source

__all__ = ["EVENT_FIGURES", "TrafficData", "gather_traffic"]

EVENT_FIGURES = ("congestion_secs", "congestion_worst", "congestion_segments", "congestion_km")
"""Of a congestion event that is over, told at its end."""


@dataclass(frozen=True, slots=True)
class TrafficData:
    """Figures are told at the end of the time that they are about."""

    context: Context
    alarms: AlarmFacts
    zones: tuple[FigureValue, ...] = ()
    """`tpi` of zones."""
    segments: tuple[FigureValue, ...] = ()
    """`tpi` of segments."""
    events: tuple[FigureValue, ...] = ()
    travel: tuple[FigureValue, ...] = ()
    queues: tuple[FigureValue, ...] = ()
    zone_secs: float = 900.0
    segment_secs: float = 600.0
    """How long a time one value is about."""
    listed: tuple[str, ...] = ()
    """Segments on which a device stands that should tell a speed."""


async def gather_traffic(source: Source, lang: str) -> TrafficData:
    """Ask for it."""
    context = await source.context(lang)
    alarms = (await source.alarms()).of("traffic")
    found: dict[str, list[FigureValue]] = {"zones": [], "segments": [], "events": [], "travel": [], "queues": []}
    zone_secs, segment_secs, profiles = 900.0, 600.0, set()
    for each in context.of_kind("zone-index"):
        found["zones"] += await source.figures(each.name, "tpi")
        zone_secs = float(each.window_secs)
    for each in context.of_kind("congestion"):
        found["segments"] += await source.figures(each.name, "tpi")
        found["events"] += await source.figures(each.name, *EVENT_FIGURES)
        segment_secs = float(each.window_secs or context.intervals.get(each.profile, 600.0))
        profiles.add(each.profile)
    for each in context.of_kind("travel-time"):
        found["travel"] += await source.figures(each.name)
    for each in context.of_kind("queue"):
        found["queues"] += await source.figures(each.name)
    listed = {each.asset or each.id for each in source.files.devices if each.profile in profiles}
    return TrafficData(
        context, alarms, **{name: tuple(values) for name, values in found.items()}, zone_secs=zone_secs,
        segment_secs=segment_secs, listed=tuple(sorted(listed)),
    )  # fmt: skip
