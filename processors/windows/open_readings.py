"""Readings of windows that have not closed, in columns, bucketed by window.

    put --> buckets[(lo, hi)] = chunks whose readings lie in windows lo..hi, mostly one window (lo == hi)
                tier 0: up to 8 chunks as they came; full: joined into one chunk of tier 1, and so on (as LSM trees do)
    take --> the readings whose window has closed; a bucket that can't have any is not looked at

A reading is copied a few times in all, however many calls bring them and however long its window is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8
from processors.windows.day import SECOND
from processors.windows.order import pair_keys

__all__ = ["OpenReadings", "Readings"]

_FAN_IN = 8
_FEW = 16
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HASH_BITS = 16


@dataclass(slots=True)
class Readings:
    """Columns of readings; `flag` may be rewritten in place."""

    series: I32
    ts: I64
    value: F64
    flag: U8

    def __len__(self) -> int:
        return len(self.ts)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Readings":
        """A copy of the rows that `which` chooses."""
        return Readings(self.series[which], self.ts[which], self.value[which], self.flag[which])

    @classmethod
    def concat(cls, parts: "list[Readings]") -> "Readings":
        """All rows of `parts`, in order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))
        return cls(
            np.concatenate([part.series for part in parts]),
            np.concatenate([part.ts for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.flag for part in parts]),
        )


class OpenReadings:
    """Readings of open windows of one step."""

    def __init__(self, step: int) -> None:
        self._length = step * SECOND
        self._buckets: dict[tuple[int, int], list[list[Readings]]] = {}

    def __len__(self) -> int:
        return sum(len(chunk) for _, chunk in self._chunks())

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return len(self) * 21

    def _chunks(self) -> Iterator[tuple[tuple[int, int], Readings]]:
        for span, tiers in self._buckets.items():
            for tier in tiers:
                for chunk in tier:
                    yield span, chunk

    def put(self, readings: Readings) -> None:
        """Take readings over; the arrays are ours from now on."""
        if not len(readings):
            return
        low, high = int(readings.ts.min()) // self._length, int(readings.ts.max()) // self._length
        if low == high:
            self._file((low, high), readings, 0)
            return
        pane = readings.ts // self._length
        panes = range(low, high + 1) if high - low < _FEW else np.unique(pane).tolist()
        if len(panes) <= _FEW:
            for one in panes:
                here = pane == one
                if here.any():
                    self._file((one, one), readings.take(here), 0)
            return
        # a backlog over many windows: a few chunks of several windows each
        bounds = panes[:: -(-len(panes) // _FEW)]
        for first, after in zip(bounds, [*bounds[1:], high + 1], strict=True):
            part = readings.take((pane >= first) & (pane < after))
            self._file((first, int(part.ts.max()) // self._length), part, 0)

    def _file(self, span: tuple[int, int], chunk: Readings, tier: int) -> None:
        tiers = self._buckets.setdefault(span, [])
        while len(tiers) <= tier:
            tiers.append([])
        tiers[tier].append(chunk)
        if len(tiers[tier]) >= _FAN_IN:
            joined = Readings.concat(tiers[tier])
            tiers[tier] = []
            self._file(span, joined, tier + 1)

    def take(self, closed: I64) -> Readings:
        """Remove and return the readings whose window ends at or before `closed` (a watermark per series)."""
        newest = int(closed.max(initial=np.iinfo(np.int64).min))
        taken: list[Readings] = []
        for span in sorted(self._buckets):
            low, high = span
            if (low + 1) * self._length > newest:
                continue
            rest: list[list[Readings]] = []
            for tier in self._buckets[span]:
                rest.append([])
                for chunk in tier:
                    end = (chunk.ts // self._length + 1) * self._length if low < high else (low + 1) * self._length
                    done = end <= closed[chunk.series]
                    if done.all():
                        taken.append(chunk)
                    elif not done.any():
                        rest[-1].append(chunk)
                    else:
                        taken.append(chunk.take(done))
                        rest[-1].append(chunk.take(~done))
            if any(rest):
                self._buckets[span] = rest
            else:
                del self._buckets[span]
        return Readings.concat(taken)

    def lookup(self, series: I32, ts: I64, found: NDArray[np.bool_], value: F64) -> None:
        """Set `found` and `value` for each (series, ts) that is here."""
        for chunk, at, query in self._find(series, ts):
            found[query] = True
            value[query] = chunk.value[at]

    def reflag(self, series: I32, ts: I64, flag: U8, found: NDArray[np.bool_]) -> None:
        """Give the readings (series, ts) that are here a new flag, and set `found`."""
        for chunk, at, query in self._find(series, ts):
            chunk.flag[at] = flag[query]
            found[query] = True

    def _find(self, series: I32, ts: I64) -> Iterator[tuple[Readings, NDArray[np.intp], NDArray[np.intp]]]:
        """Where queries are: (chunk, positions in it, indices of the queries). One cheap look at each reading."""
        if not len(series):
            return
        low, high = int(ts.min()) // self._length, int(ts.max()) // self._length
        asked = np.zeros(int(series.max()) + 1, np.bool_)
        asked[series] = True
        hashes = np.zeros(1 << _HASH_BITS, np.bool_)
        hashes[_hash(series, ts)] = True
        for span, chunk in self._chunks():
            if span[1] < low or span[0] > high:
                continue
            # the table is as long as the highest index asked for: what lies above it reads its last place again
            likely = np.flatnonzero(asked.take(chunk.series, mode="clip"))
            if len(likely):
                likely = likely[hashes[_hash(chunk.series[likely], chunk.ts[likely])]]
            if not len(likely):
                continue
            held = len(likely)
            keys = pair_keys(np.concatenate([chunk.series[likely], series]), np.concatenate([chunk.ts[likely], ts]))
            order = np.argsort(keys[:held])
            place = np.minimum(np.searchsorted(keys[:held], keys[held:], sorter=order), held - 1)
            match = order[place]
            query = np.flatnonzero(keys[match] == keys[held:])
            if len(query):
                yield chunk, likely[match[query]], query

    def everything(self) -> Readings:
        """A copy of all readings, for a snapshot."""
        return Readings.concat([*(chunk for _, chunk in self._chunks()), Readings.concat([])])


def _hash(series: I32, ts: I64) -> NDArray[np.uint64]:
    mixed = (ts.view(np.uint64) ^ (series.astype(np.uint64) * _MIX)) * _MIX
    return mixed >> np.uint64(64 - _HASH_BITS)
