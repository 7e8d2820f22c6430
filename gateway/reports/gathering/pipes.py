"""What reports on water mains, gas and drains need: figures of their conditions, quarter hours of their devices."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config.conditions.steps import StepsCondition
from gateway.reports.facts import AlarmFacts, Context, FigureValue, Windows
from gateway.reports.source import Source

__all__ = ["Border", "DrainageData", "GasData", "Levels", "WaterData", "gather_drainage", "gather_gas", "gather_water"]

QUARTER = 900


@dataclass(frozen=True, slots=True)
class Levels:
    """What one condition holds against its steps: quarter hours of each device and quantity."""

    spec: StepsCondition
    windows: tuple[Windows, ...]


@dataclass(frozen=True, slots=True)
class Border:
    """The flow through one meter at the border of a metered area."""

    zone: str
    sign: float
    """1: into the area, -1: out of it."""
    device: str
    windows: Windows | None
    """None: nothing was ever heard of it."""


@dataclass(frozen=True, slots=True)
class WaterData:
    """Figures stand at the end of the night or day that they are about."""

    context: Context
    alarms: AlarmFacts
    figures: tuple[FigureValue, ...] = ()
    """Night flow, leakage, and the balance of each day."""
    borders: tuple[Border, ...] = ()
    pressures: tuple[Levels, ...] = ()
    connections: tuple[tuple[str, int], ...] = ()
    """Of each metered area."""


@dataclass(frozen=True, slots=True)
class GasData:
    """Concentrations."""

    context: Context
    alarms: AlarmFacts
    levels: tuple[Levels, ...] = ()


@dataclass(frozen=True, slots=True)
class DrainageData:
    """Filling of drains: the greatest of each quarter of an hour, told at its end; rain of quarter hours, in m."""

    context: Context
    alarms: AlarmFacts
    filling: tuple[FigureValue, ...] = ()
    rain: tuple[Windows, ...] = ()


async def gather_water(source: Source, lang: str) -> WaterData:
    """Ask for it."""
    context = await source.context(lang)
    alarms = (await source.alarms()).of("water")
    figures: list[FigureValue] = []
    borders: list[Border] = []
    for each in context.of_kind("night-flow", "water-balance"):
        figures += await source.figures(each.name)
    for each in context.of_kind("night-flow")[:1]:
        borders = await _borders(source, each.flow_profile, each.flow)
    steps = [each for each in context.of_kind("steps") if each.domain == "water" and "pressure" in each.name]
    connections = tuple((dma.zone, dma.connections) for dma in source.files.city.dmas)
    return WaterData(
        context, alarms, tuple(figures), tuple(borders), tuple(await _levels(source, steps)), connections
    )  # fmt: skip


async def _borders(source: Source, profile: str, quantity: str) -> list[Border]:
    """Meters that are listed at inlets and outlets, as the balance of conditions has them; others are inlets."""
    outlets = {each.id for dma in source.files.city.dmas for each in dma.outlets}
    zones = {dma.zone for dma in source.files.city.dmas}
    listed = [each for each in source.files.devices if each.profile == profile and each.zone in zones]
    there = {device for device, _ in await source.series(profile, quantity)}
    out = []
    for done, each in enumerate(sorted(listed, key=lambda device: device.id)):
        source.told(profile, done, len(listed))
        found = (await source.windows([(each.id, quantity)], QUARTER))[0] if each.id in there else None
        out.append(Border(each.zone, -1.0 if each.asset in outlets else 1.0, each.id, found))
    return out


async def _levels(source: Source, specs: Sequence[StepsCondition]) -> list[Levels]:
    """Windows of all that these conditions judge; two conditions of one quantity share them."""
    read: dict[tuple[str, tuple[str, ...]], tuple[Windows, ...]] = {}
    out = []
    for spec in specs:
        key = spec.profile, spec.quantities
        if key not in read:
            series = await source.series(*key[:1], *key[1])
            read[key] = tuple(await source.windows(series, QUARTER, spec.title))
        out.append(Levels(spec, read[key]))
    return out


async def gather_gas(source: Source, lang: str) -> GasData:
    """Ask for it."""
    context = await source.context(lang)
    alarms = (await source.alarms()).of("gas")
    steps = [each for each in context.of_kind("steps") if each.domain == "gas"]
    return GasData(context, alarms, tuple(await _levels(source, steps)))


async def gather_drainage(source: Source, lang: str) -> DrainageData:
    """Ask for it."""
    context = await source.context(lang)
    alarms = (await source.alarms()).of("drainage")
    filling: list[FigureValue] = []
    rain: list[Windows] = []
    for each in context.of_kind("filling"):
        filling += await source.figures(each.name, "filling")
    for each in context.of_kind("blockage")[:1]:
        if each.rain_profile is not None and each.rain is not None:
            rain = await source.windows(await source.series(each.rain_profile, each.rain), QUARTER, each.rain_profile)
    return DrainageData(context, alarms, tuple(filling), tuple(rain))
