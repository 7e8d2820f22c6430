"""The neighbour check in the engine: each device of a zone against its peers there, pane by pane.

    readings in order of arrival      pane 12:00   12:01   12:02          of the devices of one lane (zone, profile)
    d1 12:00:10  d2 12:00:20  ...     held . . .
    d1 12:01:10                       judged when the lane has come to the end of the pane and its out-of-orderness:
                                      rewrites of the readings of devices that stand out

A device counts once a pane, with the mean of its values. How far a lane has come is the newest min(event time, receipt)
of its readings so far, as its watermark, but reading by reading in order of arrival: so the verdicts depend on
the order of the journal alone, not on how it falls into calls, and what comes again changes nothing. Readings that come
after their pane was judged are not judged. What the sensor can't measure (gross range) is nobody's peer; verdicts of
other checks don't matter here, for they may come later.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.check_specs import ChecksSpec
from gateway.config.profiles import Profile
from gateway.config.units import conversion
from gateway.engine.results import SeriesName
from processors.columns import I32, I64, U8, FlagRewrites, ReadingBatch
from processors.flags import Flag, Why
from processors.quality.neighbour import neighbour
from processors.quality.verdict import RANK_OF, worst
from processors.windows.order import by_series, sizes

__all__ = ["Neighbours"]

_SECOND = 1_000_000_000
_SHORTEST = 10 * _SECOND
"""All panes end on multiples of it."""
_NEVER = np.iinfo(np.int64).min
_FOREVER = int(np.iinfo(np.int64).max)
_COLUMNS = {"series": "int32", "lane": "int32", "end": "int64", "ts": "int64", "value": "float64", "flag": "uint8",
            "why": "uint32"}  # fmt: skip
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]
Columns = dict[str, NDArray[Any]]


class Neighbours:
    """Holds the readings of panes that are not judged yet, of the series that ask. Never called concurrently."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, str]] = []
        self._limits = np.empty((0, 4))
        """suspect, fail, floor, least of each (profile, quantity) that asks."""
        self._delay: dict[str, int] = {}
        self._kind = np.empty(0, np.int32)
        """Which of them each series is of; -1: of none."""
        self._wait = np.empty(0, np.int64)
        """Out-of-orderness of each series' profile, ns."""
        self._passed = np.empty(0, np.int64)
        """How far each lane has come, ns: panes that end by then are judged."""
        self._held = _empty()
        self._came: list[Columns] = []
        """What came since it was last looked through, a call each."""
        self._earliest = _FOREVER
        """The first end of a pane that is held."""

    @property
    def asked(self) -> bool:
        """Whether any profile asks for it."""
        return bool(self._asked)

    def configure(self, profiles: Sequence[Profile], series: Sequence[SeriesName]) -> None:
        """Take what profiles ask for; `series` are all that there are."""
        self._asked, limits = [], []
        self._delay = {profile.name: profile.out_of_orderness_ns for profile in profiles}
        for profile in profiles:
            for name, spec in profile.fields.items():
                if spec.checks is not None and spec.checks.neighbour is not None:
                    unit = conversion(spec.unit or "1", senml=profile.is_senml)
                    self._asked.append((profile.name, name))
                    limits.append(_limits(spec.checks, abs(unit.factor)))
        self._limits = np.array(limits, np.float64).reshape(-1, 4)
        self._kind, self._wait = np.empty(0, np.int32), np.empty(0, np.int64)
        self.bind(series)
        self._keep(self._kind[self._joined()["series"]] >= 0)

    def bind(self, series: Sequence[SeriesName]) -> None:
        """Meet the series that came since."""
        new = series[len(self._kind) :]
        number = {kind: k for k, kind in enumerate(self._asked)}
        kinds = [number.get((name.profile, name.quantity), -1) for name in new]
        self._kind = np.concatenate([self._kind, np.array(kinds, np.int32)])
        waits = [self._delay.get(name.profile, 0) for name in new]
        self._wait = np.concatenate([self._wait, np.array(waits, np.int64)])

    def take(self, readings: ReadingBatch, measured: U8, received: I64, lane: I32, pane_secs: I32) -> FlagRewrites:
        """Hold accepted readings, in order of arrival, and judge the panes that their lanes have passed.

        `measured` is the flag by what needs no order; `received` is when each came, `pane_secs` its finest window.
        """
        rows = np.flatnonzero(self._kind[readings.series] >= 0)
        if not len(rows):
            return FlagRewrites.empty()
        mine, lane = readings.take(rows), lane[rows]
        length = pane_secs[rows].astype(np.int64) * _SECOND
        end = mine.ts - mine.ts % length + length
        open_ = end > self._advance(lane, np.minimum(mine.ts, received[rows]) - self._wait[mine.series])
        usable = np.where(measured[rows] == Flag.FAIL, np.nan, mine.value)
        came = mine.arrays() | {"lane": lane, "end": end, "value": usable}
        fits = open_ & ~self._repeats(mine)
        self._came.append(_chosen(came, np.flatnonzero(fits)))
        self._earliest = min(self._earliest, int(end.min(initial=_FOREVER, where=fits)))
        return self._judge() if int(self._passed.max()) >= self._earliest else FlagRewrites.empty()

    def reflag(self, rewrites: FlagRewrites) -> None:
        """Know of new verdicts on readings that may be held here."""
        found, at = self._find(rewrites.series, rewrites.ts)
        held = self._held
        held["flag"][at], held["why"][at] = rewrites.flag[found], rewrites.why[found]

    def _repeats(self, came: ReadingBatch) -> Mask:
        """Late ones that are held already; only late ones can be."""
        out = np.zeros(len(came), np.bool_)
        late = np.flatnonzero(came.why & np.uint32(Why.LATE))
        out[late[self._find(came.series[late], came.ts[late])[0]]] = True
        return out

    def _find(self, series: I32, ts: I64) -> tuple[Rows, Rows]:
        """Which of the keys are held, and where: few are asked for."""
        mine = series[self._kind[series] >= 0]
        if not len(mine):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        held = self._joined()
        near = np.flatnonzero(np.isin(held["series"], mine))
        at = dict(zip(_keys(held["series"][near], held["ts"][near]), near.tolist(), strict=True))
        places = [at.get(key, -1) for key in _keys(series, ts)] if at else []
        found = np.array(places, np.intp)
        return np.flatnonzero(found >= 0), found[found >= 0]

    def _advance(self, lane: I32, upto: I64) -> I64:
        """How far each reading's lane had come before it; moves the lanes on."""
        lanes = int(lane.max()) + 1
        if lanes > len(self._passed):
            self._passed = np.concatenate([self._passed, np.full(lanes - len(self._passed), _NEVER)])
        order = by_series(lane)
        of, came = lane[order], upto[order]
        head = np.flatnonzero(_changes(of))
        # ranks, for lanes and times to go into one integer: a running maximum that begins anew with each lane
        known, rank = np.unique(np.concatenate([self._passed[of[head]], came]), return_inverse=True)
        start, rank = rank[: len(head)], rank[len(head) :]
        floor = np.arange(len(head)) * len(known)
        key = np.repeat(floor, sizes(head, len(of))) + rank
        before = np.empty_like(key)
        before[1:] = key[:-1]
        before[head] = floor + start
        before = np.maximum.accumulate(before)
        last = np.append(head[1:], len(of)) - 1
        self._passed[of[head]] = known[np.maximum(before[last], key[last]) % len(known)]
        out = np.empty(len(lane), np.int64)
        out[order] = known[before % len(known)]
        return out

    def _joined(self) -> Columns:
        """All that is held, in order of arrival."""
        if self._came:
            parts = [self._held, *self._came]
            self._held = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
            self._came = []
        return self._held

    def _keep(self, which: Mask) -> None:
        self._held = _chosen(self._held, np.flatnonzero(which))
        self._earliest = int(self._held["end"].min(initial=_FOREVER))

    def _judge(self) -> FlagRewrites:
        held = self._joined()
        done = held["end"] <= self._passed[held["lane"]]
        if not done.any():
            return FlagRewrites.empty()
        self._keep(~done)
        judged = _chosen(held, np.flatnonzero(done))
        kind = self._kind[judged["series"]]
        order = _order(judged["lane"], kind, judged["end"] // _SHORTEST, judged["series"])
        columns = (judged["lane"][order], kind[order], judged["end"][order])
        new_group = _changes(*columns)
        new_device = new_group | _changes(judged["series"][order])
        begin = np.flatnonzero(new_device)
        value = judged["value"][order]
        there = np.isfinite(value)
        count = np.add.reduceat(there, begin, dtype=np.int64)
        total = np.add.reduceat(np.where(there, value, 0.0), begin)
        mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        group = (np.cumsum(new_group) - 1)[begin].astype(np.int32)
        suspect, fail, floor, least = self._limits[kind[order][begin]].T
        flag, _ = neighbour(mean, group, suspect, fail, floor, least.astype(np.int64))
        verdict = np.empty(len(order), np.uint8)
        verdict[order] = np.repeat(flag, sizes(begin, len(order)))
        objects = np.flatnonzero((RANK_OF[verdict] > RANK_OF[Flag.GOOD]) & np.isfinite(judged["value"]))
        if not len(objects):
            return FlagRewrites.empty()
        chosen = _chosen(judged, objects)
        why = chosen["why"] | np.uint32(Why.NEIGHBOUR)
        return FlagRewrites(chosen["series"], chosen["ts"], worst(chosen["flag"], verdict[objects]), why)

    def snapshot(self) -> dict[str, Any]:
        """What is held, and how far lanes are."""
        return {"passed": self._passed.copy(), **{name: column.copy() for name, column in self._joined().items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave."""
        self._passed = state["passed"].copy()
        self._held, self._came = {name: state[name].copy() for name in _COLUMNS}, []
        self._earliest = int(self._held["end"].min(initial=_FOREVER))


def _limits(spec: ChecksSpec, factor: float) -> tuple[float, float, float, float]:
    suspect, fail = spec.neighbour or (0.0, 0.0)
    return suspect or np.nan, fail or np.nan, spec.neighbour_floor * factor, float(spec.neighbour_least)


def _order(*columns: NDArray[Any]) -> Rows:
    """Sorted by the columns, the first one first; equal rows as they came. One integer sorts in a fifth of the time."""
    since = [column.astype(np.int64) - int(column.min()) for column in columns]
    room = [int(column.max()) + 1 for column in since]
    if math.prod(room) >= 1 << 62:
        return np.lexsort(columns[::-1])
    key = since[0]
    for column, size in zip(since[1:], room[1:], strict=True):
        key = key * size + column
    order: Rows = np.argsort(key, kind="stable")
    return order


def _changes(*columns: NDArray[Any]) -> Mask:
    """Where one of the columns is not what it was in the row before."""
    out = np.ones(len(columns[0]), np.bool_)
    out[1:] = False
    for column in columns:
        out[1:] |= column[1:] != column[:-1]
    return out


def _chosen(columns: Columns, rows: Rows) -> Columns:
    return {name: columns[name][rows] for name in _COLUMNS}


def _keys(series: I32, ts: I64) -> list[tuple[int, int]]:
    return list(zip(series.tolist(), ts.tolist(), strict=True))


def _empty() -> Columns:
    return {name: np.empty(0, dtype) for name, dtype in _COLUMNS.items()}
