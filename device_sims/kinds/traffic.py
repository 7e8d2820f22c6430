"""Roads: inductive loops and signals (simulated), floating-car segments (the recorded Guangzhou day)."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.congestion import Congestion
from device_sims.world.holidays import rests
from device_sims.world.local_time import MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.recordings import guangzhou_speed, slot_that_ended
from device_sims.world.signals import traffic_demand
from device_sims.world.weather import Weather

__all__ = ["LoopDetectors", "SegmentSpeeds", "TrafficSignals"]


class LoopDetectors(Group):
    """Flow follows the hour; speed falls as flow nears capacity (BPR curve), in queues and rain; occupancy follows."""

    profile = "loop-detector"
    breakable = (b"speed", "speed")
    wire: ClassVar = {"speed": (0, 1.0, 1), "flow": (1, 60.0, 0), "occupancy": (2, 1.0, 3)}
    CAPACITY = 34.0  # vehicles a minute of one lane
    VEHICLE_M = 6.5  # length of a vehicle and of the loop

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/traffic/loop/{device.id}/reading"

    def _prepare(self) -> None:
        self._free = 52.0 + 24.0 * self.noise.fixed("free")
        self._busy = 0.62 + 0.42 * self.noise.fixed("busy")
        self._congestion = Congestion(self.devices, self.noise, self.local)
        self._weather = Weather(self.noise)

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        noise, minute = self.noise, ts // MINUTE
        demand = traffic_demand(self.local.hour(ts), rests(self.local, ts)) * self._busy[which]
        demand *= 1.0 + 0.15 * noise.smooth("demand", which, ts, 20 * MINUTE)
        expected = self.CAPACITY * np.minimum(demand, 1.08)
        flow = np.clip(np.rint(expected + np.sqrt(expected) * noise.normal("flow", which, minute)), 0.0, 48.0)
        # Bureau of Public Roads 1964: travel time grows with the fourth power of the load
        speed = self._free[which] / (1.0 + 0.9 * demand**4) + 2.0 * noise.normal("speed", which, minute)
        speed *= self._congestion.left(which, ts) * self._weather.driving(ts)
        speed = np.clip(speed, 4.0, 110.0)
        occupancy = np.clip(flow * 60.0 / speed * self.VEHICLE_M / 1000.0, 0.0, 0.92)
        return list(
            zip(
                quantise(np.where(flow > 0, speed, np.nan), 1), whole(flow), quantise(occupancy, 3), strict=True
            )
        )  # fmt: skip

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.loop_detector(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        speed, flow, occupancy = row
        return (
            Reading("speed", stamp, speed),
            Reading("flow", stamp, flow * 60.0),
            Reading("occupancy", stamp, occupancy),
        )


class SegmentSpeeds(Group):
    """Each plays its column of the recorded day; where nothing was recorded it says so, with no samples.

    Without a recording it is fast by night and slowed by the hour's demand, by a half at most.
    """

    profile = "segment-speed"
    on_the_dot = True
    delay = 30 * SECOND
    wire: ClassVar = {"speed": (0, 1.0, 3), "samples": (1, 1.0, 0)}
    breakable = (b"speed", "speed")

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/traffic/segment/{device.id}/speed"

    def _prepare(self) -> None:
        self._column = self.number("column").astype(np.int64)
        self._recorded = np.array(["recording" in device.extra for device in self.devices])
        self._free = self.number("free_flow_kmh") * (0.92 + 0.16 * self.noise.fixed("free"))
        self._busy = 0.5 + 0.4 * self.noise.fixed("busy")
        self._congestion = Congestion(self.devices, self.noise, self.local)
        self._weather = Weather(self.noise)

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        speed = self._simulated(which, ts)
        played = self._recorded[which]
        if played.any():
            speed[played] = guangzhou_speed()[slot_that_ended(self.local, ts[played]), self._column[which[played]]]
        samples = np.floor(4.0 + 36.0 * self.noise.uniform("samples", which, ts // MINUTE))
        return list(zip(quantise(speed, 3), whole(np.where(np.isnan(speed), 0.0, samples)), strict=True))

    def _simulated(self, which: I64, ts: I64) -> F64:
        demand = traffic_demand(self.local.hour(ts), rests(self.local, ts)) * self._busy[which]
        speed = self._free[which] / (1.0 + 0.9 * demand**4)
        speed *= self._congestion.left(which, ts) * self._weather.driving(ts)
        return speed * (1.0 + 0.04 * self.noise.normal("speed", which, ts // MINUTE))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.segment_speed(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        # the wire carries whole seconds
        ts = stamp - stamp % SECOND
        return Reading("speed", ts, row[0]), Reading("samples", ts, float(row[1]))


class TrafficSignals(Group):
    """Stages that share a cycle; it is longer by day, when the junction adapts to traffic, than by night."""

    profile = "traffic-signal"
    wire: ClassVar = {"cycle": (3, 1.0, 0), "dark": (6, 1.0, 0)}
    breakable = (b"cycle", "cycle")
    COLOURS = ("dark", "red", "red-amber", "green", "amber", "flashing-amber")
    MODES = ("fixed", "actuated", "adaptive", "manual", "flashing", "off")
    AMBER_S = 3.0

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/traffic/signal/{device.id}/state"

    def _prepare(self) -> None:
        self._stages = self.number("stages", 2.0).astype(np.int64)
        self._longest = 90.0 + 30.0 * self.noise.fixed("cycle")
        self._offset = 120.0 * self.noise.fixed("offset")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        hour, seconds = self.local.hour(ts), ts / SECOND
        day = (hour >= 6.0) & (hour < 23.0)
        cycle = np.rint(np.where(day, self._longest[which], 60.0))
        within = (seconds + self._offset[which]) % cycle
        length = cycle / self._stages[which]
        stage = np.minimum(within // length, self._stages[which] - 1)
        # the first stage is the main direction's, and ends with amber
        colour = np.where(stage > 0, 1, np.where(within < length - self.AMBER_S, 3, 4))
        return [
            (a + 1, self.COLOURS[b], self.MODES[2 if adapts else 0], c, False, False, False)
            for a, b, adapts, c in zip(whole(stage), colour.tolist(), day.tolist(), whole(cycle), strict=True)
        ]

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.traffic_signal(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        stage, colour, mode, cycle, fault, flashing, dark = row
        return (
            Reading("stage", stamp, float(stage)),
            Reading("colour", stamp, float(self.COLOURS.index(colour))),
            Reading("mode", stamp, float(self.MODES.index(mode))),
            Reading("cycle", stamp, float(cycle)),
            Reading("fault", stamp, float(fault)),
            Reading("flashing", stamp, float(flashing)),
            Reading("dark", stamp, float(dark)),
        )
