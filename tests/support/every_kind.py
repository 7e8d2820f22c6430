"""A city in which every kind of condition there is judges something: its devices, and conditions that need little.

Zone a is listed: meters at borders of its area, loops along a road, three gas detectors on an asset, drains with a
gauge. Zone b has mostly strangers, which are met on the wire in the middle of a run.
"""

import pickle
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gateway.config.content import AssetFacts, Device
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import device, judging, profile
from tests.support.engine import SECOND, START
from tests.support.every_kind_rows import CALLS
from tests.support.traffic import loop, segment

__all__ = [
    "ASSETS", "DEVICES", "EVERY_KIND", "PROFILES", "WHOLE", "Cuts", "Told", "engine_of_every_kind", "played", "told",
]  # fmt: skip

PROFILES = (
    profile("gas", 10, lel="%LEL", co="ppm"),
    profile("meter", 60, u_a="V", u_b="V", u_c="V", thd="ratio", f="Hz"),
    profile("unit", 60, u_ab="V", u_bc="V", u_ca="V", s="kVA", oil="Cel"),
    profile("event", 3600, event="1", duration="s", residual="ratio"),
    profile("supply", 900, energy="kWh"), profile("home", 900, energy="kWh"),
    profile("flow", 60, flow="m3/h"), profile("pressure", 60, pressure="kPa"),
    profile("tank", 900, level="m"), profile("counter", 900, volume="m3"),
    profile("loop", 60, speed="km/h", flow="veh/h", occupancy="ratio"), profile("speed", 600, speed="km/h"),
    profile("drain", 900, level="m"), profile("well", 900, level="cm"), profile("rain", 900, rain="mm"),
)  # fmt: skip

_SHAPE = {"diameter_m": 0.5, "crest_m": 3.0, "invert_m": 10.0, "ground_m": 12.5}
ASSETS = (
    segment("r1", 113.00, 113.01, "r2"), segment("r2", 113.01, 113.02, "r1", "r3"),
    segment("r3", 113.02, 113.03, "r2"), segment("r4", 113.03, 113.04, zone="b"),
    AssetFacts("tunnel", "tunnel-section", "a", {}),
    AssetFacts("a", "dma", "a", {"connections": 500.0}), AssetFacts("in1", "inlet", "a", {}),
    AssetFacts("in2", "inlet", "a", {}), AssetFacts("out1", "outlet", "a", {}),
    AssetFacts("tank1", "storage", "a", {"m3": 400.0, "height_m": 4.0, "area_m2": 100.0}),
    AssetFacts("tr1", "transformer", "a", {"kva": 400.0}), AssetFacts("tr2", "transformer", "b", {"kva": 400.0}),
    AssetFacts("pipe", "manhole", "a", _SHAPE), AssetFacts("other", "manhole", "b", _SHAPE | {"diameter_m": 1.0}),
)  # fmt: skip
DEVICES: tuple[Device, ...] = (
    loop("l1", "r1"), loop("l2", "r2"), loop("l3", "r3"),
    device("s1", "speed", "a", "r1"), device("s2", "speed", "a", "r2"), device("s2b", "speed", "a", "r2"),
    device("s4", "speed", "b", "r4"),
    *(device(name, "gas", "a", "tunnel") for name in ("g1", "g2", "g3")),
    device("f1", "flow", "a", "in1"), device("f2", "flow", "a", "in2"), device("f3", "flow", "a", "out1"),
    device("t1", "tank", "a", "tank1"), device("p1", "pressure", "a"), device("c1", "counter", "a"),
    device("u1", "unit", "a", "tr1"), device("u2", "unit", "b", "tr2"), device("m1", "meter", "a"),
    device("e1", "event", "a"), device("e2", "event", "a"), device("head-a", "supply", "a"),
    device("h1", "home", "a"), device("h2", "home", "a"),
    device("d1", "drain", "a", "pipe"), device("d2", "drain", "a", "pipe"), device("w1", "well", "a", "pipe"),
    device("d3", "drain", "b", "other"), device("q1", "rain", "a"),
)  # fmt: skip

