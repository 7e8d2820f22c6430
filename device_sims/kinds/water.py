"""District metered areas: flow meters at the inlets, pressure loggers there and at critical points, gauges of tanks."""

import gzip
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import DAY, HOUR, MINUTE
from device_sims.world.noise import F64, I64
from device_sims.world.signals import water_demand, water_demand_integral

__all__ = ["ReservoirLevels", "WaterFlows", "WaterPressures"]


class WaterFlows(Group):
    """Demand by the hour on top of a constant night loss; the counter is the integral of what is expected."""

    profile = "water-flow"
    breakable = (b"flow", "flow")
    wire: ClassVar = {"flow": (1, 3.6, 2), "volume": (2, 1.0, 2)}
    counter = 0
    BASE = 0.0075  # l/s a connection
    SINCE = 16_436 * DAY  # counters started in January 2015
    SEQUENCE = 65_536

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/water/flow/{device.id}/reading"

    def _prepare(self) -> None:
        self._base = self.number("connections", 1000) * self.BASE * (0.85 + 0.3 * self.noise.fixed("base"))
        self._loss = 0.05 + 0.15 * self.noise.fixed("loss")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        local, base, loss = self.local.of(ts), self._base[which], self._loss[which]
        wander = 1.0 + 0.06 * self.noise.normal("flow", which, ts // MINUTE)
        flow = base * (water_demand(local % DAY / HOUR) * wander + loss)
        hours = (local - self.SINCE) / HOUR
        total = base * 3.6 * (water_demand_integral(hours) + loss * hours)  # l/s over an hour are 3.6 m3
        for leak in self._effects.get("flow", ()):
            total += leak.added(which, ts)
        seq = (ts - self.phase[which]) // self.interval % self.SEQUENCE
        return list(zip(seq.tolist(), quantise(flow, 2), quantise(total, 2), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.water_flow(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("flow", stamp, row[1] * 3.6), Reading("volume", stamp, row[2])


class WaterPressures(Group):
    """Head less height, less what the demand takes; some loggers compress what they send."""

    profile = "water-pressure"
    holds_many = True
    breakable = (b"bar", "pressure")
    wire: ClassVar = {"pressure": (0, 100.0, 2)}
    HEAD_M = 50.0
    BAR_A_METRE = 0.0980665
    COMPRESS = 0.2  # share of the loggers

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/water/pressure/{device.id}/readings"

    def _prepare(self) -> None:
        self._still = (self.HEAD_M - self.number("elevation_m", 10)) * self.BAR_A_METRE
        self._compresses = (self.noise.fixed("compresses") < self.COMPRESS).tolist()
        self._drop = 0.25 + 0.35 * self.noise.fixed("drop")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        bar = self._still[which] - self._drop[which] * water_demand(self.local.hour(ts)) / 2.0
        bar += 0.015 * self.noise.normal("bar", which, ts // MINUTE)
        battery = 70.0 + 30.0 * self.noise.uniform("battery", which, ts // (7 * DAY))
        return list(zip(quantise(np.maximum(bar, 0.0), 2), whole(battery), strict=True))

    def payload(self, which: int, records: Sequence[tuple[int, Row]]) -> bytes:
        """All records in one message; the battery is that of the newest."""
        return encoders.water_pressure([(stamp, row[0]) for stamp, row in records], records[-1][1][1])

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return self.payload(which, [(stamp, row)])

    def wrap(self, which: int, payload: bytes) -> bytes:
        """Some of the loggers compress."""
        # a fixed time in the header keeps the bytes the same from run to run
        return gzip.compress(payload, 6, mtime=0) if self._compresses[which] else payload

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return (Reading("pressure", stamp, None if row[0] is None else row[0] * 100.0),)


class ReservoirLevels(Group):
    """A pump fills it from the inlets while people sleep, and it gives that back by day: in a day nothing is gained.

    What flows in less what the tank takes is the use of its area, so the pump takes but a third of a night's inflow.
    """

    profile = "reservoir-level"
    wire: ClassVar = {"level": (0, 0.001, 0)}
    breakable = (b"level_mm", "level")
    FULL = 0.65  # share of the tank that is full in the mean
    TAKES = 0.15  # of the mean inflow of its area, while the pump runs
    PUMPS_FROM, PUMPS_HOURS = 23.0, 7.0  # o'clock, h
    WANDERS = 0.02  # hours of the mean inflow
    FINE_MM = 1.5

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/water/reservoir/{device.id}/level"

    def _prepare(self) -> None:
        self._inflow = self.number("connections", 1000) * WaterFlows.BASE * 3.6  # m3/h
        self._m3 = self.number("m3", 1000)
        self._height = self.number("height_m", 4)

    def _volume(self, which: I64, ts: I64) -> F64:
        since = (self.local.hour(ts) - self.PUMPS_FROM) % 24.0
        pumped = self.TAKES * self.PUMPS_HOURS
        drawn = pumped * (since - self.PUMPS_HOURS) / (24.0 - self.PUMPS_HOURS)
        swing = np.where(since < self.PUMPS_HOURS, self.TAKES * since, pumped - drawn) - pumped / 2.0
        swing += self.WANDERS * self.noise.smooth("volume", which, ts, 12 * HOUR)
        return np.clip(self.FULL * self._m3[which] + self._inflow[which] * swing, 0.0, self._m3[which])

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        level = self._volume(which, ts) * self._height[which] / self._m3[which]
        fine = self.FINE_MM * self.noise.normal("level", which, ts // MINUTE)
        battery = 70.0 + 30.0 * self.noise.uniform("battery", which, ts // (7 * DAY))
        return list(zip(whole(level * 1000.0 + fine), whole(battery), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.reservoir_level(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return (Reading("level", stamp, row[0] / 1000.0),)
