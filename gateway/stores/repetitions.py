"""Readings that came again: a repetition leaves the verdict that stands.

    stored           50 good    120 fail (spike)    50 good
    comes again                 120 good (late)                  -> 120 fail (spike): nothing new is known
    comes anew                   51 good (late)                  ->  51 good (late):  another value, judged by itself

A device that sends again what was acknowledged too late, or a broker after a long cut, repeats readings whose pane has
closed. The engine no longer knows them, and gives what it can't compare order-free checks only. What stands is known
here, however old it is: a late reading (`why` has LATE) with the value that stands takes flag and why from it. So a
reading ends up as if it had come once, and there is nothing to remember in the engine.
"""

import numpy as np
from numpy.typing import NDArray

from gateway.stores.keys import prints, repeated
from processors.columns import ReadingBatch
from processors.flags import Why

__all__ = ["changed_within", "late_rows", "repeats", "with_standing_verdicts"]


def late_rows(batch: ReadingBatch) -> NDArray[np.intp]:
    """The rows that may repeat what stands."""
    return np.flatnonzero(batch.why & np.uint32(Why.LATE))


def with_standing_verdicts(batch: ReadingBatch, standing: ReadingBatch) -> ReadingBatch:
    """The batch, in order of arrival, with verdicts of `standing` (one a key) and of its own earlier rows kept."""
    late = late_rows(batch)
    if not len(late):
        return batch
    # a row has the key of a late one only if it has its time
    rows = np.flatnonzero(np.isin(batch.ts, batch.ts[late]))
    both = ReadingBatch.concat([standing, batch.take(rows)])
    place = np.concatenate([np.full(len(standing), -1), rows])
    order = np.lexsort((place, both.ts, both.series))
    both, place = both.take(order), place[order]
    again = np.zeros(len(both), np.bool_)
    again[1:] = (
        (both.series[1:] == both.series[:-1])
        & (both.ts[1:] == both.ts[:-1])
        & ((both.why[1:] & np.uint32(Why.LATE)) != 0)
        & (place[1:] >= 0)
        & ((both.value[1:] == both.value[:-1]) | (np.isnan(both.value[1:]) & np.isnan(both.value[:-1])))
    )
    if not again.any():
        return batch
    said = np.maximum.accumulate(np.where(again, 0, np.arange(len(both))))
    flag, why = batch.flag.copy(), batch.why.copy()
    flag[place[again]], why[place[again]] = both.flag[said[again]], both.why[said[again]]
    return ReadingBatch(batch.series, batch.ts, batch.value, flag, why)


def repeats(batch: ReadingBatch, standing: ReadingBatch) -> NDArray[np.intp]:
    """The rows that say nothing but what stands: value, flag and why. Both have each key once."""
    rows = np.flatnonzero(np.isin(batch.ts, standing.ts))
    both = ReadingBatch.concat([standing, batch.take(rows)])
    place = np.concatenate([np.full(len(standing), -1), rows])
    order = np.lexsort((place, both.ts, both.series))
    both, place = both.take(order), place[order]
    same = (
        (both.series[1:] == both.series[:-1])
        & (both.ts[1:] == both.ts[:-1])
        & ((both.value[1:] == both.value[:-1]) | (np.isnan(both.value[1:]) & np.isnan(both.value[:-1])))
        & (both.flag[1:] == both.flag[:-1])
        & (both.why[1:] == both.why[:-1])
    )
    return np.sort(place[1:][same])


def changed_within(batch: ReadingBatch) -> NDArray[np.uint64]:
    """Prints of the keys that have several values in the batch: the last one repeats nothing that stood before it."""
    keys = prints(batch.series, batch.ts)
    twice = repeated(keys)
    if twice is None:
        return keys[:0]
    key, value = keys[twice], batch.value[twice]
    order = np.argsort(key, kind="stable")
    key, value = key[order], value[order]
    same = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    return np.unique(key[1:][(key[1:] == key[:-1]) & ~same])
