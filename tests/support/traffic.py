"""Roads to judge: three segments in a row with loops, and runs that may be cut and restarted."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.config.content import AssetFacts, Device
from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import judging, profile, says
from tests.support.engine import SECOND, START

LOOP = profile("loop", 60, speed="km/h", flow="veh/h", occupancy="ratio")
SPEED = profile("speed", 600, speed="km/h")


def segment(name: str, from_lon: float, to_lon: float, *near: str, zone: str = "a", **labels: str) -> AssetFacts:
    """A kilometre of street from west to east."""
    figures = {"lon_1": from_lon, "lat_1": 23.0, "lon_2": to_lon, "lat_2": 23.0, "length_m": 1000.0}
    return AssetFacts(name, "segment", zone, figures | {"free_flow_kmh": 60.0}, near, labels)


ASSETS = (
    segment("r1", 113.00, 113.01, "r2"), segment("r2", 113.01, 113.02, "r1", "r3"),
    segment("r3", 113.02, 113.03, "r2", "r4"), segment("r4", 113.03, 113.04, "r3", zone="b"),
)  # fmt: skip


def loop(name: str, asset: str, position_m: float = 500, carriageway: int = 1, zone: str = "a") -> Device:
    """A listed detector in its place."""
    figures = {"position_m": position_m, "carriageway": float(carriageway)}
    return Device(name, "loop", (name,), zone, None, None, "", asset, "", figures)


LOOPS = (loop("l1", "r1"), loop("l2", "r2"), loop("l3", "r3"), loop("l4", "r4", zone="b"))


def on_roads(*conditions: dict[str, Any], devices: Sequence[Device] = LOOPS, **more: Any) -> ZoneEngine:
    """An engine that judges these roads."""
    given = {"assets": ASSETS, "profiles": (LOOP, SPEED)} | more
    return judging(*conditions, devices=devices, **given)


def minute(k: int, zone: str = "a", **states: tuple[float | None, float | None]) -> list[Row]:
    """(speed, occupancy) of loops in the k-th minute."""
    return [
        says("loop", name, 60 * k + 20 + place, zone, speed=speed, occupancy=occupancy)
        for place, (name, (speed, occupancy)) in enumerate(states.items())
    ]


Said = tuple[list[Transition], list[Figure]]


def said(made: ZoneEngine, rows: Sequence[Row], cuts: Sequence[int] | None = None, *, restarts: bool = False) -> Said:
    """What comes of rows: a call each at its receipt; or one for each piece between `cuts`, all at the last receipt.

    By the time of calls it is told what is live, so only runs at the same times compare.
    """
    changes: list[Transition] = []
    figures: list[Figure] = []
    edges = range(len(rows) + 1) if cuts is None else [0, *cuts, len(rows)]
    for a, b in zip(edges, list(edges)[1:], strict=False):
        if b <= a:
            continue
        result = made.step(rows[a:b], rows[-1 if cuts is not None else b - 1].received_at, False)
        changes += result.transitions
        figures += result.figures
        if restarts:
            made = ZoneEngine.restore(made.snapshot())
    return changes, figures


def brief(changes: Sequence[Transition]) -> list[tuple[str, str, int, float]]:
    """Change, asset, level, minutes after START."""
    return [(t.change, t.asset, t.level, (t.at - START) / SECOND / 60) for t in changes]


def same(one: Said, other: Said) -> bool:
    """Whether both runs told the same of every asset, in any order of assets."""
    by_alarm = [sorted(run[0], key=lambda t: (t.asset, t.at, t.change)) for run in (one, other)]
    figures = [sorted(run[1], key=repr) for run in (one, other)]
    plain = [[msgspec.structs.replace(t, now=0) for t in run] for run in by_alarm]
    return plain[0] == plain[1] and figures[0] == figures[1]


def values(figures: Sequence[Figure], name: str, asset: str) -> list[tuple[float, float]]:
    """Minutes after START and value, to six decimals."""
    return [((f.ts - START) / SECOND / 60, round(f.value, 6)) for f in figures if (f.name, f.asset) == (name, asset)]
