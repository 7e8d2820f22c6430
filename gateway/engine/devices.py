"""Who a message is from: known devices, and the policy for unknown ones."""

from collections.abc import Collection
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.compiled import CompiledProfile
from gateway.engine.new_devices import NewDevices
from gateway.engine.outputs import Outputs
from gateway.engine.registry import Registry
from gateway.engine.results import DeviceRecord
from gateway.reasons import Rejected

__all__ = ["Devices", "Refusal"]

UNZONED = "unzoned"


class Refusal(IntEnum):
    """Why a record has no device here; stands in place of an index."""

    UNSEEN = -1
    UNKNOWN = -2
    PENDING = -3
    LIMIT = -4
    QUOTA = -5
    SOON = -6

    @property
    def reason(self) -> Rejected:
        """The reason under which the message is rejected."""
        return _REASONS[self][0]

    @property
    def sentence(self) -> str:
        """What the operator may do about it."""
        return _REASONS[self][1]


_REASONS = {
    Refusal.UNSEEN: (Rejected.IDENTITY_MISSING, "no device could be told from topic or payload"),
    Refusal.UNKNOWN: (
        Rejected.DEVICE_UNKNOWN,
        "the profile takes known devices only: add it to the devices file, then replay",
    ),
    Refusal.PENDING: (
        Rejected.DEVICE_PENDING,
        "the device waits to be accepted: add it to the devices file, then replay",
    ),
    Refusal.LIMIT: (Rejected.DEVICE_LIMIT, "engine.max_devices is reached: raise it, then replay"),
    Refusal.QUOTA: (
        Rejected.DEVICE_QUOTA,
        "as many devices of this profile are known in this zone as engine.max_met_devices lets: raise it, or add the "
        "device to the devices file, then replay",
    ),
    Refusal.SOON: (
        Rejected.DEVICE_QUOTA,
        "more devices of this profile were new in this zone than engine.new_devices_per_min: raise it, or replay "
        "later, when the device will be met",
    ),
}


class Devices:
    """The registry with its policy: provisioning once, also in a burst."""

    def __init__(
        self, registry: Registry, zones: frozenset[str], limit: int, new_devices: NewDevices | None = None
    ) -> None:
        self.registry = registry
        self._new = new_devices or NewDevices()
        self.zones = zones
        self.limit = limit
        self._gone: frozenset[int] = frozenset()

    def list_only(self, listed: Collection[str]) -> None:
        """Those that are in `listed` no more are strangers to profiles that take known devices only."""
        records = enumerate(self.registry.records)
        self._gone = frozenset(k for k, each in records if each.state == "known" and each.id not in listed)

    def find(
        self, profile: CompiledProfile, key: str, variables: dict[str, str], received_at: int, out: Outputs,
        *, replayed: bool = False,
    ) -> int:  # fmt: skip
        """Index of the device that speaks `profile` under `key`, or a Refusal. Meets an unknown one by policy."""
        registry = self.registry
        index = registry.find(profile.name, key)
        if index in self._gone and profile.profile.provisioning.policy == "closed":
            return int(Refusal.UNKNOWN)
        if index >= 0:
            return int(Refusal.PENDING) if registry.records[index].state == "pending" else index
        if not key:
            return int(Refusal.UNSEEN)
        policy = profile.profile.provisioning.policy
        if policy == "closed":
            return int(Refusal.UNKNOWN)
        if len(registry) >= self.limit:
            return int(Refusal.LIMIT)
        lane = self._zone(profile, variables), profile.name
        if self._new.is_full(lane):
            return int(Refusal.QUOTA)
        if not replayed and self._new.too_soon(lane, received_at):
            return int(Refusal.SOON)
        self._new.met(lane)
        state = "pending" if policy == "pending" else "provisioned"
        record = DeviceRecord(
            registry.free_id(profile.name, key), profile.name, lane[0], (key,), None, None, "", "", state, received_at,
        )  # fmt: skip
        index, _ = registry.put(record, [quantity.name for quantity in profile.quantities])
        out.devices.append(record)
        return int(Refusal.PENDING) if state == "pending" else index

    def _zone(self, profile: CompiledProfile, variables: dict[str, str]) -> str:
        """A function of topic and profile only, so that every engine agrees on who judges an unknown device."""
        source = profile.profile.provisioning
        named = variables.get(source.zone_from, "") if source.zone_from else ""
        return named if named in self.zones else source.zone or UNZONED

    def series(
        self, profile: CompiledProfile, device: NDArray[np.int32], valued: NDArray[np.bool_], out: Outputs
    ) -> NDArray[np.int32]:
        """Series of each (record, quantity), shape of `valued`; -1 where there is no value. Names what is new."""
        width = len(profile.quantities)
        table = self.registry.table[device, :width]
        fresh = valued & (table < 0)
        if fresh.any():
            pairs = np.argwhere(fresh)
            seen: set[tuple[int, int]] = set()
            for record, place in pairs.tolist():
                whose = int(device[record])
                if (whose, place) not in seen:
                    seen.add((whose, place))
                    quantity = profile.quantities[place]
                    out.series.append(self.registry.name_series(whose, place, quantity.name, quantity.unit))
            table = self.registry.table[device, :width]
        return np.where(valued, table, np.int32(-1))
