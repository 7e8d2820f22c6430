"""Troubles: the world goes wrong somewhere for a while, and devices measure it. Faults (faults/) are their own.

    trouble (kind, place, from, to, size) -> effects on quantities of devices -> Group.measure

A kind is a function from size to effects. An effect grows over its `ramp` from the trouble's start and is gone at its
end; it scales or adds to a quantity in its canonical unit. What follows from it more slowly is the kind's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from device_sims.city import Device, devices_of_copy
from device_sims.local_time import MINUTE, SECOND
from device_sims.noise import F64, I64

__all__ = ["KINDS", "Bound", "Effect", "Place", "Trouble", "effects_on", "silences_on"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a device, everything on an asset, or everything in a zone. Exactly one; all empty: the whole city."""

    device: str = ""
    asset: str = ""
    zone: str = ""

    def has(self, device: Device) -> bool:
        """Whether the device is there."""
        if self.device:
            return device.id == self.device
        if self.asset:
            return device.asset == self.asset
        return not self.zone or device.zone == self.zone


@dataclass(frozen=True, slots=True)
class Effect:
    """What a trouble does to a quantity of the devices of a profile at its place: value * times + plus, once grown."""

    profile: str
    quantity: str
    times: float = 1.0
    plus: float = 0.0
    ramp: int = 0
    shared: bool = False
    """`plus` is for all devices there together: each gets its share."""
    most: float = np.inf


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong. Times are UTC ns."""

    kind: str
    place: Place
    start: int
    end: int
    size: float
    expect: str = ""
    """The condition that ought to raise an alarm; "": none."""
    at: str = ""
    """The asset, device or zone that the alarm ought to name."""
    zone: str = ""
    """The zone that it ought to be in."""
    within: int = 0
    """ns from the start until it ought to be raised."""
    over: int = 0
    """ns from the end until it ought to be gone."""
    sentence: str = ""
    also: tuple[str, ...] = ()
    """Conditions of which an alarm in the zone is a consequence."""

    @property
    def effects(self) -> Sequence[Effect]:
        """What it does."""
        return KINDS[self.kind](self.size)


def _steady(profile: str, quantities: Sequence[str]) -> Callable[[float], Sequence[Effect]]:
    return lambda size: [Effect(profile, quantity, times=size) for quantity in quantities]


def _added(profile: str, quantity: str, ramp: int) -> Callable[[float], Sequence[Effect]]:
    return lambda size: [Effect(profile, quantity, plus=size, ramp=ramp)]


def _burst(size: float) -> Sequence[Effect]:
    """m3/h that run out, through all inlets; the pressure falls by half a kPa for each."""
    return [
        Effect("water-flow", "flow", plus=size, ramp=MINUTE, shared=True),
        Effect("water-pressure", "pressure", plus=-0.5 * size, ramp=MINUTE),
    ]


def _overload(size: float) -> Sequence[Effect]:
    """Load times `size`; currents, voltages and temperatures follow from it."""
    return [Effect("transformer", "load", times=size)]


def _storm(size: float) -> Sequence[Effect]:
    """So much rain an hour: gauges count it, drains rise by a centimetre for each mm, and everybody drives slower."""
    return [
        Effect("rain-gauge", "rain", plus=size / 1000.0 / 12.0, ramp=10 * MINUTE),
        Effect("rain-gauge", "intensity", plus=size, ramp=10 * MINUTE),
        Effect("drainage-level", "level", plus=size / 100.0, ramp=40 * MINUTE),
        Effect("loop-detector", "speed", times=0.85, ramp=10 * MINUTE),
        Effect("segment-speed", "speed", times=0.85),
    ]


def _jam(size: float) -> Sequence[Effect]:
    """Speeds fall to that share; loops are covered the longer for it."""
    return [
        Effect("segment-speed", "speed", times=size),
        Effect("loop-detector", "speed", times=size, ramp=2 * MINUTE),
        Effect("loop-detector", "occupancy", times=1.0 / size, ramp=2 * MINUTE, most=0.92),
    ]


KINDS: dict[str, Callable[[float], Sequence[Effect]]] = {
    "gas-leak": _added("gas-detector", "lel", 5 * MINUTE),
    "carbon-monoxide": _added("gas-detector", "co", 5 * MINUTE),
    "hydrogen-sulphide": _added("gas-detector", "h2s", 5 * MINUTE),
    "oxygen": _added("gas-detector", "o2", 5 * MINUTE),
    "burst": _burst,
    "pressure": _steady("water-pressure", ["pressure"]),
    "voltage": _steady("meter-3p", ["u_a", "u_b", "u_c"]),
    "distortion": _added("meter-3p", "thd_u", SECOND),
    "frequency": _added("meter-3p", "f", SECOND),
    "line-voltage": _steady("feeder-meter", ["u_ab"]),
    "overload": _overload,
    "jam": _jam,
    "signal-dark": _added("traffic-signal", "dark", 0),
    "tank": _steady("reservoir-level", ["level"]),
    "backwater": _added("drainage-level", "level", 30 * MINUTE),
    "storm": _storm,
    "silence": lambda size: [],
}
"""size: what is added in the canonical unit (gas-leak, carbon-monoxide, hydrogen-sulphide, oxygen, distortion,
frequency, backwater), m3/h (burst), the share that is left (pressure, voltage, line-voltage, jam, tank), times the load
(overload), 1 (signal-dark), mm an hour (storm); nothing (silence)."""


@dataclass(slots=True)
class Bound:
    """An effect on some devices of a group."""

    start: int
    end: int
    effect: Effect
    hit: np.ndarray
    """(devices,) whether each is there."""
    sharers: int

    def change(self, value: F64, which: I64, ts: I64) -> F64:
        """`value` (n,) of devices `which` at `ts` with the effect on it."""
        during = self.hit[which] & (ts >= self.start) & (ts < self.end)
        if not during.any():
            return value
        effect = self.effect
        grown = np.clip((ts - self.start) / effect.ramp, 0.0, 1.0) if effect.ramp else np.ones(len(ts))
        plus = effect.plus / max(self.sharers, 1) if effect.shared else effect.plus
        new = value * (1.0 + (effect.times - 1.0) * grown) + plus * grown
        return np.where(during, np.clip(new, 0.0, effect.most), value)

    def felt(self, which: I64, ts: I64, lag: int) -> F64:
        """Share of a slow body's way to where the trouble drives it: nearly 1 if it lasts, and back to 0 after it."""
        since = np.clip(ts - self.start, 0, self.end - self.start)
        after = np.maximum(ts - self.end, 0)
        return np.where(self.hit[which], (1.0 - np.exp(-since / lag)) * np.exp(-after / lag), 0.0)


