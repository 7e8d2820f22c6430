"""Leaks that stand: from the first rise of an area's night flow until it is repaired, back, or the usual flow.

    night flow    ________/---------\\____        LEAK of the detector: it stands, with the flow that it brought
    stands                |          |           REPAIR that leaves little of it: over
                                                 or: two nights near the flow before it, or no rise for so many nights

The detector's own baseline stands at the new level the night after each step (processors/detectors/leak.py), so it
can't say how long a leak stands. When it ends is ours.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.conditions.pipeline.table import Table
from processors.detectors.leak import LeakSettings, StepKind

__all__ = ["StandingLeaks"]

_PART = 0.25
"""So much of a leak's largest flow may be left when it is repaired: both flows are estimates."""
_NEAR_NIGHTS = 2


class StandingLeaks:
    """State of many areas; nights come in order."""

    def __init__(self, settings: LeakSettings, new_usual_nights: int) -> None:
        self._least = 2 * settings.allowance
        self._new_usual = new_usual_nights
        self._table = Table({
            "flow": ("float64", (), 0.0), "peak": ("float64", (), 0.0), "calm": ("float64", (), 0.0),
            "near": ("int32", (), 0), "nights": ("int32", (), 0),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` areas."""
        self._table.grow(n)

    def night(self, area: int, flow: float, event: tuple[int, float] | None, floor: float) -> float:
        """A night with a known flow, and what the detector says of it (`StepKind`, change); the leak that stands, m3/h.

        0: none.
        """
        t = self._table
        if event is not None and event[0] == StepKind.LEAK:
            if t["flow"][area] == 0:
                t["calm"][area], t["peak"][area] = flow - event[1], 0.0
            t["flow"][area] += event[1]
            t["peak"][area] = max(t["peak"][area], t["flow"][area])
            t["near"][area] = t["nights"][area] = 0
        elif t["flow"][area] > 0 and self._is_over(area, flow, event, floor):
            t["flow"][area] = 0.0
        return float(t["flow"][area])

    def _is_over(self, area: int, flow: float, event: tuple[int, float] | None, floor: float) -> bool:
        t = self._table
        little = max(self._least * floor, _PART * float(t["peak"][area]))
        if event is not None:
            t["flow"][area] = max(float(t["flow"][area]) + event[1], 0.0)
            if t["flow"][area] <= little:
                return True
        t["nights"][area] += 1
        t["near"][area] = t["near"][area] + 1 if flow <= t["calm"][area] + little else 0
        return bool(t["near"][area] >= _NEAR_NIGHTS or t["nights"][area] >= self._new_usual)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
