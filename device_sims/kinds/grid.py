"""Three-phase meters at transformers: simulated ones, and a few that play the recorded household days."""

from typing import ClassVar

import numpy as np

from device_sims.city.copies import original
from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise
from device_sims.world.local_time import MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.recordings import HOUSEHOLD_DAYS, household_power, minute_of_day
from device_sims.world.signals import evening_load

__all__ = ["Meters"]

PHASES = ("a", "b", "c")


class Meters(Group):
    """Load follows the hour, voltage sags with it and along the feeder, phases are a little uneven.

    The feeder's load is that of all its customers, measured here or not. The frequency is the grid's, for all.

    A meter with a recording has a home on each phase, on three different days: voltages and currents are the recorded
    ones, power is the sum of the three, and the power factor follows from it.
    """

    profile = "meter-3p"
    breakable = (b"p", "p")
    NOMINAL = 220.0
    FEEDER_DROP = 4.0
    """V that a fully loaded feeder loses on the way to its last transformer."""
    wire: ClassVar = {
        **{f"u_{phase}": (place, 1.0, 2) for place, phase in enumerate(PHASES)},
        **{f"i_{phase}": (place, 1.0, 1) for place, phase in enumerate(PHASES, 3)},
        "p": (6, 1.0, 3), "q": (7, 1.0, 3), "pf": (8, 1.0, 3), "f": (9, 1.0, 2), "thd_u": (10, 0.01, 1),
    }  # fmt: skip

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/grid/meter/{device.id}/reading"

    def _prepare(self) -> None:
        fixed = self.noise.fixed
        self._grid = self.noise.shared("grid")
        self._kva = self.number("kva")
        self._homes = fixed("homes")
        self._peak = 0.75 + 0.35 * fixed("peak")
        self._tap = self.NOMINAL + 4.0 + 6.0 * fixed("tap")
        self._sag = 6.0 + 9.0 * fixed("sag")
        self._uneven = np.stack([0.9 + 0.2 * fixed(f"uneven {phase}") for phase in PHASES])
        zones = sorted({device.zone for device in self.devices})
        self._feeders = self.noise.of([f"load of {zone}" for zone in zones])
        self._feeder = np.array([zones.index(device.zone) for device in self.devices], np.int64)
        self._far = np.array([_place_on_feeder(original(device.asset, device.copy)) for device in self.devices])
        self._recorded = np.array(["recording" in device.extra for device in self.devices])
        self._first = self.number("first").astype(np.int64)

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        u, i, p, q = self._simulated(which, ts)
        recorded = self._recorded[which]
        if recorded.any():
            u[:, recorded], i[:, recorded], p[recorded], q[recorded] = self._played(which[recorded], ts[recorded])
        apparent = np.hypot(p, q)
        pf = np.where(apparent > 0.0, p / np.maximum(apparent, 1e-9), 1.0)
        frequency = 50.0 + 0.03 * self._grid.smooth("frequency", np.zeros_like(which), ts, 40 * SECOND)
        thd = 1.6 + 1.4 * self._homes[which] + 0.5 * self.noise.smooth("thd", which, ts, 30 * MINUTE)
        columns = [quantise(x, 2) for x in u] + [quantise(x, 1) for x in i]
        columns += [quantise(p, 3), quantise(q, 3), quantise(pf, 3), quantise(frequency, 2)]
        columns.append(quantise(np.where(recorded, np.nan, thd), 1))
        return list(zip(*columns, strict=True))

    def _simulated(self, which: I64, ts: I64) -> tuple[F64, F64, F64, F64]:
        noise, minute = self.noise, ts // MINUTE
        load = evening_load(self.local.hour(ts), self._homes[which]) * self._peak[which]
        load = load * (1.0 + 0.12 * noise.smooth("load", which, ts, 25 * MINUTE))
        load = np.clip(load + 0.01 * noise.normal("flicker", which, minute), 0.02, 1.3)
        share = load * self._uneven[:, which]
        factor = 0.985 - 0.05 * (1.0 - load)
        feeder = evening_load(self.local.hour(ts), np.full(len(ts), 0.6))
        feeder *= 1.0 + 0.15 * self._feeders.smooth("load", self._feeder[which], ts, 40 * MINUTE)
        u = self._tap[which] - self._sag[which] * share - self.FEEDER_DROP * self._far[which] * feeder
        u += 0.35 * np.stack([noise.normal(f"u {phase}", which, minute) for phase in PHASES])
        each = self._kva[which] * share * factor / 3.0  # kW of one phase
        p = each.sum(axis=0)
        return u, each * 1000.0 / (u * factor), p, p * np.tan(np.arccos(factor))

    def _played(self, which: I64, ts: I64) -> tuple[F64, F64, F64, F64]:
        days = (self._first[which] + np.arange(3)[:, None]) % HOUSEHOLD_DAYS
        home = household_power()[days, minute_of_day(self.local, ts)]
        return home[..., 2], home[..., 3], home[..., 0].sum(axis=0), home[..., 1].sum(axis=0)

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.meter_3p(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        names = ("u_a", "u_b", "u_c", "i_a", "i_b", "i_c", "p", "q", "pf", "f")
        told = tuple(Reading(name, stamp, value) for name, value in zip(names, row, strict=False))
        return told if row[10] is None else (*told, Reading("thd_u", stamp, row[10] / 100.0))


def _place_on_feeder(asset: str) -> float:
    """0 at the substation, 1 at the end: transformers are numbered along it, up to four of them."""
    digits = asset[-1:]
    return int(digits) / 4.0 if digits.isdigit() else 0.5
