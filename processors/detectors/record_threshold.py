"""Raise what is beyond a threshold and beyond what the series itself has shown lately; then be quiet for a while.

    z  |          *
       |          |`.                       raised (*) where |z| > threshold and |z| > share * record
       |          |   `-. *  record         the record halves every `half_life`; a raised reading sets it anew
       |  threshold ------`--------
       +--------------------------- time

Heavy tails are learned so: a series that reaches 8 sigmas each day has a record of 8. Several kinds of evidence have a
record each; one of them suffices. What happens while it is quiet still counts for the record.

Source: our own; a record in the sense of extreme-value theory, made to forget.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64
from processors.detectors.level import DAY
from processors.detectors.state import Rows, SeriesState

__all__ = ["KINDS", "RecordThreshold"]

KINDS = 3
"""How many kinds of evidence."""


class RecordThreshold(SeriesState):
    """State of many series: a record a kind of evidence, and until when to be quiet.

    `threshold` in robust sigmas, `share` of the record, `half_life` and `quiet` in days; `largest`: more sigmas than so
    many are all alike, lest one reading make a series deaf for years.
    """

    SPEC: ClassVar = {"record": ("float64", KINDS), "quiet_until": ("int64", 0)}

    def __init__(self, threshold: float, share: float, half_life: float, quiet: float, largest: float) -> None:
        super().__init__()
        self._threshold = threshold
        self._share = share
        self._half_life = half_life
        self._quiet = round(quiet * DAY)
        self._largest = largest

    def meet(
        self, rows: Rows, ts: I64, passed: F64, evidence: F64, ready: NDArray[np.bool_]
    ) -> tuple[F64, NDArray[np.bool_]]:
        """Judge readings.

        Parameters
        ----------
        rows : (m,) series, none twice.
        ts : (m,) times, ns.
        passed : (m,) days since each series' last reading.
        evidence : (KINDS, m) differences in robust sigmas, of either sign.
        ready : (m,) where enough is known to raise.

        Returns
        -------
        score, raised : (m,) the strongest evidence in robust sigmas, and whether to raise.
        """
        columns = self._table.columns
        size = np.minimum(np.abs(evidence), self._largest)
        record = columns["record"][rows].T * np.exp2(-passed / self._half_life)
        beyond = (size > np.maximum(self._threshold, self._share * record)).any(axis=0)
        raised = beyond & ready & (ts >= columns["quiet_until"][rows])
        columns["record"][rows] = np.maximum(record, size).T
        columns["quiet_until"][rows[raised]] = ts[raised] + self._quiet
        return size.max(axis=0), raised
