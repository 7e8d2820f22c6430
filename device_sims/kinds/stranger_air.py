"""Strangers in the air: stations on two Chinese cloud protocols, room climate over Zigbee2MQTT."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import strangers as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.holidays import rests
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.signals import bump, traffic_demand

__all__ = ["AlinkStations", "IotdaChildren", "IotdaStations", "ZigbeeClimates"]


class _Stations(Group):
    """Fine dust and noise that follow the traffic; temperature of the day."""

    grain = SECOND
    named_by_topic = False
    wire: ClassVar = {"pm25": (0, 0.001, 1), "temperature": (1, 1.0, 1), "noise": (2, 1.0, 1)}
    breakable = (b"pm25", "pm25")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        noise = self.noise
        pm25 = 22.0 + 14.0 * self._demand(ts) + 6.0 * noise.smooth("pm25", which, ts, 2 * HOUR)
        temperature = 20.0 + 6.0 * bump(self.local.hour(ts), 15.0, 4.0)
        temperature += 0.4 * noise.smooth("temperature", which, ts, HOUR)
        return list(
            zip(
                quantise(np.maximum(pm25, 1.0), 1), quantise(temperature, 1), quantise(self._sound(which, ts), 1),
                strict=True,
            )
        )  # fmt: skip

    def _demand(self, ts: I64) -> F64:
        return traffic_demand(self.local.hour(ts), rests(self.local, ts))

    def _sound(self, which: I64, ts: I64) -> F64:
        return 48.0 + 16.0 * self._demand(ts) + 2.0 * self.noise.smooth("noise", which, ts, 10 * MINUTE)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return self._told(stamp, row, stamp)

    def _told(self, stamp: int, row: Row, noise_at: int) -> tuple[Reading, ...]:
        pm25, temperature, noise = row
        return (
            Reading("pm25", stamp, pm25 / 1000.0),
            Reading("temperature", stamp, temperature),
            Reading("noise", noise_at, noise),
        )


class AlinkStations(_Stations):
    """Each value with a time of its own: the sound level was taken a little earlier."""

    profile = "alink"
    breakable = (b"value", "pm25")
    EARLIER = 5 * SECOND

    def _topic(self, device: Device) -> str:
        return f"/sys/{device.key}/thing/event/property/post"

    def _sound(self, which: I64, ts: I64) -> F64:
        return super()._sound(which, ts - self.EARLIER)

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        # numbers of messages start again each day
        return encoders.alink(stamp % DAY // self.interval, stamp, *row, noise_at=stamp - self.EARLIER)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return self._told(stamp, row, stamp - self.EARLIER)


class IotdaStations(_Stations):
    """They speak for themselves."""

    profile = "iotda"

    def _topic(self, device: Device) -> str:
        return f"oc/devices/{device.key}/sys/properties/report"

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.iotda(stamp, *row)


class IotdaChildren(_Stations):
    """Their gateway speaks for them."""

    profile = "iotda-gateway"

    def _topic(self, device: Device) -> str:
        return f"oc/devices/{device.extra['gateway']}/sys/gateway/sub_devices/properties/report"

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.iotda_gateway(self.devices[which].key, stamp, *row)


class ZigbeeClimates(Group):
    """Climate underground; one bridge writes ISO 8601, the other milliseconds."""

    profile = "zigbee2mqtt"
    named_by_topic = False
    wire: ClassVar = {
        "temperature": (0, 1.0, 1), "humidity": (1, 0.01, 1), "battery": (3, 0.01, 0), "voltage": (4, 0.001, 0),
        "linkquality": (5, 1.0, 0),
    }  # fmt: skip
    breakable = (b"temperature", "temperature")

    def _topic(self, device: Device) -> str:
        return f"zigbee2mqtt/{device.key}"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        noise = self.noise
        temperature = 18.0 + 1.5 * noise.smooth("temperature", which, ts, 6 * HOUR)
        humidity = 72.0 + 12.0 * noise.smooth("humidity", which, ts, 3 * HOUR)
        busy = (noise.uniform("busy", which, ts // (10 * MINUTE)) < 0.05).tolist()
        battery = 97.0 - 8.0 * noise.uniform("battery", which, ts // (7 * DAY))
        link = 118.0 + 20.0 * noise.smooth("link", which, ts, HOUR)
        return list(
            zip(
                quantise(temperature, 1), quantise(humidity, 1), busy, whole(battery), whole(2700.0 + 3.0 * battery),
                whole(np.clip(link, 0.0, 255.0)), strict=True,
            )
        )  # fmt: skip

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.zigbee2mqtt(stamp, *row, epoch=self.devices[which].extra.get("last_seen") == "epoch")

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        temperature, humidity, busy, battery, millivolts, link = row
        return (
            Reading("temperature", stamp, temperature),
            Reading("humidity", stamp, humidity / 100.0),
            Reading("occupancy", stamp, float(busy)),
            Reading("battery", stamp, battery / 100.0),
            Reading("voltage", stamp, millivolts / 1000.0),
            Reading("linkquality", stamp, float(link)),
        )
