"""Rain and what it does to sewers: tipping-bucket gauges, and level loggers in manholes."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import DAY, HOUR
from device_sims.world.noise import F64, I64
from device_sims.world.sewers import Sewers
from device_sims.world.signals import bump
from device_sims.world.weather import Weather

__all__ = ["DrainageLevels", "RainGauges"]

_SEQUENCE = 65_536


class RainGauges(Group):
    """A bucket of 0.2 mm that tips: rain comes in whole tips, and zeros are not sent."""

    profile = "rain-gauge"
    wire: ClassVar = {"rain": (1, 0.001, 1), "intensity": (2, 1.0, 1), "tips": (3, 1.0, 0), "battery": (4, 1.0, 2)}
    counter = 0
    breakable = (b"tips", "tips")
    TIP = 0.2

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/drainage/rain/{device.id}/reading"

    def _prepare(self) -> None:
        self._weather = Weather(self.noise)
        self._catch = 0.95 + 0.1 * self.noise.fixed("catch")  # no funnel catches what falls

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        tips = self._tips(which, ts)
        depth: F64 = (tips - self._tips(which, ts - self.interval)).astype(np.float64) * self.TIP
        rain, intensity = quantise(depth, 1), quantise(depth * (HOUR / self.interval), 1)
        battery = quantise(3.64 - 0.06 * self.noise.uniform("battery", which, ts // (7 * DAY)), 2)
        seq = (ts - self.phase[which]) // self.interval % _SEQUENCE
        return list(zip(seq.tolist(), rain, intensity, (tips % _SEQUENCE).tolist(), battery, strict=True))

    def _tips(self, which: I64, ts: I64) -> I64:
        return np.floor(self._weather.fallen(ts) * self._catch[which] / self.TIP).astype(np.int64)

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.rain_gauge(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        _, rain, intensity, tips, battery = row
        return (
            Reading("rain", stamp, rain / 1000.0),
            Reading("intensity", stamp, intensity),
            Reading("tips", stamp, float(tips)),
            Reading("battery", stamp, battery),
        )


class DrainageLevels(Group):
    """Level of the water under a radar head; it sees no echo now and then, and drowns when the shaft is full."""

    profile = "drainage-level"
    wire: ClassVar = {
        "level": (1, 1.0, 3), "temperature": (2, 1.0, 1), "battery": (3, 1.0, 2), "rssi": (4, 1.0, 0),
    }  # fmt: skip
    counter = 0
    breakable = (b"battery", "battery")
    NO_ECHO = 0.0005

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/drainage/level/{device.id}/reading"

    def _prepare(self) -> None:
        self._head = self.number("crest_m", 2.4) - 0.2
        self.sewers = Sewers(self.noise, self.local, self.number("diameter_m", 0.8), self.number("crest_m", 2.4))

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        level = np.maximum(self.sewers.level(which, ts) + 0.004 * self.noise.normal("level", which, ts), 0.0)
        return self.rows(which, ts, level)

    def rows(self, which: I64, ts: I64, level: F64) -> list[Row]:
        """What the loggers make of a water level (m)."""
        drowned = level >= self._head[which]
        level = np.minimum(level, self._head[which])
        blind = ~drowned & (self.noise.uniform("echo", which, ts) < self.NO_ECHO)
        status = np.where(blind, "no-echo", np.where(drowned, "submerged", "ok"))
        temperature = 22.0 + 1.5 * bump(self.local.hour(ts), 16.0, 4.0)
        temperature += 0.6 * self.noise.smooth("temperature", which, ts, 6 * HOUR)
        battery = 3.66 - 0.08 * self.noise.uniform("battery", which, ts // (7 * DAY))
        rssi = -95.0 + 8.0 * self.noise.smooth("rssi", which, ts, HOUR)
        seq = (ts - self.phase[which]) // self.interval % _SEQUENCE
        return list(
            zip(
                seq.tolist(), quantise(np.where(blind, np.nan, level), 3), quantise(temperature, 1),
                quantise(battery, 2), whole(rssi), status.tolist(), strict=True,
            )
        )  # fmt: skip

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.drainage_level(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        _, level, temperature, battery, rssi, status = row
        return (
            Reading("level", stamp, level),
            Reading("temperature", stamp, temperature),
            Reading("battery", stamp, battery),
            Reading("rssi", stamp, float(rssi)),
            Reading("status", stamp, float(("ok", "no-echo", "submerged").index(status))),
        )
