"""Two of three: where three or more detectors of an asset measure one quantity, the level that two of them agree on.

    detectors of an asset --level, held level of each reading--> GasVoting --> the asset's alarm

Judged on every reading; what a single detector says is for `steps`. A detector that has no value or has failed doesn't
vote; where fewer than two vote nothing is confirmed, and nothing is over either. The alarm's value is the reading with
which two agreed. Source: see processors/conditions/pipeline/gas.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.gas import VotingCondition
from gateway.engine.conditions.base import NOTHING, Context, Met, Places, Rule, definition_of, moved
from gateway.engine.results import SeriesName
from processors.columns import F64, U8, ReadingBatch
from processors.conditions.pipeline.gas import QUORUM, GasVoting
from processors.conditions.pipeline.levels import UNKNOWN
from processors.conditions.signals import Signals, step_levels
from processors.flags import Flag

__all__ = ["VotingRule"]


class VotingRule(Rule):
    """See Condition. Groups are assets, of the detectors in their zone."""

    by_window = False

    def __init__(self, spec: VotingCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._high, self._low = np.array(spec.high), np.array(spec.low)
        self._met: dict[tuple[str, str], list[Met]] = {}
        """Detectors of each zone and asset, in order of their series."""
        self._group: dict[tuple[str, str], int] = {}
        self._key: list[int] = []
        self._series: list[int] = []
        self._group_of: list[int] = []
        self._number = Places()
        validity = round(spec.validity_secs * 1e9)
        self._votes, self._held = GasVoting(validity), GasVoting(validity)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition: an asset's detectors are judged from the third one on."""
        spec, bound = self._spec, []
        for met in context.met(series, spec.profile, (spec.quantity,)):
            record, facts = met.record, context.assets.get(met.record.asset)
            if not record.asset or (facts is not None and facts.zone != record.zone):
                continue
            place = (record.zone, record.asset)
            there = self._met.setdefault(place, [])
            there.append(met)
            if len(there) < QUORUM:
                continue
            if place not in self._group:
                self._group[place] = len(self._key)
                self._key.append(context.alarms.define(definition_of(spec, record.asset, record.zone, met.lane)))
            for each in there if len(there) == QUORUM else there[-1:]:
                self._number.put(each.series, len(self._series))
                self._series.append(each.series)
                self._group_of.append(self._group[place])
                bound.append(each.series)
        if bound:
            for votes in (self._votes, self._held):
                votes.grow(np.array(self._group_of, np.int32))
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        number = self._number.of(batch.series)
        which = np.flatnonzero(number >= 0)
        if not len(which):
            return NOTHING
        of, ts, value = number[which], batch.ts[which], batch.value[which]
        silent = batch.flag[which] >= Flag.FAIL
        level, held = (np.where(silent, UNKNOWN, each).astype(np.int8) for each in self._levels(value))
        agreed, still = self._votes.update_alike((self._votes, self._held), of, ts, (level, held))
        told = np.flatnonzero(agreed.level >= 0)
        keys = np.array(self._key, np.int32)[agreed.group[told]]
        return Signals(
            keys, agreed.ts[told], agreed.level[told].astype(np.uint8), still.level[told].astype(np.uint8), value[told]
        )

    def _levels(self, value: F64) -> tuple[U8, U8]:
        level, held = np.zeros(len(value), np.uint8), np.zeros(len(value), np.uint8)
        for steps, falling in ((self._high, False), (self._low, True)):
            if len(steps):
                now, still = step_levels(value, steps, self._spec.deadband, falling=falling)
                level, held = np.maximum(level, now), np.maximum(held, still)
        return level, held

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "series": list(self._series), "places": [list(place) for place in self._group],
            "groups": list(self._group_of), "votes": self._votes.snapshot(), "held": self._held.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        places = [tuple(place) for place in state["places"]]
        before = [(series, places[group]) for series, group in zip(state["series"], state["groups"], strict=True)]
        mine = list(self._group)
        now = [(series, mine[group]) for series, group in zip(self._series, self._group_of, strict=True)]
        old, new = moved(before, now)
        old_group, new_group = moved(places, mine)
        for votes, name in ((self._votes, "votes"), (self._held, "held")):
            columns = votes.snapshot()
            for column in ("ts", "level"):
                columns[column][new] = state[name][column][old]
            columns["newest"][new_group] = state[name]["newest"][old_group]
            votes.restore(columns)
