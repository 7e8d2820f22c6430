"""Meters and plugs of strangers: behind a ThingsBoard gateway, Shelly, Tasmota."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import strangers as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import HOUR, MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.signals import bump

__all__ = ["ShellyMeters", "TasmotaPlugs", "ThingsBoardMeters"]

_SINCE = 1_577_836_800 * SECOND  # 2020-01-01, when their registers began


class _Meters(Group):
    """Street lights and cabinets: a little by day, more by night."""

    grain = SECOND
    named_by_topic = False

    def _prepare(self) -> None:
        self._mean = 0.4 + 0.8 * self.noise.fixed("mean")

    def _kw(self, which: I64, ts: I64) -> F64:
        evening = bump(self.local.hour(ts), 22.0, 4.0)
        return self._mean[which] * (0.6 + 0.8 * evening + 0.05 * self.noise.smooth("load", which, ts, 20 * MINUTE))

    def _kwh(self, which: I64, ts: I64) -> F64:
        return self._mean[which] * ((ts - _SINCE) / HOUR)

    def _volts(self, which: I64, ts: I64) -> F64:
        return 229.0 + 2.0 * self.noise.smooth("volts", which, ts, HOUR)


class ThingsBoardMeters(_Meters):
    """All on the gateway's one topic."""

    profile = "thingsboard-gateway"
    wire: ClassVar = {"energy": (0, 1.0, 2), "power": (1, 1.0, 3)}
    breakable = (b"kwh", "energy")

    def _topic(self, device: Device) -> str:
        return "v1/gateway/telemetry"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        kwh, kw = quantise(self._kwh(which, ts), 2), quantise(self._kw(which, ts), 3)
        return list(zip(kwh, kw, strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.thingsboard_gateway(self.devices[which].key, stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("energy", stamp, row[0]), Reading("power", stamp, row[1])


class ShellyMeters(_Meters):
    """They tell what changed; the register only now and then."""

    profile = "shelly-gen2"
    wire: ClassVar = {"power": (0, 0.001, 1), "voltage": (1, 1.0, 1), "current": (2, 1.0, 2)}
    breakable = (b"total_act_power", "power")
    REGISTER_EVERY = 5

    def _topic(self, device: Device) -> str:
        return f"shelly{device.key}/events/rpc"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        kw, volts = self._kw(which, ts), self._volts(which, ts)
        told = ((ts - self.phase[which]) // self.interval % self.REGISTER_EVERY == 0).tolist()
        registers = zip(quantise(self._kwh(which, ts) * 1000.0, 1), told, strict=True)
        wh = [register if tell else None for register, tell in registers]
        amperes = quantise(kw * 1000.0 / volts, 2)
        return list(zip(quantise(kw * 1000.0, 1), quantise(volts, 1), amperes, wh, strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.shelly_gen2(f"shelly{self.devices[which].key}", stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        watts, volts, amperes, wh = row
        told = (
            Reading("power", stamp, watts / 1000.0),
            Reading("voltage", stamp, volts),
            Reading("current", stamp, amperes),
        )
        return told if wh is None else (*told, Reading("energy", stamp, wh / 1000.0))


class TasmotaPlugs(_Meters):
    """A plug with a thermometer in a cabinet; its clock shows Beijing time in whole seconds."""

    profile = "tasmota"
    wire: ClassVar = {
        "temperature": (0, 1.0, 1), "power": (1, 0.001, 0), "voltage": (2, 1.0, 0), "current": (3, 1.0, 3),
        "energy": (4, 1.0, 3),
    }  # fmt: skip
    breakable = (b"Temperature", "temperature")

    def _topic(self, device: Device) -> str:
        return f"tele/{device.key}/SENSOR"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        kw, volts = self._kw(which, ts), np.rint(self._volts(which, ts))
        temperature = 24.0 + 6.0 * bump(self.local.hour(ts), 15.0, 4.0)
        temperature += 0.5 * self.noise.smooth("temperature", which, ts, HOUR)
        columns = (whole(kw * 1000.0), whole(volts), quantise(kw * 1000.0 / volts, 3))
        return list(zip(quantise(temperature, 1), *columns, quantise(self._kwh(which, ts), 3), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.tasmota(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        temperature, watts, volts, amperes, kwh = row
        return (
            Reading("temperature", stamp, temperature),
            Reading("power", stamp, watts / 1000.0),
            Reading("voltage", stamp, float(volts)),
            Reading("current", stamp, amperes),
            Reading("energy", stamp, kwh),
        )
