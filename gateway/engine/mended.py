"""A zone engine that is brought back after damage took rows or states that it should have seen.

What it forgot is stored all the same: series keep their indices, and windows that lack readings are named, so that the
reviser computes them again from the store.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.engine.city import CityEngine
from gateway.engine.devices import UNZONED
from gateway.engine.engines import Engines
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.engine.zone import ZoneEngine
from processors.columns import DirtyPanes
from processors.windows.day import DAY
from processors.windows.window_set import PANES

__all__ = ["MendedZone", "mended_engines"]

_SECOND = 1_000_000_000
_AHEAD = 60_000_000_000
"""By how much a device's clock may be ahead of the receipt."""
_PANE_SECS = 60
"""Of a series whose profile is no longer configured."""


class MendedZone(ZoneEngine):
    """Only while files are being mended; a start restores a plain ZoneEngine from its snapshot."""

    def meet(self, devices: Sequence[DeviceRecord], series: Sequence[SeriesName]) -> int:
        """Know all that is stored under a name already; it has its configuration. Gives how many series were new."""
        registry, profiles = self.registry, self._profiles
        quantities = {name: [q.name for q in profile.quantities] for name, profile in profiles.items()}
        missing = series[len(registry.series) :]
        if not missing:
            return 0
        strangers = {name.device: name.profile for name in missing if registry.by_id(name.device) < 0}
        known = {record.id: record for record in devices}
        for device, profile in strangers.items():
            bare = DeviceRecord(device, profile, UNZONED, (device,), None, None, "", "", "provisioned", self.now)
            registry.put(known.get(device, bare), quantities.get(profile, ()))
        for name in missing:
            registry.readopt(name)
        registry.relayout(quantities)
        self._lanes()
        pane = [profiles[n.profile].pane_secs if n.profile in profiles else _PANE_SECS for n in missing]
        owners = [registry.by_id(name.device) for name in missing]
        self._windows.add_series(np.array(pane, np.int32), registry.lane[owners])
        self._dedupe.grow(len(registry.series))
        self._quality.bind(registry.series)
        return len(missing)

    def stand_at(self, offset: int, now: int) -> None:
        """Expect row `offset` next."""
        self.offset, self.now = offset, max(self.now, now)

    def forgotten(self, first: int, last: int) -> list[DirtyPanes]:
        """Windows still open that may lack readings of rows received in [first, last], by step; they are stored.

        What has closed was told when those rows were there. Each is to be computed again once it has closed, too.
        """
        series = np.arange(len(self.registry.series), dtype=np.int32)
        closed = np.maximum(self._windows.closed, first - DAY * _SECOND)
        for at in (closed, np.full(len(series), last)):
            self._windows.taint(series, at)  # of the longest windows the one that is open
        out = []
        for step in PANES:
            length = step * _SECOND
            start, end = closed - closed % length, np.full(len(series), last + _AHEAD)
            end += length - end % length
            which = (self._windows.pane_secs <= step) & (end > closed)
            panes = DirtyPanes.of(
                series=series, step=np.full(len(series), step), start=start, end=end, watermark=end
            ).take(which)
            if len(panes):
                out.append(panes)
        return out


def mended_engines(state: dict[str, Any] | None) -> tuple[Engines, MendedZone]:
    """Engines of a snapshot's state, or blank ones, whose zone can be mended."""
    if state is None:
        zone = MendedZone()
        return Engines(zone), zone
    restored = MendedZone.restore(state["zone"])
    assert isinstance(restored, MendedZone)
    return Engines(restored, CityEngine.restore(state["city"], restored.configuration)), restored
