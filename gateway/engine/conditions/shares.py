"""Which rows of a batch each rule judges, found by one look at the batch, however many rules there are.

    series --> set of the rules that want it          rows sorted by set --> every rule its sets' rows, in their order
    s0  {voltage-high, voltage-low}
    s1  {}                                            rules that want the same share the same rows
    s2  {voltage-high, voltage-low, unbalance}

Most series have no rule and most rules few series: what a call costs goes with the rows that are judged.
"""

from collections.abc import Collection, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.engine.brought import Brought
from gateway.engine.conditions.base import Places
from processors.columns import I32, AggregateBatch, ReadingBatch
from processors.conditions.pipeline.arrivals import group

__all__ = ["Shares"]

_Batch = TypeVar("_Batch", Brought, ReadingBatch, AggregateBatch)


class Shares:
    """Rules are numbered by the caller."""

    def __init__(self) -> None:
        self._set = Places()
        """The set of a series; -1: no rule wants it."""
        self._rules: list[tuple[int, ...]] = []
        """Of each set, ascending."""
        self._number: dict[tuple[int, ...], int] = {}
        self._steps: dict[int, frozenset[int]] = {}
        """Lengths of windows that each rule asks for; none: any."""
        self._lengths: tuple[I32, NDArray[np.bool_]] | None = None
        """Those that any asks for, and which each set wants; the last column is for all others."""

    def put(self, series: Sequence[int], rule: int, steps: Collection[int] = ()) -> None:
        """A rule wants these series, windows of these lengths."""
        self._steps[rule] = frozenset(steps)
        self._lengths = None
        for one in series:
            before = self._set.at(one)
            there = self._rules[before] if before >= 0 else ()
            wanted = tuple(sorted({*there, rule}))
            if wanted not in self._number:
                self._number[wanted] = len(self._rules)
                self._rules.append(wanted)
            self._set.put(one, self._number[wanted])

    def _known_lengths(self) -> tuple[I32, NDArray[np.bool_]]:
        if self._lengths is None:
            lengths = sorted(frozenset[int]().union(*self._steps.values()))
            asked = {rule: [not steps or one in steps for one in (*lengths, -1)] for rule, steps in self._steps.items()}
            wants = [np.any([asked[rule] for rule in rules], axis=0) for rules in self._rules]
            self._lengths = np.array(lengths, np.int32), np.array(wants, np.bool_).reshape(-1, len(lengths) + 1)
        return self._lengths

    def of(self, batch: _Batch, step: I32 | None = None) -> dict[int, _Batch]:
        """The rows of each rule that has some, and maybe windows that only another rule of its series asks for.

        `step`: length of each window.
        """
        if not len(batch) or not self._rules:
            return {}
        found = self._set.of(batch.series)
        wanted = np.flatnonzero(found >= 0)
        if step is not None and len(wanted):
            lengths, wants = self._known_lengths()
            length = np.searchsorted(lengths, step[wanted])
            if len(lengths):
                length[lengths[np.minimum(length, len(lengths) - 1)] != step[wanted]] = len(lengths)
            wanted = wanted[wants[found[wanted], length]]
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
