"""Incidents at one detector: the speed falls while the occupancy rises, against the detector's own recent past.

    speed      ----------.                  usual speed, usual occupancy: smoothed over the last windows,
                          \\________        and kept as they are while an incident is on
    occupancy             _________
               __________/
                          T  C  C  C        tentative, confirmed once it has held `persistence` windows more

Source: design choice after the one-station tests of the literature (change of speed and occupancy together; McMaster,
standard normal deviate), with relative falls in place of standard deviations. Nothing published has these numbers.
A detector that measures one of the two cannot be judged so.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64, U8
from processors.conditions.traffic.incident import IncidentState
from processors.conditions.traffic.rounds import rounds
from processors.windows.series_table import SeriesTable

__all__ = ["DetectorIncidents"]

_COLUMNS = {
    "state": ("uint8", 0),
    "held": ("uint8", 0),
    "count": ("uint16", 0),  # windows learned, up to `warm_up`
    "last": ("int64", 0),  # start of the newest judged window
    "since": ("int64", 0),  # start of the incident
    "speed": ("float64", 0),
    "occupancy": ("float64", 0),
}

Index = NDArray[np.integer[Any]]


class DetectorIncidents:
    """The test on many detectors, window by window.

    Parameters
    ----------
    fall : share of the usual speed that must be lost, 0-1.
    rise : occupancy over the usual one, ratio.
    weight : of a new window in the smoothed values, 0-1.
    warm_up : windows before a detector is judged; at least 1.
    persistence : windows after the first in which both must hold before an incident is confirmed; at least 1.
    longest : ns after which what was an incident is the usual state: the past is learned anew.
    patience : ns without a judged window after which an incident is over and the past is learned anew.

    Raises
    ------
    ValueError
        `warm_up` or `persistence` below 1.

    Notes
    -----
    A window without speed or occupancy, or not after the last, gets UNKNOWN and changes nothing. 36 bytes a detector.
    """

    def __init__(
        self, *, fall: float, rise: float, weight: float, warm_up: int, persistence: int, longest: int, patience: int
    ) -> None:
        if warm_up < 1 or persistence < 1:
            raise ValueError(f"warm_up {warm_up} and persistence {persistence} must be at least 1")
        self._fall, self._rise, self._weight = fall, rise, weight
        self._warm_up, self._persistence, self._longest, self._patience = warm_up, persistence, longest, patience
        self._table = SeriesTable(_COLUMNS)

    def __len__(self) -> int:
        return len(self._table)

    def grow(self, n: int) -> None:
        """Have `n` detectors."""
        self._table.grow(n)

    def step(self, detector: Index, start: I64, speed: F64, occupancy: F64) -> U8:
        """Judge windows.

        Parameters
        ----------
        detector : (n,) index below `len(self)`; rows of one detector in time order.
        start : (n,) ns, begin of the window.
        speed, occupancy : (n,) km/h and ratio; NaN is missing. Speed 0 with occupancy is a standing queue.

        Returns
        -------
        (n,) `IncidentState` after each row; UNKNOWN while warming up too.

        Examples
        --------
        >>> model = DetectorIncidents(
        ...     fall=0.4, rise=0.1, weight=0.2, warm_up=2, persistence=1, longest=7200, patience=300
        ... )
        >>> model.grow(1)
        >>> speed, occupancy = np.array([60.0, 60.0, 60.0, 20.0, 20.0]), np.array([0.1, 0.1, 0.1, 0.4, 0.4])
        >>> model.step(np.zeros(5, int), 60 * np.arange(5), speed, occupancy)
        array([0, 0, 1, 2, 3], dtype=uint8)
        """
        verdict = np.zeros(len(detector), np.uint8)
        for rows in rounds(detector):
            known = ~(np.isnan(speed[rows]) | np.isnan(occupancy[rows]))
            at = rows[known]
            verdict[at] = self._judge(detector[at], start[at], speed[at], occupancy[at])
        return verdict

    def _judge(self, detector: Index, start: I64, speed: F64, occupancy: F64) -> U8:
        held = self._table.columns
        verdict = np.zeros(len(detector), np.uint8)
        newer = np.flatnonzero((held["count"][detector] == 0) | (start > held["last"][detector]))
        detector, start, speed, occupancy = detector[newer], start[newer], speed[newer], occupancy[newer]

        state, count = held["state"][detector].astype(np.int64), held["count"][detector].astype(np.int64)
        on = state >= IncidentState.TENTATIVE
        anew = start - held["last"][detector] > self._patience
        anew |= on & (start - held["since"][detector] >= self._longest)
        state[anew], count[anew] = IncidentState.UNKNOWN, 0

        usual_speed, usual_occupancy = held["speed"][detector], held["occupancy"][detector]
        warm = count >= self._warm_up
        odd = warm & (speed <= (1 - self._fall) * usual_speed) & (occupancy >= usual_occupancy + self._rise)
        before = np.where(state >= IncidentState.TENTATIVE, held["held"][detector].astype(np.int64) + 1, 0)
        run = np.where(odd, before, 0)
        after = np.where(warm, IncidentState.FREE, IncidentState.UNKNOWN)
        after[odd] = IncidentState.TENTATIVE
        after[odd & (run >= self._persistence)] = IncidentState.CONFIRMED
        after[odd & (state >= IncidentState.CONFIRMED)] = IncidentState.CONTINUING

        began = odd & (state < IncidentState.TENTATIVE)
        held["since"][detector[began]] = start[began]
        held["state"][detector] = after
        held["held"][detector] = np.minimum(run, np.iinfo(np.uint8).max)
        held["last"][detector] = start
        held["count"][detector] = np.minimum(count + 1, max(self._warm_up, 1))
        weight = np.where(count == 0, 1.0, self._weight)
        learns = ~odd
        for name, usual, value in (("speed", usual_speed, speed), ("occupancy", usual_occupancy, occupancy)):
            held[name][detector[learns]] = (usual + weight * (value - usual))[learns]
        verdict[newer] = after
        return verdict

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state."""
        return {name: column.copy() for name, column in self._table.columns.items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, in place of what is held."""
        self._table = SeriesTable(_COLUMNS)
        self.grow(len(state["state"]))
        for name, column in self._table.columns.items():
            column[:] = state[name]