def effects_on(profile: str, devices: Sequence[Device], troubles: Sequence[Trouble]) -> dict[str, list[Bound]]:
    """By quantity, what the troubles do to the devices of a profile."""
    out: dict[str, list[Bound]] = {}
    for trouble in troubles:
        hit = np.array([trouble.place.has(device) for device in devices], np.bool_)
        for effect in trouble.effects:
            if effect.profile == profile and hit.any():
                bound = Bound(trouble.start, trouble.end, effect, hit, _sharers(trouble.place, profile, devices, hit))
                out.setdefault(effect.quantity, []).append(bound)
    return out


def _sharers(place: Place, profile: str, devices: Sequence[Device], hit: np.ndarray) -> int:
    """Devices of the profile at the place, in the whole of the copy of the city that the first one hit is in.

    Those that aren't simulated here have their share too, or what one measures would hang on which others there are.
    """
    every = devices_of_copy(devices[int(hit.argmax())].copy)
    return sum(device.profile == profile and place.has(device) for device in every)


def silences_on(devices: Sequence[Device], troubles: Sequence[Trouble]) -> list[tuple[int, int, np.ndarray]]:
    """From when to when nobody hears of which devices (devices,)."""
    found = []
    for trouble in troubles:
        if trouble.kind == "silence":
            hit = np.array([trouble.place.has(device) for device in devices], np.bool_)
            if hit.any():
                found.append((trouble.start, trouble.end, hit))
    return found
