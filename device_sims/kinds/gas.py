"""Gas detectors: four cells in utility tunnels, one in regulator stations; background values only."""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise, whole
from device_sims.world.local_time import HOUR, MINUTE, SECOND
from device_sims.world.noise import I64

__all__ = ["GasDetectors"]


class GasDetectors(Group):
    """A slow drift of combustible gas near zero, air as it should be, a little traffic exhaust by day."""

    profile = "gas-detector"
    # exact in binary, because the wire carries seconds as a float
    grain = SECOND // 8
    breakable = (b"lel", "lel")
    STATUS = "ok"
    wire: ClassVar = {"lel": (0, 1.0, 1), "co": (1, 1.0, 0), "o2": (2, 1.0, 1), "h2s": (3, 1.0, 0)}

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/gas/detector/{device.id}/reading"

    def _prepare(self) -> None:
        self._four = np.array([device.extra.get("cells") != "lel" for device in self.devices])

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        noise, half = self.noise, ts // (30 * SECOND)
        lel = 1.1 + 0.7 * noise.smooth("lel", which, ts, 2 * HOUR) + 0.08 * noise.normal("lel fine", which, half)
        co = 2.0 + 1.6 * noise.smooth("co", which, ts, HOUR)
        o2 = 20.8 + 0.12 * noise.smooth("o2", which, ts, 3 * HOUR)
        h2s = 0.4 + 0.7 * noise.smooth("h2s", which, ts, 50 * MINUTE)
        cells = (whole(np.maximum(co, 0.0)), quantise(o2, 1), whole(np.maximum(h2s, 0.0)), self._four[which].tolist())
        return [
            (found, a, b, c, self.STATUS) if four else (found, None, None, None, None)
            for found, a, b, c, four in zip(quantise(np.maximum(lel, 0.0), 1), *cells, strict=True)
        ]

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.gas_detector(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        lel, co, o2, h2s, status = row
        told = (Reading("lel", stamp, lel),)
        if status is None:
            return told
        cells = (Reading("co", stamp, float(co)), Reading("o2", stamp, o2), Reading("h2s", stamp, float(h2s)))
        return (*told, *cells, Reading("status", stamp, 0.0))
