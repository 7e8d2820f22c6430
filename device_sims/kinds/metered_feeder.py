"""A feeder on which everything is metered: homes, transformers, and the meter at its head.

supply = sum of the homes + 3.5 % of it + 0.4 kW of idle transformers         so that a balance closes, but for loss
"""

from typing import ClassVar

import numpy as np

from device_sims.city.devices import Device
from device_sims.encoders import built_in as encoders
from device_sims.kinds.base import Group, Reading, Row, quantise
from device_sims.world.homes import Homes, names_of_homes
from device_sims.world.local_time import HOUR, MINUTE, SECOND
from device_sims.world.noise import F64, I64
from device_sims.world.weather import Weather

__all__ = ["FeederMeters", "HouseholdMeters", "Transformers"]

PF = 0.95


class HouseholdMeters(Group):
    """Register, voltage and power of a home, on the quarter of an hour."""

    profile = "household-meter"
    grain = SECOND
    on_the_dot = True
    delay = 20 * SECOND
    wire: ClassVar = {"energy": (0, 1.0, 2), "u": (1, 1.0, 1), "p": (2, 1.0, 3)}
    breakable = (b"kwh", "energy")
    causes = frozenset({"register"})
    ROLLOVER = 1_000_000.0
    """KWh that the register can't show."""

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/grid/household/{device.id}/reading"

    def _prepare(self) -> None:
        self._homes = Homes(self.noise, self.local)
        self._far = 4.0 * self.noise.fixed("far")

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        power = self._homes.power(which, ts)
        energy = self._homes.energy(which, ts)
        unseen = np.zeros(len(ts))
        for theft in self._effects.get("register", ()):
            # what was taken past the meter never shows in the register
            share = np.where(theft.hit[which], 1.0 - theft.effect.times, 0.0)
            start, end = theft.starts[which], theft.ends[which]
            taken = self._homes.energy(which, np.clip(ts, start, end)) - self._homes.energy(which, start)
            energy -= share * taken
            unseen += share * theft.during(which, ts)
        u = 223.0 - self._far[which] * (1.0 + power) + 0.4 * self.noise.normal("u", which, ts // SECOND)
        seen = power * np.maximum(1.0 - unseen, 0.0)
        return list(zip(quantise(energy % self.ROLLOVER, 2), quantise(u, 1), quantise(seen, 3), strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.household_meter(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        return tuple(Reading(name, stamp, value) for name, value in zip(("energy", "u", "p"), row, strict=True))


class _Above(Group):
    """What stands above homes; `first` and `homes` of devices.csv say above which."""

    def _prepare(self) -> None:
        self._below = [
            names_of_homes(int(device.extra.get("first", 1)), int(device.extra.get("homes", 1)), device.copy)
            for device in self.devices
        ]
        names = sorted({name for names in self._below for name in names})
        self._place = {name: number for number, name in enumerate(names)}
        self._homes = Homes(self.noise.of(names), self.local)

    def _of_homes(self, of: str, which: I64, ts: I64) -> list[F64]:
        """`energy` or `power` of each home below each device."""
        below = [np.array([self._place[name] for name in self._below[device]], np.int64) for device in which.tolist()]
        each = [len(homes) for homes in below]
        flat: F64 = getattr(self._homes, of)(np.concatenate(below), np.repeat(ts, each))
        return np.split(flat, np.cumsum(each)[:-1])


class FeederMeters(_Above):
    """What goes into the feeder."""

    profile = "feeder-meter"
    wire: ClassVar = {
        "energy": (0, 1.0, 2), "p": (1, 1.0, 2), "u_ab": (2, 1e3, 3), "u_bc": (3, 1e3, 3), "u_ca": (4, 1e3, 3),
        "f": (5, 1.0, 2),
    }  # fmt: skip
    grain = SECOND
    on_the_dot = True
    breakable = (b"kwh", "energy")
    LOSS = 0.035
    IDLE_KW = 0.4
    ROLLOVER = 100_000_000.0

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/grid/feeder/{device.id}/reading"

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        energy, power = (
            np.array([homes.sum() for homes in self._of_homes(of, which, ts)]) * (1.0 + self.LOSS)
            for of in ("energy", "power")
        )
        energy += self.IDLE_KW * (ts / HOUR)
        minute = ts // (60 * SECOND)
        u = [10.2 + 0.01 * self.noise.normal(f"u {line}", which, minute) for line in ("ab", "bc", "ca")]
        wander = self.noise.shared("grid").smooth("frequency", np.zeros_like(which), ts, 40 * SECOND)
        columns = [quantise(energy % self.ROLLOVER, 2), quantise(power + self.IDLE_KW, 2)]
        columns += [quantise(line, 3) for line in u] + [quantise(50.0 + 0.03 * wander, 2)]
        return list(zip(*columns, strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.feeder_meter(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        names = ("energy", "p", "u_ab", "u_bc", "u_ca", "f")
        scales = (1.0, 1.0, 1e3, 1e3, 1e3, 1.0)
        return tuple(Reading(name, stamp, value * scale) for name, scale, value in zip(names, scales, row, strict=True))


class Transformers(_Above):
    """Homes go round the three phases, each phase sags with its current, the oil follows load and air.

    The oil has always settled, but for what a trouble does to the load: it warms and cools by that with its own lag
    (IEC 60076-7, exponential form; ONAN: 55 K, R = 5, x = 0.8, 180 min).
    """

    profile = "transformer"
    wire: ClassVar = {
        "s": (0, 1.0, 2),
        **{
            name: (place, 1.0, 1)
            for place, name in enumerate(("i_a", "i_b", "i_c", "u_ab", "u_bc", "u_ca", "oil", "winding", "ambient"), 1)
        },
    }
    causes = frozenset({"load"})
    breakable = (b"s", "s")
    OIL_LAG = 180 * MINUTE

    def _topic(self, device: Device) -> str:
        return f"city/{device.zone}/grid/transformer/{device.id}/reading"

    def _prepare(self) -> None:
        super()._prepare()
        self._kva = self.number("kva", 100)
        self._weather = Weather(self.noise)

    def _measure(self, which: I64, ts: I64) -> list[Row]:
        phases = np.array(
            [[homes[phase::3].sum() for phase in range(3)] for homes in self._of_homes("power", which, ts)]
        )
        usual = phases.sum(axis=1) / PF / self._kva[which]
        overloads = self._effects.get("load", ())
        for overload in overloads:
            phases *= overload.change(np.ones(len(ts)), which, ts)[:, None]
        u = 226.0 - 0.02 * phases / self._kva[which, None] * 300.0
        u += 0.2 * np.stack([self.noise.normal(f"u {phase}", which, ts // SECOND) for phase in "abc"], axis=1)
        i = phases * 1000.0 / (u * PF)
        # two phasors a third of a turn apart
        lines = [np.sqrt(u[:, a] ** 2 + u[:, b] ** 2 + u[:, a] * u[:, b]) for a, b in ((0, 1), (1, 2), (2, 0))]
        s = phases.sum(axis=1) / PF
        load = s / self._kva[which]
        ambient = self._weather.air(ts, self.local.hour(ts))
        oil = ambient + _rise(usual)
        for overload in overloads:
            driven = _rise(usual * overload.effect.times) - _rise(usual)
            oil += driven * overload.felt(which, ts, self.OIL_LAG)
        columns = [quantise(s, 2)] + [quantise(i[:, phase], 1) for phase in range(3)]
        columns += [quantise(line, 1) for line in lines]
        columns += [quantise(oil, 1), quantise(oil + 20.0 * load**1.6, 1), quantise(ambient, 1)]
        return list(zip(*columns, strict=True))

    def _encode(self, which: int, stamp: int, row: Row) -> bytes:
        return encoders.transformer(stamp, *row)

    def _say(self, stamp: int, row: Row) -> tuple[Reading, ...]:
        names = ("s", "i_a", "i_b", "i_c", "u_ab", "u_bc", "u_ca", "oil", "winding", "ambient")
        return tuple(Reading(name, stamp, value) for name, value in zip(names, row, strict=True))


def _rise(load: F64) -> F64:
    """K of the top oil over the air, once it has settled."""
    return 55.0 * ((1.0 + 5.0 * load**2) / 6.0) ** 0.8
