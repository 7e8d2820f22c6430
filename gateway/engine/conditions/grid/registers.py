"""One side of a balance: the registers of a zone's supply, or of its customers, as energies of hours.

readings --in order--> processors.conditions.grid.register --> waiting: (meter, end of the hour, kWh) --> taken by hour
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.conditions.base import Met, Places, moved
from gateway.engine.conditions.due import FAR, Due
from gateway.engine.conditions.grid.in_order import InOrder
from processors.columns import F64, I32, I64, ReadingBatch
from processors.conditions.grid.register import RegisterEnergy

__all__ = ["HOUR", "Registers"]

HOUR = 3_600_000_000_000
_ALWAYS, _NOT_YET = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class Registers:
    """Meters are numbered in order of `meet`; `zone`, `lane` and `since` have a row each.

    `since`: from its first reading on a meter counts, a listed one always. By the times of readings, as it must not
    matter in which call a stranger is met.
    """

    def __init__(self, gap: int, rollover: float, most_kw: float) -> None:
        self._gap, self._rollover, self._most_kw = gap, rollover, most_kw
        self.devices: list[str] = []
        self.zone = np.empty(0, np.int32)
        self.lane = np.empty(0, np.int32)
        self.since = np.empty(0, np.int64)
        self._number: dict[str, int] = {}
        self._places: list[tuple[int, int, bool]] = []
        """Zone and lane of each, and whether it is listed."""
        self._meter = Places()
        self._order = InOrder()
        self._due = Due()
        self._energy = RegisterEnergy(HOUR, gap)
        self._waiting = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)

    def __len__(self) -> int:
        return len(self.devices)

    def meet(self, device: str, zone: int, lane: int, listed: bool) -> None:
        """Meet a meter, heard or not; `settle` when all have been met."""
        self._number[device] = len(self.devices)
        self.devices.append(device)
        self._places.append((zone, lane, listed))

    def add(self, met: Met) -> None:
        """Meet the series of a meter."""
        self._meter.put(met.series, self._number[met.record.id])
        self._order.add(met.series, met.lane)

    def settle(self) -> None:
        """Make room for those that were met."""
        self.zone, self.lane = (np.array([place[k] for place in self._places], np.int32) for k in (0, 1))
        new = [_ALWAYS if listed else _NOT_YET for *_, listed in self._places[len(self.since) :]]
        self.since = np.concatenate([self.since, np.array(new, np.int64)])
        self._energy.grow(len(self.devices))
        self._due.by(self.lane)

    def hold(self, batch: ReadingBatch) -> None:
        """Take readings."""
        self._order.hold(batch)

    def advance(self, watermarks: I64) -> None:
        """Make energies of what the lanes have come past."""
        series, ts, value = self._order.take(watermarks)
        if not len(series):
            return
        by = np.argsort(ts, kind="stable")
        meter = self._meter.of(series[by])
        np.minimum.at(self.since, meter, ts[by])
        made = self._energy.add(meter, ts[by], value[by], modulus=self._rollover, most_kw=self._most_kw)
        meter, end, kwh = self._waiting
        self._waiting = (
            np.concatenate([meter, made.meter]), np.concatenate([end, made.end]), np.concatenate([kwh, made.kwh])
        )  # fmt: skip
        self._due.forget()

    def may_end(self, watermarks: I64) -> bool:
        """Whether any meter that waits with an hour has come past it and the gap."""
        return len(self._waiting[0]) > 0 and self._due.come(watermarks, self._earliest)

    def _earliest(self) -> I64:
        meter, end, _ = self._waiting
        first = np.full(len(self.devices), FAR)
        np.minimum.at(first, meter, np.where(end > self._gap, end + self._gap, end))
        return first

    def ends(self, upto: I64) -> I64:
        """Hours that wait and end at or before `upto` of their zone."""
        meter, end, _ = self._waiting
        ends: I64 = np.unique(end[end <= upto[self.zone[meter]]])
        return ends

    def newest(self, zones: int) -> I64:
        """End of the newest hour that waits in each zone; 0 where none does."""
        meter, end, _ = self._waiting
        newest = np.zeros(zones, np.int64)
        np.maximum.at(newest, self.zone[meter], end)
        return newest

    def take(self, at: int, upto: I64) -> tuple[I32, F64]:
        """Meters and energies of the hour that ends at `at`, of zones that have come so far."""
        meter, end, kwh = self._waiting
        mine: NDArray[np.bool_] = (end == at) & (end <= upto[self.zone[meter]])
        self._waiting = meter[~mine], end[~mine], kwh[~mine]
        self._due.forget()
        return meter[mine], kwh[mine]

    def per_zone(self, end: int, zones: int) -> NDArray[np.intp]:
        """How many meters count in each zone in the hour that ends at `end`."""
        return np.bincount(self.zone[self.since < end], minlength=zones)

    def snapshot(self) -> dict[str, Any]:
        """Registers, what is held back and what waits."""
        meter, end, kwh = self._waiting
        return {
            "since": self.since.copy(),
            "devices": list(self.devices), "order": self._order.snapshot(), "energy": self._energy.snapshot(),
            "meter": meter.copy(), "end": end.copy(), "kwh": kwh.copy(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the meters that are still here."""
        old, new = moved(state["devices"], self.devices)
        learned = self._energy.snapshot()
        for name, column in learned.items():
            column[new] = state["energy"][name][old]
        self._energy.restore(learned)
        self.since[new] = np.minimum(self.since[new], state["since"][old])
        self._order.restore(state["order"])
        number = np.full(len(state["devices"]), -1, np.int32)
        number[old] = new
        meter = number[state["meter"]]
        there = meter >= 0
        self._waiting = meter[there], state["end"][there].copy(), state["kwh"][there].copy()
        self._due.forget()
