"""Congestion that travels: where a road is narrowest cars queue in the peak, and the queue reaches back upstream.

    demand at the bottleneck, some minutes ago  --kinematic wave, upstream-->  how slow it is here

Each carriageway of a road has one bottleneck, chosen by the seed. What stands behind it feels it the later and the less
the further away it is; what lies beyond flows freely.
"""

from collections.abc import Sequence

import numpy as np

from device_sims.city.devices import Device
from device_sims.world.holidays import rests
from device_sims.world.local_time import LocalTime
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.roads import Roads, load_roads, queue_times
from device_sims.world.signals import traffic_demand

__all__ = ["Congestion"]

REACH_M = 5000.0
SLOWED = 0.3
"""Share of the speed that is lost at the bottleneck itself."""


class Congestion:
    """Of the roads that some devices stand on; those that stand on none feel nothing."""

    def __init__(self, devices: Sequence[Device], noise: Noise, local: LocalTime) -> None:
        self._local = local
        reached: dict[int, dict[tuple[str, int], float]] = {}
        lags, felt = [], []
        for device in devices:
            roads = load_roads(device.copy)
            if device.copy not in reached:
                reached[device.copy] = _behind_bottlenecks(roads, noise)
            way = device.asset, int(device.extra.get("carriageway", 1))
            metres = reached[device.copy].get(way, np.inf)
            if device.asset in roads:
                metres += roads.metres_before_end(device)
            near = max(1.0 - metres / REACH_M, 0.0)
            lags.append(queue_times(metres)[0] if near else 0)
            felt.append(near)
        self._lag: I64 = np.array(lags, np.int64)
        self._felt: F64 = np.array(felt, np.float64)

    def left(self, which: I64, ts: I64) -> F64:
        """Share of its speed that is left to the traffic at devices `which` at `ts` (UTC ns), both of shape (n,)."""
        then = ts - self._lag[which]
        demand = traffic_demand(self._local.hour(then), rests(self._local, then))
        queued = np.clip((demand - 0.75) / 0.2, 0.0, 1.0)
        return 1.0 - SLOWED * self._felt[which] * queued


def _behind_bottlenecks(roads: Roads, noise: Noise) -> dict[tuple[str, int], float]:
    """Metres from the downstream end of each carriageway that queues to its road's bottleneck."""
    out: dict[tuple[str, int], float] = {}
    for name, segments in roads.by_name().items():
        for carriageway in (1, 2):
            chance = float(noise.shared(f"bottleneck {name} {carriageway}").fixed("place")[0])
            out |= roads.upstream(segments[int(chance * len(segments))], carriageway, REACH_M)
    return out
