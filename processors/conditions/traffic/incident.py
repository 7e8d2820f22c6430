"""Incidents between two neighbouring detectors: the California algorithm.

    upstream   o   occupancy rises        OCCDF  = up(t) - down(t)                     >= threshold 1
               X   lane blocked           OCCRDF = OCCDF / up(t)                       >= threshold 2
    downstream o   occupancy falls        DOCCTD = (down(t-2) - down(t)) / down(t-2)   >= threshold 3

         1, 2 and 3           2, `persistence` times in all          2
    FREE -----------> TENTATIVE -----------> CONFIRMED --> CONTINUING (stays)
      ^-------------------+----- not 2 ---------+---------------+

Source: Payne and Tignor 1978, as public code and secondary pages give its tests; the states are the decision tree of
"modified #7" (B. L. Smith 2002, as code that cites it has it). From memory of the original #7, not looked up: in place
of DOCCTD, `down(t)` at most a threshold (DOCC), which tells a blockage from a wave of dense traffic passing by; give
either test, or both. No thresholds are offered as defaults: published ones hold for the road they were set on.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64, U8
from processors.conditions.traffic.rounds import rounds
from processors.windows.series_table import SeriesTable

__all__ = ["IncidentState", "PairIncidents"]

_COLUMNS = {
    "state": ("uint8", 0),
    "held": ("uint8", 0),  # intervals for which a tentative incident has held
    "seen": ("bool", 0),
    "last": ("int64", 0),  # start of the newest interval
    "judged": ("int64", 0),  # start of the newest one with both occupancies
    "down_1": ("float64", 0),  # downstream occupancy of the newest interval
    "down_2": ("float64", 0),  # of the interval before it
}

Index = NDArray[np.integer[Any]]


class IncidentState(IntEnum):
    """What is known of an incident. UNKNOWN is the verdict on an interval that could not be judged, never a state."""

    UNKNOWN = 0
    FREE = 1
    TENTATIVE = 2
    CONFIRMED = 3
    CONTINUING = 4


class PairIncidents:
    """The algorithm on many pairs of detectors, interval by interval.

    Parameters
    ----------
    interval : ns between intervals of a pair; "t-2" is two of them before.
    difference : OCCDF from which on, ratio of occupancy.
    relative : OCCRDF from which on, ratio.
    drop : DOCCTD from which on, ratio; None leaves the test out.
    most_downstream : DOCC up to which, ratio of occupancy; None leaves the test out.
    persistence : intervals after the first in which OCCRDF must hold before an incident is confirmed; 1 as published.
    patience : ns without a judged interval after which a pair is FREE again.

    Notes
    -----
    An interval whose occupancies are not both known, or that isn't after the pair's last, gets UNKNOWN and changes no
    state. 35 bytes a pair.
    """

    def __init__(
        self,
        *,
        interval: int,
        difference: float,
        relative: float,
        drop: float | None,
        most_downstream: float | None = None,
        persistence: int = 1,
        patience: int,
    ) -> None:
        self._interval, self._patience, self._persistence = interval, patience, persistence
        self._difference, self._relative, self._drop, self._most = difference, relative, drop, most_downstream
        self._table = SeriesTable(_COLUMNS)

    def __len__(self) -> int:
        return len(self._table)

    def grow(self, n: int) -> None:
        """Have `n` pairs."""
        self._table.grow(n)

    def step(self, pair: Index, start: I64, upstream: F64, downstream: F64) -> U8:
        """Judge intervals.

        Parameters
        ----------
        pair : (n,) index below `len(self)`; rows of one pair in time order.
        start : (n,) ns, begin of the interval.
        upstream, downstream : (n,) occupancy, ratio 0-1; NaN is missing.

        Returns
        -------
        (n,) `IncidentState` after each row.

        Examples
        --------
        >>> model = PairIncidents(interval=60, difference=0.1, relative=0.5, drop=0.3, patience=300)
        >>> model.grow(1)
        >>> up, down = np.array([0.2, 0.2, 0.4, 0.45, 0.2]), np.array([0.18, 0.18, 0.1, 0.1, 0.18])
        >>> model.step(np.zeros(5, int), 60 * np.arange(5), up, down)
        array([1, 1, 2, 3, 1], dtype=uint8)
        """
        verdict = np.empty(len(pair), np.uint8)
        for rows in rounds(pair):
            verdict[rows] = self._judge(pair[rows], start[rows], upstream[rows], downstream[rows])
        return verdict

    def _judge(self, pair: Index, start: I64, up: F64, down: F64) -> U8:
        held = self._table.columns
        steps = np.where(held["seen"][pair], (start - held["last"][pair]) / self._interval, np.inf)
        before = np.full(len(pair), np.nan)
        before[steps == 1] = held["down_2"][pair[steps == 1]]
        before[steps == 2] = held["down_1"][pair[steps == 2]]
        between = np.where(steps == 1, held["down_1"][pair], np.nan)

        spread = up - down
        lasts = (spread >= self._relative * up) & (up > 0)
        begins = lasts & (spread >= self._difference)
        if self._drop is not None:
            begins &= (before - down >= self._drop * before) & (before > 0)
        if self._most is not None:
            begins &= down <= self._most

        stale = held["seen"][pair] & (start - held["judged"][pair] > self._patience)
        state = held["state"][pair]
        state[stale | (state == IncidentState.UNKNOWN)] = IncidentState.FREE
        count = held["held"][pair].astype(np.int64)
        tentative, sure = state == IncidentState.TENTATIVE, state >= IncidentState.CONFIRMED
        count = np.where(tentative & lasts, count + 1, 0)
        confirmed = tentative & lasts & (count >= self._persistence)
        after = np.where(begins, IncidentState.TENTATIVE, IncidentState.FREE)
        after = np.where(tentative, np.where(lasts, IncidentState.TENTATIVE, IncidentState.FREE), after)
        after = np.where(confirmed, IncidentState.CONFIRMED, after)
        after = np.where(sure, np.where(lasts, IncidentState.CONTINUING, IncidentState.FREE), after)

        newer = steps > 0
        judged = newer & ~np.isnan(spread)
        held["state"][pair[judged]] = after[judged]
        held["held"][pair[judged]] = np.minimum(count[judged], np.iinfo(np.uint8).max)
        held["judged"][pair[judged]] = start[judged]
        first = newer & ~held["seen"][pair]
        held["judged"][pair[first]] = start[first]
        held["down_1"][pair[newer]], held["down_2"][pair[newer]] = down[newer], between[newer]
        held["last"][pair[newer]] = start[newer]
        held["seen"][pair[newer]] = True
        return np.where(judged, after, IncidentState.UNKNOWN).astype(np.uint8)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state."""
        return {name: column.copy() for name, column in self._table.columns.items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, in place of what is held."""
        self._table = SeriesTable(_COLUMNS)
        self.grow(len(state["state"]))
        for name, column in self._table.columns.items():
            column[:] = state[name]
