"""Drains to test with: loggers and gauges that speak every quarter of an hour, so that a reading is a window."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.config.content import AssetFacts
from gateway.engine.figures import Figure
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import MINUTE, device, profile, says
from tests.support.engine import START

DRAIN = profile("drain", 900, level="m")
WELL = profile("well", 900, level="cm")
RAIN = profile("rain", 900, rain="mm")
PROFILES = (DRAIN, WELL, RAIN)
QUARTER = 15 * MINUTE

PIPE = AssetFacts("pipe", "manhole", "a", {"diameter_m": 0.5, "crest_m": 3.0, "invert_m": 10.0, "ground_m": 12.5})
"""The street is lower than it was told to spill."""
SUMP = AssetFacts("sump", "pump-station", "a", {"crest_m": 4.0})
OTHER = AssetFacts("other", "manhole", "b", {"diameter_m": 1.0, "crest_m": 3.0})
ASSETS = (PIPE, SUMP, OTHER)
DEVICES = (
    device("d1", "drain", asset="pipe"), device("d2", "drain", asset="sump"), device("d3", "drain", "b", "other"),
    device("d4", "drain"), device("r1", "rain"), device("r3", "rain", "b"),
)  # fmt: skip
CITY: dict[str, Any] = {"profiles": PROFILES, "assets": ASSETS, "devices": DEVICES}

FILLING: dict[str, Any] = {
    "name": "drainage.filling", "title": "Full", "kind": "filling", "profile": ["drain", "well"], "quantity": "level",
    "priorities": [4, 3, 1],
}  # fmt: skip
RISE: dict[str, Any] = {
    "name": "drainage.rise", "title": "Rise", "kind": "rise", "profile": ["drain", "well"], "quantity": "level",
    "rise": [1, 2], "deadband": 0.25, "priorities": [4, 3],
}  # fmt: skip
BLOCKAGE: dict[str, Any] = {
    "name": "drainage.blockage", "title": "Blocked", "kind": "blockage", "profile": ["drain", "well"],
    "quantity": "level", "rain_profile": "rain", "rain": "rain", "dry_for_secs": 3600, "least_count": 3,
    "least_excess_m": 0.2, "response_secs": 3600, "priorities": [4, 2],
}  # fmt: skip

Of = Callable[[int], float | None]
"""By the number of a quarter of an hour from START on."""


def quarters(
    level: Of, rain: Of | None, numbers: Iterable[int], name: str = "d1", zone: str = "a", gauge: str = "r1"
) -> list[Row]:
    """A level and a depth of rain in each quarter of an hour."""
    rows = []
    for k in numbers:
        rows.append(says("drain", name, 900 * k + 300, zone, level=level(k)))
        if rain is not None:
            rows.append(says("rain", gauge, 900 * k + 310, zone, rain=rain(k)))
    return rows


def merged(*parts: Sequence[Row]) -> list[Row]:
    """All rows as they are received."""
    return sorted((row for part in parts for row in part), key=lambda row: row.received_at)


def played(made: ZoneEngine, rows: Sequence[Row], size: int = 2) -> list[StepResult]:
    """Calls of so many rows, each at the receipt of its last."""
    calls = [rows[k : k + size] for k in range(0, len(rows), size)]
    return [made.step(call, call[-1].received_at, True) for call in calls]


def figures(results: Iterable[StepResult]) -> list[tuple[str, str, float, float]]:
    """Asset, name, quarters after START, value."""
    every: list[Figure] = [figure for result in results for figure in result.figures]
    return [(f.asset, f.name, (f.ts - START) / QUARTER, f.value) for f in every]
