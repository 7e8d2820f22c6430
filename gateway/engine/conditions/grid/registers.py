"""One side of a balance: the registers of a zone's supply, or of its customers, as energies of hours.

readings --in order--> processors.conditions.grid.register --> waiting: (meter, end of the hour, kWh) --> taken by hour
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.conditions.base import Met, Places, moved
from gateway.engine.conditions.grid.in_order import InOrder
from processors.columns import F64, I32, I64, ReadingBatch
from processors.conditions.grid.register import RegisterEnergy

__all__ = ["HOUR", "Registers"]

HOUR = 3_600_000_000_000
_FAR = 2**63 - 1


class Registers:
    """Meters are numbered in order of `meet`; `zone` and `lane` have a row each."""

    def __init__(self, gap: int, rollover: float, most_kw: float) -> None:
        self._rollover, self._most_kw = rollover, most_kw
        self.devices: list[str] = []
        self.zone = np.empty(0, np.int32)
        self.lane = np.empty(0, np.int32)
        self._number: dict[str, int] = {}
        self._places: list[tuple[int, int]] = []
        """Zone and lane of each."""
        self._meter = Places()
        self._order = InOrder()
        self._energy = RegisterEnergy(HOUR, gap)
        self._waiting = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
        self._first = _FAR
        """The earliest end that waits."""

    def __len__(self) -> int:
        return len(self.devices)

    def meet(self, device: str, zone: int, lane: int) -> None:
        """Meet a meter, heard or not; `settle` when all have been met."""
        self._number[device] = len(self.devices)
        self.devices.append(device)
        self._places.append((zone, lane))

    def add(self, met: Met) -> None:
        """Meet the series of a meter."""
        self._meter.put(met.series, self._number[met.record.id])
        self._order.add(met.series, met.lane)

    def settle(self) -> None:
        """Make room for those that were met."""
        self.zone, self.lane = (np.array([place[k] for place in self._places], np.int32) for k in (0, 1))
        self._energy.grow(len(self.devices))

    def hold(self, batch: ReadingBatch) -> None:
        """Take readings."""
        self._order.hold(batch)

    def advance(self, watermarks: I64) -> None:
        """Make energies of what the lanes have come past."""
        series, ts, value = self._order.take(watermarks)
        if not len(series):
            return
        by = slice(None) if (ts[1:] >= ts[:-1]).all() else np.argsort(ts, kind="stable")
        meter = self._meter.of(series[by])
        made = self._energy.add(meter, ts[by], value[by], modulus=self._rollover, most_kw=self._most_kw)
        if not len(made.meter):
            return
        meter, end, kwh = self._waiting
        self._first = min(self._first, int(made.end.min()))
        self._waiting = (
            np.concatenate([meter, made.meter]), np.concatenate([end, made.end]), np.concatenate([kwh, made.kwh])
        )  # fmt: skip

    def waits(self, until: int) -> bool:
        """Whether an hour that ends by then waits."""
        return self._first <= until

    def ends(self, upto: I64) -> I64:
        """Hours that wait and end at or before `upto` of their zone."""
        meter, end, _ = self._waiting
        ends: I64 = np.unique(end[end <= upto[self.zone[meter]]])
        return ends

    def take(self, at: int, upto: I64) -> tuple[I32, F64]:
        """Meters and energies of the hour that ends at `at`, of zones that have come so far."""
        meter, end, kwh = self._waiting
        mine: NDArray[np.bool_] = (end == at) & (end <= upto[self.zone[meter]])
        self._waiting = meter[~mine], end[~mine], kwh[~mine]
        self._first = int(self._waiting[1].min(initial=_FAR))
        return meter[mine], kwh[mine]

    def snapshot(self) -> dict[str, Any]:
        """Registers, what is held back and what waits."""
        meter, end, kwh = self._waiting
        return {
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
        self._order.restore(state["order"])
        number = np.full(len(state["devices"]), -1, np.int32)
        number[old] = new
        meter = number[state["meter"]]
        there = meter >= 0
        self._waiting = meter[there], state["end"][there].copy(), state["kwh"][there].copy()
        self._first = int(self._waiting[1].min(initial=_FAR))
