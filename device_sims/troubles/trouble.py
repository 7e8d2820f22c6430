"""Troubles: the world goes wrong somewhere for a while, and devices measure it. Faults (faults/) are their own.

trouble (kind, place, from, to, size) -> effects on quantities of devices -> Group.measure
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from device_sims.city.devices import Device, devices_of_copy
from device_sims.troubles.effects import Bound, Effect
from device_sims.troubles.kinds import KINDS

__all__ = ["KINDS", "Bound", "Effect", "Place", "Trouble", "effects_on", "silences_on"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a device, everything on an asset, or everything in a zone. Exactly one; all empty: the whole city."""

    device: str = ""
    asset: str = ""
    zone: str = ""
    within: frozenset[str] = frozenset()
    """Zones inside `zone`."""

    def has(self, device: Device) -> bool:
        """Whether the device is there."""
        if self.device:
            return device.id == self.device
        if self.asset:
            return device.asset == self.asset
        return not self.zone or device.zone == self.zone or device.zone in self.within


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
    """Conditions of which an alarm in one of its zones is a consequence."""
    zones: tuple[str, ...] = ()
    """All zones that it touches."""
    reach: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict, hash=False)
    """By part of an effect, the devices that it comes to, and how much later it begins and ends there (ns)."""

    @property
    def effects(self) -> Sequence[Effect]:
        """What it does."""
        return KINDS[self.kind](self.size)

    def bind(self, effect: Effect, devices: Sequence[Device]) -> Bound:
        """Which of the devices an effect of it comes to, and when."""
        if effect.part:
            there = self.reach.get(effect.part, {})
            lags = [there.get(device.id, (0, 0)) for device in devices]
            hit = [device.id in there for device in devices]
        else:
            lags = [(0, 0)] * len(devices)
            hit = [self.place.has(device) for device in devices]
        starts, ends = np.array(lags, np.int64).reshape(-1, 2).T
        there_is = np.array(hit, np.bool_)
        sharers = self._sharers(effect, devices[int(there_is.argmax())].copy) if there_is.any() else 1
        return Bound(effect, there_is, self.start + starts, self.end + ends, sharers)

    def _sharers(self, effect: Effect, copy: int) -> int:
        """Devices of the profile at the place, in the whole of the copy of the city that the first one hit is in.

        Those that aren't simulated here have their share too, or what one measures would hang on who else is there.
        """
        return sum(device.profile == effect.profile and self.place.has(device) for device in devices_of_copy(copy)) or 1


def effects_on(profile: str, devices: Sequence[Device], troubles: Sequence[Trouble]) -> dict[str, list[Bound]]:
    """By quantity, what the troubles do to the devices of a profile."""
    out: dict[str, list[Bound]] = {}
    for trouble in troubles:
        for effect in trouble.effects:
            if effect.profile == profile:
                bound = trouble.bind(effect, devices)
                if bound.hit.any():
                    out.setdefault(effect.quantity, []).append(bound)
    return out


def silences_on(devices: Sequence[Device], troubles: Sequence[Trouble]) -> list[tuple[int, int, np.ndarray]]:
    """From when to when nobody hears of which devices (devices,)."""
    found = []
    for trouble in troubles:
        if trouble.kind == "silence":
            hit = np.array([trouble.place.has(device) for device in devices], np.bool_)
            if hit.any():
                found.append((trouble.start, trouble.end, hit))
    return found
