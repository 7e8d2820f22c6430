"""What stands at streets and speaks other than JSON: noise, weather, air, climate of the lamp posts."""

import zlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from device_sims.city.devices import Device
from device_sims.encoders.built_in import rfc3339
from device_sims.encoders.flat import csv_line, influx_line, number, ultralight
from device_sims.encoders.senml_cbor import Decimals, Value, senml_cbor
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import HOUR, MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.signals import bump

__all__ = ["AirMonitors", "LampClimates", "NoiseLoggers", "WeatherStations"]


class _Climate(Group):
    """Air at street level: warmest in the afternoon, dampest before dawn."""

    def _air(self, which: I64, ts: I64) -> tuple[F64, F64]:
        """Temperature (Cel) and relative humidity (percent)."""
        warm = bump(self.local.hour(ts), 15.0, 4.0)
        temperature = 21.0 + 6.0 * warm + 1.2 * self.noise.smooth("air", which, ts, 3 * HOUR)
        humidity = np.clip(78.0 - 20.0 * warm + 5.0 * self.noise.smooth("damp", which, ts, 3 * HOUR), 5.0, 99.0)
        return temperature, humidity


class NoiseLoggers(Group):
    """Sound of a street by the hour, in lines of a logger with a decimal comma and local time, packed by zlib."""

    profile = "noise-logger"
    grain = SECOND
    holds_many = True
    between = b"\n"
    wire: ClassVar = {"leq": (0, 1.0, 1), "lmax": (1, 1.0, 1)}
    WET = 0.002
    """Share of the intervals that a wet microphone hears nothing of."""

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/street/noise/{device.id}/log"

    def _prepare(self) -> None:
        self._loud = 54.0 + 8.0 * self.noise.fixed("loud")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        day = bump(self.local.hour(ts), 14.0, 5.0)
        leq = self._loud[which] + 11.0 * day + 1.5 * self.noise.normal("leq", which, ts // SECOND)
        lmax = leq + 7.0 + 4.0 * self.noise.uniform("lmax", which, ts // SECOND)
        leq[self.noise.uniform("wet", which, ts // SECOND) < self.WET] = np.nan
        return list(zip(quantise(leq, 1), quantise(lmax, 1), strict=True))

    def payload(self, which: int, records: Sequence[tuple[int, Row]]) -> bytes:
        """A line a record."""
        return b"".join(self._encode(which, stamp, row) for stamp, row in records)

    def wrap(self, which: int, payload: bytes) -> bytes:
        """Packed by zlib."""
        return zlib.compress(payload)

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        leq, lmax = row
        local = int(self.local.of(np.array([stamp]))[0])
        day, _, clock = rfc3339(local, 0, "").partition("T")
        return (csv_line([day, clock, number(leq, 1, ","), number(lmax, 1, ",")], ";") + "\n").encode()

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("leq", stamp, row[0]), Reading("lmax", stamp, row[1])


class WeatherStations(_Climate):
    """Temperature, humidity, air pressure, wind and a hatch, in line protocol, packed by zstd."""

    profile = "weather-station"
    holds_many = True
    between = b"\n"
    named_by_topic = False
    wire: ClassVar = {
        "temperature": (0, 1.0, 1), "humidity": (1, 0.01, 1), "pressure": (2, 0.1, 1), "wind": (3, 3.6, 1),
        "gusts": (4, 3.6, 0),
    }  # fmt: skip

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/street/weather/{device.id}/lines"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        temperature, humidity = self._air(which, ts)
        pressure = 1013.0 + 4.0 * self.noise.shared("air").smooth("pressure", np.zeros_like(which), ts, 12 * HOUR)
        wind = np.maximum(2.5 + 2.0 * self.noise.smooth("wind", which, ts, 10 * MINUTE), 0.0)
        gusts = whole(wind * 1.6)
        columns = [quantise(values, 1) for values in (temperature, humidity, pressure, wind)]
        return list(zip(*columns, gusts, strict=True))

    def payload(self, which: int, records: Sequence[tuple[int, Row]]) -> bytes:
        """A line a record."""
        return b"\n".join(self._encode(which, stamp, row) for stamp, row in records)

    def wrap(self, which: int, payload: bytes) -> bytes:
        """Packed by zstd."""
        return bytes(pa.compress(payload, codec="zstd", asbytes=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        temperature, humidity, pressure, wind, gusts = row
        fields = {"temperature": temperature, "humidity": humidity, "pressure": pressure, "wind": wind, "gusts": gusts}
        tags = {"station": self.devices[which].key, "model": "mast, 4 m"}
        return influx_line("weather", tags, fields | {"hatch": False}, stamp).encode()

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        temperature, humidity, pressure, wind, gusts = row
        return (
            Reading("temperature", stamp, temperature),
            Reading("humidity", stamp, humidity / 100.0),
            Reading("pressure", stamp, pressure / 10.0),
            Reading("wind", stamp, wind * 3.6),
            Reading("gusts", stamp, gusts * 3.6),
            Reading("hatch", stamp, 0.0),
        )


class AirMonitors(_Climate):
    """Fine dust and temperature of a device without floating point: SenML in CBOR with decimal fractions."""

    profile = "air-monitor"
    grain = SECOND
    named_by_topic = False
    wire: ClassVar = {"pm25": (0, 0.001, 1), "temperature": (1, 1.0, 1)}

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/street/air/{device.id}/pack"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        temperature, _ = self._air(which, ts)
        rush = bump(self.local.hour(ts), 8.5, 2.0) + bump(self.local.hour(ts), 18.5, 2.0)
        dust = np.maximum(24.0 + 14.0 * rush + 6.0 * self.noise.smooth("dust", which, ts, HOUR), 1.0)
        return list(zip(quantise(dust, 1), quantise(temperature, 1), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        dust, temperature = (Decimals(round(value * 10), 1) for value in row)
        first: dict[str, Value] = {
            "bn": self.devices[which].key,
            "bt": stamp // SECOND,
            "n": "pm25",
            "u": "ug/m3",
            "v": dust,
        }
        return senml_cbor([first, {"n": "temperature", "u": "Cel", "v": temperature}])

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("pm25", stamp, row[0] / 1000.0), Reading("temperature", stamp, row[1])


class LampClimates(_Climate):
    """Temperature and humidity at lamp posts, in UltraLight by the way of a FIWARE broker."""

    profile = "fiware-ul"
    holds_many = True
    between = b"#"
    wire: ClassVar = {"temperature": (0, 1.0, 1), "humidity": (1, 0.01, 0)}
    API_KEY = "lamps-of-guangzhou"

    def _topic(self, device: Device) -> str:
        return f"/ul/{self.API_KEY}/{device.key}/attrs"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        temperature, humidity = self._air(which, ts)
        return list(zip(quantise(temperature, 1), whole(humidity), strict=True))

    def payload(self, which: int, records: Sequence[tuple[int, Row]]) -> bytes:
        """A group a record."""
        return ultralight([(rfc3339(stamp, 3), {"t": f"{row[0]:.1f}", "h": str(row[1])}) for stamp, row in records])

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return self.payload(which, [(stamp, row)])

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return Reading("temperature", stamp, row[0]), Reading("humidity", stamp, row[1] / 100.0)