EVERY_KIND: tuple[dict[str, Any], ...] = (
    {"name": "gas.lel", "kind": "steps", "profile": "gas", "quantity": ["lel", "co"], "high": [20, 50], "deadband": 2,
     "on_delay_secs": 7, "off_delay_secs": 15},
    {"name": "grid.voltage-low", "kind": "steps", "profile": "meter", "quantity": ["u_a", "u_b", "u_c"],
     "window_secs": 600, "low": [198, 187], "deadband": 2},
    {"name": "water.pressure-low", "kind": "steps", "profile": "pressure", "quantity": "pressure", "window_secs": 60,
     "low": [350], "deadband": 15, "on_delay_secs": 90, "off_delay_secs": 90, "latching": True},
    {"name": "gas.confirmed", "kind": "voting", "profile": "gas", "quantity": "lel", "high": [20, 50], "deadband": 2,
     "validity_secs": 30},
    {"name": "grid.unbalance", "kind": "unbalance", "profile": "unit", "lines": ["u_ab", "u_bc", "u_ca"]},
    {"name": "grid.transformer", "kind": "transformer", "profile": "unit", "power": "s", "oil": "oil",
     "window_secs": 600, "off_delay_secs": 600},
    {"name": "grid.dip", "kind": "dips", "profile": "meter", "phases": ["u_a", "u_b", "u_c"], "off_delay_secs": 60},
    {"name": "grid.event", "kind": "dips", "profile": "event", "event": "event", "duration": "duration",
     "residual": "residual", "off_delay_secs": 400},
    {"name": "grid.energy-balance", "kind": "energy-balance", "supply_profile": "supply", "supply": "energy",
     "meter_profile": "home", "meter": "energy", "coverage": 0.4, "least": 2, "days": 4, "hours": 1, "times": 2,
     "meter_rollover": 1000},
    {"name": "grid.compliance", "kind": "compliance", "profile": "meter", "phases": ["u_a", "u_b", "u_c"],
     "thd": "thd", "frequency": "f", "coverage": 0.001},
    {"name": "traffic.congestion", "kind": "congestion", "profile": "speed", "quantity": "speed",
     "delay": [0.4, 0.6], "least": 12},
    {"name": "traffic.slow", "kind": "congestion", "profile": "loop", "quantity": "speed", "window_secs": 60,
     "delay": [0.4, 0.6], "least": 12, "on_delay_secs": 60},
    {"name": "traffic.zone-index", "kind": "zone-index", "speed_profile": "speed", "speed": "speed",
     "flow_profile": "loop", "flow": "flow", "window_secs": 900, "high": [2, 5], "least": 3, "least_share": 0.6},
    {"name": "traffic.queue", "kind": "queue", "profile": "loop", "speed": "speed", "occupancy": "occupancy",
     "window_secs": 60},
    {"name": "traffic.incident", "kind": "incident", "profile": "loop", "speed": "speed", "occupancy": "occupancy",
     "window_secs": 60, "warm_up": 3, "persistence": 1},
    {"name": "traffic.service-level", "kind": "service-level", "profile": "loop", "speed": "speed", "flow": "flow",
     "occupancy": "occupancy", "window_secs": 900, "worst": ["D", "F"], "least": 6},
    {"name": "traffic.travel-time", "kind": "travel-time", "profile": "speed", "quantity": "speed",
     "window_secs": 900, "least_windows": 3, "least": 6},
    {"name": "water.burst", "kind": "burst", "flow_profile": "flow", "flow": "flow", "pressure_profile": "pressure",
     "pressure": "pressure", "window_secs": 60, "size": 4, "within_secs": 300},
    {"name": "water.leak", "kind": "night-flow", "flow_profile": "flow", "flow": "flow", "level_profile": "tank",
     "level": "level", "least_coverage": 0.2, "new_usual_nights": 4},
    {"name": "water.balance", "kind": "water-balance", "flow_profile": "flow", "flow": "flow",
     "level_profile": "tank", "level": "level", "metered_profile": "counter", "metered": "volume",
     "share": [0.2, 0.5], "least_coverage": 0.05, "least_metered": 0.4},
    {"name": "water.transient", "kind": "transient", "profile": "pressure", "quantity": "pressure", "amplitude": 50,
     "rate": 0.3, "within_secs": 120, "off_delay_secs": 300},
    {"name": "water.counter-trend", "kind": "trend", "profile": "counter", "quantity": "volume", "window_secs": 900,
     "hours": 3, "ahead_hours": 12, "high": 10_000, "errors": 1},
    {"name": "drainage.filling", "kind": "filling", "profile": ["drain", "well"], "quantity": "level",
     "on_delay_secs": 1200},
    {"name": "drainage.rise", "kind": "rise", "profile": ["drain", "well"], "quantity": "level", "rise": [1, 2],
     "deadband": 0.25},
    {"name": "drainage.blockage", "kind": "blockage", "profile": ["drain", "well"], "quantity": "level",
     "rain_profile": "rain", "rain": "rain", "least_count": 1, "dry_for_secs": 900, "enough_rain_mm": 2,
     "response_secs": 900},
    {"name": "device.silent", "kind": "silence", "intervals": 5, "least_secs": 60},
    {"name": "device.unusual", "kind": "unusual", "profile": "pressure", "quantity": "pressure", "warm_days": 0.25,
     "threshold": 3, "quiet_hours": 0.1},
    {"name": "device.unusual-mean", "kind": "unusual", "profile": "unit", "quantity": ["oil", "s"],
     "window_secs": 60, "warm_days": 0.25, "threshold": 3, "quiet_hours": 0.1},
)  # fmt: skip


