"""Metered areas that speak once a quarter hour, and what was found out about them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.config.content import AssetFacts
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import device, judging, profile
from tests.support.engine import message

QUARTER = 900 * 1_000_000_000
HOUR = 4 * QUARTER
FLOW = profile("flow", 900, flow="m3/h")
LEVEL = profile("level", 900, level="m")
COUNTER = profile("counter", 900, volume="m3")
PROFILES = (FLOW, LEVEL, COUNTER)

NIGHT: dict[str, Any] = {
    "name": "water.leak", "title": "Leak", "kind": "night-flow", "flow_profile": "flow", "flow": "flow",
    "level_profile": "level", "level": "level", "priorities": [2],
}  # fmt: skip
BALANCE: dict[str, Any] = {
    "name": "water.balance", "title": "Balance", "kind": "water-balance", "flow_profile": "flow", "flow": "flow",
    "level_profile": "level", "level": "level", "metered_profile": "counter", "metered": "volume",
    "share": [0.1, 0.3], "priorities": [3, 2],
}  # fmt: skip

Of = Callable[[int], float | None] | float
"""A value by the UTC ns at which its quarter hour begins."""


def ns(text: str) -> int:
    """UTC ns of such as 2026-03-29T01:00Z."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


def area(
    zone: str, inlets: int = 1, outlets: int = 0, tank: bool = False, connections: float = 500
) -> list[AssetFacts]:
    """What city.toml says of an area: a tank has 100 m2."""
    facts = [AssetFacts(zone, "dma", zone, {"connections": connections})]
    facts += [AssetFacts(f"{zone}-in{n}", "inlet", zone, {}) for n in range(inlets)]
    facts += [AssetFacts(f"{zone}-out{n}", "outlet", zone, {}) for n in range(outlets)]
    if tank:
        facts.append(AssetFacts(f"{zone}-tank", "storage", zone, {"m3": 400.0, "height_m": 4.0, "area_m2": 100.0}))
    return facts


def metering(facts: Sequence[AssetFacts]) -> list[Any]:
    """A listed device at each inlet, outlet and tank, named after it with an m."""
    kinds = {"inlet": "flow", "outlet": "flow", "storage": "level"}
    return [device(f"m-{each.id}", kinds[each.kind], each.zone, each.id) for each in facts if each.kind in kinds]


def judging_areas(*conditions: Mapping[str, Any], facts: Sequence[AssetFacts] = (), **more: Any) -> ZoneEngine:
    """An engine with areas, all metered unless devices are given."""
    devices = more.pop("devices", None)
    listed = metering(facts) if devices is None else devices
    return judging(*conditions, assets=facts, devices=listed, profiles=PROFILES, **more)


def quarters(begin: int, end: int, devices: Mapping[str, Of], zone: str = "a") -> list[Row]:
    """A message of each device in the middle of each quarter hour; `kind__name`, dashes as underscores."""
    rows = []
    for start in range(begin, end, QUARTER):
        for number, (name, of) in enumerate(devices.items()):
            value = of(start) if callable(of) else of
            kind, _, who = name.partition("__")
            quantity = {"flow": "flow", "level": "level", "counter": "volume"}[kind]
            at = start + QUARTER // 2 + number * 1_000_000_000
            if value is not None:
                body = {"ts": at // 1_000_000, quantity: value}
                rows.append(message(f"city/{zone}/{kind}/{who.replace('_', '-')}", body, at))
    return rows


def nights(
    first: str, count: int, devices: Mapping[str, Of], hours: tuple[float, float] = (1.5, 5.5), zone: str = "a"
) -> list[Row]:
    """Quarter hours of nights in Shanghai, whose mornings are `first` and the days after."""
    rows = []
    for night in range(count):
        midnight = datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(days=night, hours=-8)
        begin, end = (round((midnight + timedelta(hours=hour)).timestamp()) * 1_000_000_000 for hour in hours)
        rows += quarters(begin, end, devices, zone)
    return rows


def by_night(made: ZoneEngine, rows: Sequence[Row]) -> list[StepResult]:
    """A call for each night: for whatever lies an hour apart."""
    calls: list[list[Row]] = []
    for row in rows:
        if not calls or row.received_at - calls[-1][-1].received_at > HOUR:
            calls.append([])
        calls[-1].append(row)
    return [made.step(call, call[-1].received_at, True) for call in calls]


def told(results: Iterable[StepResult], name: str, zone: str = "a") -> list[tuple[int, float]]:
    """Time and value of the figures of a name."""
    return [(f.ts, f.value) for result in results for f in result.figures if f.name == name and f.zone == zone]
