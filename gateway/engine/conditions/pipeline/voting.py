"""Two of three: where three or more detectors of an asset measure one quantity, the level that two of them agree on.

    detectors of an asset --level, held level of each reading--> GasVoting --> the asset's alarm

Judged on every reading; what a single detector says is for `steps`. A detector that has no value or has failed doesn't
vote; where fewer than two vote nothing is confirmed, and nothing is over either. The alarm's value is the reading with
which two agreed. An asset's detectors are those that the configuration lists there, heard or not, so that it doesn't
matter in which call the third is heard first. Source: see processors/conditions/pipeline/gas.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.gas import VotingCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.results import DeviceRecord, SeriesName
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
        self._records = 0
        """Devices that it has met."""
        self._group: dict[tuple[str, str], int] = {}
        """By zone and asset."""
        self._key: list[int] = []
        self._detectors: dict[str, int] = {}
        """Number of each detector that votes."""
        self._group_of: list[int] = []
        self._number = Places()
        validity = round(spec.validity_secs * 1e9)
        self._votes, self._held = GasVoting(validity), GasVoting(validity)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._meet(context)
        bound = []
        for met in context.met(series, self._spec.profile, (self._spec.quantity,)):
            if met.record.id in self._detectors:
                self._number.put(met.series, self._detectors[met.record.id])
                bound.append(met.series)
        return bound

    def _meet(self, context: Context) -> None:
        """Assets with enough detectors. Only listed ones stand on assets, and they are known before they are heard."""
        registry, there = context.registry, dict[tuple[str, str], list[DeviceRecord]]()
        for record in registry.records[self._records :]:
            facts = context.assets.get(record.asset)
            strange = not record.asset or (facts is not None and facts.zone != record.zone)
            if record.profile == self._spec.profile and context.is_judged(record) and not strange:
                there.setdefault((record.zone, record.asset), []).append(record)
        self._records = len(registry.records)
        for (zone, asset), records in there.items():
            if len(records) < QUORUM:
                continue
            lane = int(registry.lane[registry.by_id(records[0].id)])
            self._group[zone, asset] = len(self._key)
            self._key.append(context.alarms.define(definition_of(self._spec, asset, zone, lane)))
            for record in records:
                self._detectors[record.id] = len(self._group_of)
                self._group_of.append(self._group[zone, asset])
        for votes in (self._votes, self._held):
            votes.grow(np.array(self._group_of, np.int32))

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
        deadband = self._spec.deadband
        for steps, falling in ((self._high, False), (self._low, True)):
            if not len(steps):
                continue
            some = np.flatnonzero(value <= steps[0] + deadband if falling else value >= steps[0] - deadband)
            if len(some):  # hardly ever
                now, still = step_levels(value[some], steps, deadband, falling=falling)
                level[some], held[some] = np.maximum(level[some], now), np.maximum(held[some], still)
        return level, held

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "detectors": list(self._detectors), "places": [list(place) for place in self._group],
            "groups": list(self._group_of), "votes": self._votes.snapshot(), "held": self._held.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        places = [tuple(place) for place in state["places"]]
        before = [(name, places[group]) for name, group in zip(state["detectors"], state["groups"], strict=True)]
        mine = list(self._group)
        now = [(name, mine[group]) for name, group in zip(self._detectors, self._group_of, strict=True)]
        old, new = moved(before, now)
        old_group, new_group = moved(places, mine)
        for votes, name in ((self._votes, "votes"), (self._held, "held")):
            columns = votes.snapshot()
            for column in ("ts", "level"):
                columns[column][new] = state[name][column][old]
            columns["newest"][new_group] = state[name]["newest"][old_group]
            votes.restore(columns)
