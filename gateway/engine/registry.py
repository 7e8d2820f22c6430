"""Devices and series as an engine knows them: names to dense indices, one row of arrays a device.

A device has one identity for life and one zone at a time; a series is (device, quantity). Indices are private to one
engine and its outbox. Everything here changes through rows only, so replaying the rows rebuilds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.engine.results import DeviceRecord, SeriesName

__all__ = ["DEVICE_TERMS", "Registry"]

DEVICE_TERMS = ("accepted", "duplicate", "conflict", "quarantined", "expired", "invalid", "late", "missing", "shed")
"""What is counted per device, on demand of `cityloom ledger --device`: readings, but messages that were shed."""


class Registry:
    """Never called concurrently. `lane` numbers (zone, profile) pairs in order of first use."""

    def __init__(self) -> None:
        self.records: list[DeviceRecord] = []
        self.series: list[SeriesName] = []
        self.lanes: list[tuple[str, str]] = []
        self._by_id: dict[str, int] = {}
        self._by_key: dict[tuple[str, str], int] = {}
        self._lane_of: dict[tuple[str, str], int] = {}
        self._series_of_name: dict[str, dict[str, int]] | None = None
        """Series by device and quantity, while devices that have some are laid out anew; None: made when asked."""
        self.lane = np.empty(0, np.int32)
        """Lane of each device."""
        self.counts = np.zeros((0, len(DEVICE_TERMS)), np.int64)
        self.offset = np.empty(0, np.int64)
        """Estimated clock offset of each device in ns (device minus ours); int64 min: not known."""
        self.heard = np.empty(0, np.int64)
        """`received_at` of each device's newest message; 0: never heard."""
        self.newest = np.empty(0, np.int64)
        """The latest event time that each device has told, no later than its receipt; 0: none."""
        self.fresh = np.empty(0, np.int64)
        """`received_at` of the message that told it: no copy, and nothing that was overtaken."""
        self.within = np.empty(0)
        """Seconds within which each device sends again, as its newest message says; NaN: it doesn't."""
        self.table = np.empty((0, 1), np.int32)
        """Series of (device, quantity's place in its profile); -1: none yet."""

        self.offline = np.empty(0, np.int64)
        """When each device went offline, as a death says (UTC ns); 0: none has, or it came back."""

    def __len__(self) -> int:
        return len(self.records)

    def find(self, profile: str, key: str) -> int:
        """Index of the device that speaks `profile` under `key`; -1: none."""
        return self._by_key.get((profile, key), -1)

    def by_id(self, device: str) -> int:
        """Index of the device `device`; -1: none."""
        return self._by_id.get(device, -1)

    def free_id(self, profile: str, key: str) -> str:
        """A name for a device met on the wire: its key; where that is taken, under its profile and numbered."""
        name, number = key, 1
        while name in self._by_id:
            name = f"{profile}/{key}" if number == 1 else f"{profile}/{key}/{number}"
            number += 1
        return name

    def put(self, record: DeviceRecord, quantities: Sequence[str]) -> tuple[int, bool]:
        """Add a device or change it; give its index and whether anything changed."""
        index = self._by_id.get(record.id, -1)
        met = index < 0
        if not met:
            old = self.records[index]
            if _same(old, record):
                return index, False
            for key in old.keys:
                # another device may have got the key meanwhile
                if self._by_key.get((old.profile, key)) == index:
                    del self._by_key[old.profile, key]
            if old.profile != record.profile:
                self.table[index] = -1
            self.records[index] = record
        else:
            index = len(self.records)
            self.records.append(record)
            self._by_id[record.id] = index
            self._grow()
        self.lane[index] = self._lane(record.zone, record.profile)
        for key in record.keys:
            self._by_key[record.profile, key] = index
        self._widen(len(quantities))
        if not met:  # a new one has no series, whatever its name
            self._lay_out(index, quantities)
        return index, True

    def relayout(self, quantities: Mapping[str, Sequence[str]]) -> None:
        """Lay the table out anew after profiles changed: `quantities` of each profile, in order."""
        self._widen(max((len(names) for names in quantities.values()), default=1))
        self.table[:] = -1
        for index, record in enumerate(self.records):
            self._lay_out(index, quantities.get(record.profile, ()))

    def laid_out(self) -> None:
        """No more devices are changed in this call: let go of what was made for it."""
        self._series_of_name = None

    def _lay_out(self, index: int, quantities: Sequence[str]) -> None:
        if self._series_of_name is None:
            self._series_of_name = {}
            for name in self.series:
                self._series_of_name.setdefault(name.device, {})[name.quantity] = name.index
        known = self._series_of_name.get(self.records[index].id, {})
        for place, quantity in enumerate(quantities):
            self.table[index, place] = known.get(quantity, -1)

    def name_series(self, device: int, place: int, quantity: str, unit: str) -> SeriesName:
        """Give (device, quantity) its index."""
        record = self.records[device]
        name = SeriesName(len(self.series), record.id, quantity, record.profile, unit)
        self.series.append(name)
        self._series_of_name = None
        self.table[device, place] = name.index
        return name

    def readopt(self, name: SeriesName) -> SeriesName:
        """Take a series back under the index that it has in the journal."""
        if name.index != len(self.series):
            raise ValueError(f"series {name.index} does not come after {len(self.series)} series")
        self.series.append(name)
        self._series_of_name = None
        return name

    def series_of_device(self, device: int) -> NDArray[np.int32]:
        """Indices of the series that a device has."""
        row = self.table[device]
        found: NDArray[np.int32] = row[row >= 0]
        return found

    def count(self, term: str, devices: NDArray[Any], amount: int | NDArray[np.int64] = 1) -> None:
        """Add to a term of several devices (an index may stand there repeatedly)."""
        np.add.at(self.counts[:, DEVICE_TERMS.index(term)], devices, amount)

    def _lane(self, zone: str, profile: str) -> int:
        lane = self._lane_of.get((zone, profile))
        if lane is None:
            lane = self._lane_of[zone, profile] = len(self.lanes)
            self.lanes.append((zone, profile))
        return lane

    def _grow(self) -> None:
        have, want = len(self.lane), len(self.records)
        if want <= have:
            return
        more = max(64, have)
        self.lane = np.concatenate([self.lane, np.zeros(more, np.int32)])
        self.counts = np.concatenate([self.counts, np.zeros((more, len(DEVICE_TERMS)), np.int64)])
        self.offset = np.concatenate([self.offset, np.full(more, np.iinfo(np.int64).min)])
        self.heard = np.concatenate([self.heard, np.zeros(more, np.int64)])
        self.newest = np.concatenate([self.newest, np.zeros(more, np.int64)])
        self.fresh = np.concatenate([self.fresh, np.zeros(more, np.int64)])
        self.within = np.concatenate([self.within, np.full(more, np.nan)])
        self.offline = np.concatenate([self.offline, np.zeros(more, np.int64)])
        self.table = np.concatenate([self.table, np.full((more, self.table.shape[1]), -1, np.int32)])

    def _widen(self, quantities: int) -> None:
        have = self.table.shape[1]
        if quantities > have:
            self.table = np.hstack([self.table, np.full((len(self.table), quantities - have), -1, np.int32)])

    def snapshot(self) -> dict[str, Any]:
        """Everything, as arrays and lists."""
        n = len(self.records)
        return {
            "records": list(self.records),
            "series": list(self.series),
            "keys": [[profile, key, index] for (profile, key), index in self._by_key.items()],
            "lanes": [list(lane) for lane in self.lanes],
            "lane": self.lane[:n].copy(),
            "counts": self.counts[:n].copy(),
            "offset": self.offset[:n].copy(),
            "heard": self.heard[:n].copy(),
            "newest": self.newest[:n].copy(),
            "fresh": self.fresh[:n].copy(),
            "within": self.within[:n].copy(),
            "offline": self.offline[:n].copy(),
            "table": self.table[:n].copy(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "Registry":
        """The registry that gave `state`."""
        made = cls()
        made.records = msgspec.convert(state["records"], list[DeviceRecord])
        # versions before 0.4 kept names without their index
        made.series = [
            fields if isinstance(fields, SeriesName) else SeriesName(index, *fields[-4:])
            for index, fields in enumerate(state["series"])
        ]
        made.lanes = [(zone, profile) for zone, profile in state["lanes"]]
        made.lane, made.counts = state["lane"].copy(), _widened(state["counts"])
        made.offset, made.heard = state["offset"].copy(), state["heard"].copy()
        # versions before 0.2 had neither
        made.newest = state["newest"].copy() if "newest" in state else np.zeros_like(made.heard)
        made.fresh = state["fresh"].copy() if "fresh" in state else made.heard.copy()
        made.within = state["within"].copy() if "within" in state else np.full(len(made.heard), np.nan)
        made.offline = state["offline"].copy() if "offline" in state else np.zeros_like(made.heard)
        made.table = state["table"].copy()
        made._lane_of = {pair: index for index, pair in enumerate(made.lanes)}
        made._by_id = {record.id: index for index, record in enumerate(made.records)}
        made._by_key = {(profile, key): index for profile, key, index in state["keys"]}
        return made


def _widened(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of a version that had fewer terms: those that came later stand behind."""
    return np.pad(counts, ((0, 0), (0, len(DEVICE_TERMS) - counts.shape[1])))


def _same(old: DeviceRecord, new: DeviceRecord) -> bool:
    return _plain(old)[:-1] == _plain(new)[:-1]


def _plain(record: DeviceRecord) -> list[Any]:
    keys: Iterable[str] = record.keys
    return [record.id, record.profile, record.zone, list(keys), record.lon, record.lat, record.cell, record.asset,
            record.state, record.since]  # fmt: skip
