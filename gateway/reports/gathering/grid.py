"""What a report on the power grid needs: how each meter's supply kept to its limits, voltage events, losses, alarms.

Minutes are read and reckoned for some meters after others, so that a week of thousands needs no more memory.
"""

from dataclasses import dataclass

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.reports.facts import AlarmFacts, Context, FigureValue, Windows
from gateway.reports.reckoning.grid_quality import PANES, Known, MeterQuality, columns_of, meter_quality
from gateway.reports.source import Source

__all__ = ["GridData", "Supply", "gather_grid"]

_AT_ONCE = 25
"""Meters whose minutes are in memory."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Meters that one condition judges, and what of them."""

    spec: ComplianceCondition
    meters: tuple[MeterQuality, ...]
    silent: tuple[str, ...]
    """Listed devices of which no window is there."""


@dataclass(frozen=True, slots=True)
class GridData:
    """Figures of events stand at their start, all others at the end of the time that they are about."""

    context: Context
    alarms: AlarmFacts
    supplies: tuple[Supply, ...] = ()
    events: tuple[FigureValue, ...] = ()
    losses: tuple[FigureValue, ...] = ()
    loading: tuple[FigureValue, ...] = ()


async def gather_grid(source: Source, lang: str) -> GridData:
    """Ask for it."""
    context = await source.context(lang)
    alarms = (await source.alarms()).of("grid")
    events: list[FigureValue] = []
    losses: list[FigureValue] = []
    loading: list[FigureValue] = []
    for each in context.of_kind("dips"):
        events += await source.figures(each.name, at_start=True)
    for each in context.of_kind("energy-balance"):
        losses += await source.figures(each.name)
    for each in context.of_kind("transformer"):
        loading += await source.figures(each.name, "loading")
    supplies = [await _supply(source, context, each) for each in context.of_kind("compliance")]
    return GridData(context, alarms, tuple(supplies), tuple(events), tuple(losses), tuple(loading))


async def _supply(source: Source, context: Context, spec: ComplianceCondition) -> Supply:
    interval = context.intervals.get(spec.profile, 60.0)
    pane = next((step for step in PANES if step >= interval), PANES[-1])
    columns = columns_of(spec)
    wanted = (*columns, *((spec.frequency,) if spec.frequency is not None else ()))
    there: dict[str, list[str]] = {}
    for device, quantity in await source.series(spec.profile, *wanted):
        there.setdefault(device, []).append(quantity)
    known = Known(context.period.start, max(context.known_until, context.period.start))
    meters, silent = [], []
    devices = sorted(there)
    for first in range(0, len(devices), _AT_ONCE):
        source.told(spec.title, first, len(devices))
        some = devices[first : first + _AT_ONCE]
        for device, found in zip(
            some, await _windows(source, spec, pane, {each: there[each] for each in some}), strict=True
        ):
            if any(len(windows.start) for windows in found.values()):
                place = context.zone_of.get(device, ""), context.asset_of.get(device, "")
                meters.append(meter_quality(spec, device, place, found, pane, known))
            else:
                silent.append(device)
    listed = {each.id for each in source.files.devices if each.profile == spec.profile}
    return Supply(spec, tuple(meters), tuple(sorted({*silent, *(listed - there.keys())})))


async def _windows(
    source: Source, spec: ComplianceCondition, pane: int, there: dict[str, list[str]]
) -> list[dict[str, Windows]]:
    """Windows of each device by quantity: minutes, and those of `pane` seconds for the frequency."""
    out: dict[str, dict[str, Windows]] = {device: {} for device in there}
    for step in sorted({60, pane}):
        wanted = [
            (device, quantity) for device, quantities in there.items() for quantity in quantities
            if step == (pane if quantity == spec.frequency else 60)
        ]  # fmt: skip
        for windows in await source.windows(wanted, step) if wanted else ():
            out[windows.device][windows.quantity] = windows
    return list(out.values())
