"""Which rows of a batch each rule judges, found by one look at the batch, however many rules there are.

    series --> set of the rules that want it          rows sorted by set --> every rule its sets' rows, in their order
    s0  {voltage-high, voltage-low}
    s1  {}                                            rules that want the same share the same rows
    s2  {voltage-high, voltage-low, unbalance}

Most series have no rule and most rules few series: what a call costs goes with the rows that are judged.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from gateway.engine.conditions.base import Places
from processors.columns import I32, AggregateBatch, ReadingBatch
from processors.conditions.pipeline.arrivals import group

__all__ = ["Shares"]

_Batch = TypeVar("_Batch", ReadingBatch, AggregateBatch)


class Shares:
    """Rules are numbered by the caller."""

    def __init__(self) -> None:
        self._set = Places()
        """The set of a series; -1: no rule wants it."""
        self._rules: list[tuple[int, ...]] = []
        """Of each set, ascending."""
        self._number: dict[tuple[int, ...], int] = {}

    def put(self, series: Sequence[int], rule: int) -> None:
        """A rule wants these series."""
        for one in series:
            before = self._set.at(one)
            there = self._rules[before] if before >= 0 else ()
            wanted = tuple(sorted({*there, rule}))
            if wanted not in self._number:
                self._number[wanted] = len(self._rules)
                self._rules.append(wanted)
            self._set.put(one, self._number[wanted])

    def of(self, batch: _Batch) -> dict[int, _Batch]:
        """The rows of each rule that has some."""
        if not len(batch) or not self._rules:
            return {}
        found = self._set.of(batch.series)
        wanted = np.flatnonzero(found >= 0)
        if not len(wanted):
            return {}
        number: I32 = found[wanted]
        if (number == number[0]).all():
            mine = batch if len(wanted) == len(batch) else batch.take(wanted)
            return dict.fromkeys(self._rules[int(number[0])], mine)
        by_set = group(number)
        order, number = wanted[by_set], number[by_set]
        ends = [*np.flatnonzero(number[1:] != number[:-1]).tolist(), len(number) - 1]
        places: dict[int, list[slice]] = {}
        begin = 0
        for end in ends:
            for rule in self._rules[int(number[end])]:
                places.setdefault(rule, []).append(slice(begin, end + 1))
            begin = end + 1
        made: dict[tuple[int, ...], _Batch] = {}
        ordered = batch.take(order)
        out = {}
        for rule, parts in places.items():
            which = tuple(part.start for part in parts)
            if which not in made:
                if len(parts) == 1:
                    made[which] = ordered.part(parts[0])
                else:
                    made[which] = batch.take(np.sort(np.concatenate([order[part] for part in parts])))
            out[rule] = made[which]
        return out
