"""Drainage: pump stations that speak SenML, and manhole level sensors behind two LoRaWAN network servers."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.signals import bump

__all__ = ["ChirpStackManholes", "SenmlStations", "TtsManholes"]

BEFORE = 5 * SECOND
TIDE = 44_714 * SECOND  # the principal lunar tide, 12 h 25.2 min, reaches the city's channels


class SenmlStations(Group):
    """Level between tide and pumping, water temperature by the day, a battery that runs down and is changed."""

    profile = "senml-station"
    # exact in binary, because the wire carries seconds as a float
    grain = SECOND // 8
    named_by_topic = False
    wire: ClassVar = {"level": (0, 1.0, 3), "temperature": (1, 1.0, 1), "battery": (2, 0.01, 0)}

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/drainage/senml/{device.id}"

    def _prepare(self) -> None:
        self._mean = 0.35 * self.number("crest_m", 3.0)
        self._lag = self.noise.fixed("tide") * 2.0 * np.pi

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        temperature = 23.0 + 2.0 * bump(self.local.hour(ts), 15.0, 4.0)
        temperature += 0.8 * self.noise.smooth("temperature", which, ts, 6 * HOUR)
        battery = 100.0 - 30.0 * ((ts / (90 * DAY) + self.noise.fixed("battery")[which]) % 1.0)
        level, before = self._level(which, ts), self._level(which, ts - BEFORE)
        return list(zip(quantise(level, 3), quantise(temperature, 1), whole(battery), quantise(before, 3), strict=True))

    def _level(self, which: I64, ts: I64) -> F64:
        tide = 0.28 * np.sin(2.0 * np.pi * (ts % TIDE) / TIDE + self._lag[which])
        return self._mean[which] + tide + 0.15 * self.noise.smooth("level", which, ts, 45 * MINUTE)

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.senml_station(self.devices[which].key, stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        level, temperature, battery, before = row
        return (
            Reading("level", stamp, level),
            Reading("temperature", stamp, temperature),
            Reading("battery", stamp, battery / 100.0),
            Reading("level", stamp - BEFORE, before),
        )


class _Manholes(Group):
    """Level in whole centimetres and the cell's voltage; after a session a device joins again and counts anew."""

    SESSION = 90 * DAY
    named_by_topic = False
    wire: ClassVar = {"level": (2, 0.01, 0), "battery": (3, 1.0, 2)}
    breakable = (b"level", "level")

    def _prepare(self) -> None:
        self._depth = 12.0 + 30.0 * self.noise.fixed("depth")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        level = self._depth[which] * (1.0 + 0.5 * self.noise.smooth("level", which, ts, 3 * HOUR))
        battery = 3.62 - 0.1 * self.noise.uniform("battery", which, ts // (7 * DAY))
        session, frame = np.divmod((ts - self.phase[which]) // self.interval, self.SESSION // self.interval)
        return list(zip(session.tolist(), frame.tolist(), whole(level), quantise(battery, 2), strict=True))

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("level", stamp, row[2] / 100.0), Reading("battery", stamp, row[3])

    def restarted(self, row: Row, count: int) -> Row:
        """It joins again: another session, frames from 0."""
        session, _, level, battery = row
        return session + 1, count, level, battery


class TtsManholes(_Manholes):
    """Through The Things Stack v3."""

    profile = "tts-v3"

    def _topic(self, device: Device) -> str:
        return f"v3/{device.extra['application']}/devices/{device.id}/up"

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        device, (session, frame, level, battery) = self.devices[which], row
        return encoders.tts_v3(device.id, device.key, stamp, session=session, f_cnt=frame, level=level, battery=battery)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        level, battery = super()._say(stamp, row)
        # the server leaves out what is zero
        return (level, battery) if row[2] else (battery,)


class ChirpStackManholes(_Manholes):
    """Through ChirpStack v4."""

    profile = "chirpstack-v4"

    def _topic(self, device: Device) -> str:
        return f"application/{device.extra['application']}/device/{device.key}/event/up"

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        device, (session, frame, level, battery) = self.devices[which], row
        return encoders.chirpstack_v4(
            device.id, device.key, stamp, session=session, f_cnt=frame, level=level, battery=battery
        )