def engine_of_every_kind() -> ZoneEngine:
    """An engine of that city."""
    given = [{"title": "Wrong", "priorities": [2]} | each for each in EVERY_KIND]
    return judging(*given, devices=DEVICES, assets=ASSETS, profiles=PROFILES)


Cuts = Sequence[Sequence[int]]
"""For each call where its rows are cut, in thousandths of them."""
WHOLE: Cuts = [[]] * len(CALLS)
Told = dict[tuple[str, ...], list[object]]


def played(
    calls: Sequence[Sequence[Row]], cuts: Cuts, zones: str = "ab", *, restarts: bool = False
) -> list[StepResult]:
    """All calls, cut to pieces, with ticks after each; `restarts`: from a pickled snapshot after every piece."""
    made, found = engine_of_every_kind(), []

    def step(rows: Sequence[Row], now: int, live: bool) -> None:
        nonlocal made
        found.append(made.step(rows, START + now * SECOND, live))
        if restarts:
            made = ZoneEngine.restore(pickle.loads(pickle.dumps(made.snapshot())))

    for number, (rows, now) in enumerate(zip(calls, CALLS, strict=True)):
        mine = [row for row in rows if row.topic.split("/")[1] in zones]
        for a, b in pairwise([0, *(len(mine) * cut // 1000 for cut in cuts[number]), len(mine)]):
            if b > a or not mine:  # every engine is called
                step(mine[a:b], now, False)
        for later in (0, 600):
            step([], now + later, number % 3 > 0)
    return found


def told(results: Sequence[StepResult]) -> Told:
    """What each alarm did, and each figure was, in order."""
    out: Told = {}
    for result in results:
        for change in result.transitions:
            out.setdefault(("alarm", change.condition, change.asset), []).append(repr(change))
        for figure in result.figures:
            of = ("figure", figure.condition, figure.asset, figure.name)
            out.setdefault(of, []).append((figure.ts, repr(figure.value)))
    return out
