"""Strangers on streets that speak to FIWARE: waste containers, traffic counters in two encodings of NGSI."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import strangers as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.holidays import rests
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND
from device_sims.world.noise import I64
from device_sims.world.signals import bump, traffic_demand

__all__ = ["NgsiCounters", "WasteContainers"]


class WasteContainers(Group):
    """They fill in some days, each at its own pace, and are emptied when they are nearly full."""

    profile = "fiware-json"
    named_by_topic = False
    wire: ClassVar = {"level": (0, 0.01, 0), "temperature": (1, 1.0, 1), "battery": (2, 0.01, 0)}
    breakable = (b"temperature", "temperature")
    FULL = 85.0

    def _topic(self, device: Device) -> str:
        return f"/json/{device.extra['apikey']}/{device.key}/attrs"

    def _prepare(self) -> None:
        self._days = 2.0 + 3.0 * self.noise.fixed("days")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        level = self.FULL * ((ts / DAY + self._days[which]) / self._days[which] % 1.0)
        temperature = 22.0 + 8.0 * bump(self.local.hour(ts), 14.0, 4.0)
        temperature += 0.5 * self.noise.smooth("temperature", which, ts, HOUR)
        battery = 93.0 - 5.0 * self.noise.uniform("battery", which, ts // (7 * DAY))
        return list(zip(whole(level), quantise(temperature, 1), whole(battery), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.fiware_json(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        level, temperature, battery = row
        return (
            Reading("level", stamp, level / 100.0),
            Reading("temperature", stamp, temperature),
            Reading("battery", stamp, battery / 100.0),
        )


class NgsiCounters(Group):
    """Vehicles in the period that ends at the time stamp; speed falls with the load, and then it is congested."""

    profile = "ngsi-traffic"
    grain = SECOND
    named_by_topic = False
    wire: ClassVar = {"occupancy": (1, 1.0, 3), "speed": (2, 1.0, 1)}
    CAPACITY = 30.0  # vehicles a minute
    SLOW = 25.0  # km/h, below it is congested

    def _topic(self, device: Device) -> str:
        return f"/json/{device.extra['apikey']}/traffic-{device.key.rpartition(':')[2]}/attrs"

    def _prepare(self) -> None:
        self._busy = 0.5 + 0.5 * self.noise.fixed("busy")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        demand = traffic_demand(self.local.hour(ts), rests(self.local, ts)) * self._busy[which]
        demand *= 1.0 + 0.1 * self.noise.smooth("demand", which, ts, 20 * MINUTE)
        vehicles = np.rint(np.maximum(demand, 0.0) * self.CAPACITY * self.interval / MINUTE)
        # Bureau of Public Roads 1964, as for the loops
        speed = np.clip(58.0 / (1.0 + 0.9 * demand**4) + self.noise.normal("speed", which, ts // MINUTE), 4.0, 110.0)
        hourly = vehicles * (HOUR / self.interval)
        occupancy = np.clip(hourly / speed * 0.0065, 0.0, 0.92)
        told = quantise(np.where(vehicles > 0, speed, np.nan), 1)
        return list(zip(whole(vehicles), quantise(occupancy, 3), told, (speed < self.SLOW).tolist(), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        device, secs = self.devices[which], self.interval // SECOND
        encode = encoders.ngsi_ld if device.extra["encoding"] == "ngsi-ld" else encoders.ngsi_key_values
        return encode(device.key, stamp, secs, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        vehicles, occupancy, speed, congested = row
        told = (
            Reading("intensity", stamp, vehicles * (HOUR / self.interval)),
            Reading("occupancy", stamp, occupancy),
            Reading("congested", stamp, float(congested)),
        )
        return told if speed is None else (*told, Reading("speed", stamp, speed))
