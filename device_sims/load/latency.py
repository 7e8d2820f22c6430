"""Times in log buckets, as HdrHistogram keeps them: memory doesn't grow, and a percentile is at most 0.8 % too high.

128 buckets an octave of microseconds, up to 19 hours. Values are collected raw and counted in bulk.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LatencyHistogram"]

_LINEAR = 256
"""Microseconds up to here have a bucket each."""
_OCTAVE = 128
_BITS = 36
_BUCKETS = (_BITS - 7) * _OCTAVE + _OCTAVE
_COLLECTED = 1 << 15
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


class LatencyHistogram:
    """Counts times of nanoseconds."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS, np.int64)
        self._raw = np.zeros(_COLLECTED, np.int64)
        self._held = 0
        self._max = 0

    def add(self, times: NDArray[np.int64]) -> None:
        """times: ns, shape (n,); below zero counts as zero."""
        if times.size > _COLLECTED - self._held:
            self._count(self._raw[: self._held])
            self._held = 0
            if times.size > _COLLECTED:
                self._count(times)
                return
        self._raw[self._held : self._held + times.size] = times
        self._held += times.size

    def _count(self, times: NDArray[np.int64]) -> None:
        if not times.size:
            return
        self._max = max(self._max, int(times.max()))
        us = np.clip(times // 1000, 0, (1 << _BITS) - 1)
        octave = np.maximum(np.frexp(us.astype(np.float64))[1] - 8, 0).astype(np.int64)
        self._counts += np.bincount(octave * _OCTAVE + (us >> octave), minlength=_BUCKETS)

    @property
    def count(self) -> int:
        """Times so far."""
        return int(self._counts.sum()) + self._held

    def quantile_ms(self, share: float) -> float:
        """Milliseconds that `share` of the times did not exceed: the upper end of a bucket; 0.0 without times."""
        self._count(self._raw[: self._held])
        self._held = 0
        total = int(self._counts.sum())
        if not total:
            return 0.0
        bucket = int(np.searchsorted(np.cumsum(self._counts), max(1, np.ceil(share * total))))
        octave = max(0, bucket // _OCTAVE - 1)
        upper = (bucket - octave * _OCTAVE + 1 << octave) / 1000
        return min(upper, max(self._max, 0) / 1e6)

    def summary(self) -> dict[str, float] | None:
        """p50, p90, p99, p999 and the maximum in ms; None without times."""
        if not self.count:
            return None
        found = {name: round(self.quantile_ms(share), 3) for name, share in _QUANTILES.items()}
        return {**found, "max": round(max(self._max, 0) / 1e6, 3)}
