"""Watermarks: how far event time has come in each lane (zone, profile).

    newest  = newest min(event time, received_at) of readings of devices whose clock is within bounds
    current = newest - out_of_orderness                                            never goes back

    event time  --|----|------|--x-----|--->        x: a reading out of order, still in its open pane
                                  <ooo>|newest
                         current--^

A device with a wrong clock moves nothing. A lane that says nothing for `idle_timeout` follows the wall clock instead,
but only as the caller asks for it: while its source is live.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32, I64

__all__ = ["NEVER", "Watermarks"]

NEVER = int(np.iinfo(np.int64).min)
"""The watermark of a lane of which nothing was heard."""


class Watermarks:
    """State of the lanes, one array a column. Never called concurrently."""

    def __init__(self) -> None:
        self._newest = np.empty(0, np.int64)
        self._active = np.empty(0, np.int64)
        self._out_of_orderness = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._newest)

    def add_lane(self, out_of_orderness: int) -> int:
        """Append a lane that waits `out_of_orderness` ns for readings out of order; returns its index."""
        if out_of_orderness < 0:
            raise ValueError("out_of_orderness is a length of time: not below 0")
        self._newest = np.append(self._newest, np.int64(NEVER))
        self._active = np.append(self._active, np.int64(NEVER))
        self._out_of_orderness = np.append(self._out_of_orderness, np.int64(out_of_orderness))
        return len(self._newest) - 1

    def set_out_of_orderness(self, lane: int, out_of_orderness: int) -> None:
        """Change how long a lane waits; its windows never open again, whatever `current` says then."""
        self._out_of_orderness[lane] = out_of_orderness

    def observe(self, lane: I32, ts: I64, received_at: I64, within_bounds: NDArray[np.bool_]) -> None:
        """Take note of readings (n,): lane, event time and receipt in UTC ns, and whether the device's clock counts."""
        if not within_bounds.all():
            lane, ts, received_at = lane[within_bounds], ts[within_bounds], received_at[within_bounds]
        np.maximum.at(self._newest, lane, np.minimum(ts, received_at))
        np.maximum.at(self._active, lane, received_at)

    def advance_idle(self, now: int, idle_timeout: int, live_since: int = NEVER) -> None:
        """Move lanes that were silent for `idle_timeout` ns to `now`; silence counts from `live_since` on only."""
        idle = np.maximum(self._active, live_since) <= now - idle_timeout
        self._newest[idle] = np.maximum(self._newest[idle], now)

    def close(self, until: int) -> None:
        """Move every lane of which something was heard to the event time `until`: nothing more comes before it."""
        heard = self._newest != NEVER
        reached = np.maximum(self._newest, until + self._out_of_orderness)
        self._newest = np.where(heard, reached, NEVER)

    def current(self) -> I64:
        """The watermark of each lane; NEVER where nothing was heard."""
        heard = self._newest != NEVER
        return np.where(heard, self._newest - np.where(heard, self._out_of_orderness, 0), NEVER)

    def snapshot(self) -> dict[str, I64]:
        """The state as arrays."""
        return {
            "newest": self._newest.copy(),
            "active": self._active.copy(),
            "out_of_orderness": self._out_of_orderness.copy(),
        }

    @classmethod
    def restore(cls, state: dict[str, I64]) -> "Watermarks":
        """The watermarks that gave `state`."""
        made = cls()
        made._newest = state["newest"].copy()
        made._active = state["active"].copy()
        made._out_of_orderness = state["out_of_orderness"].copy()
        return made
