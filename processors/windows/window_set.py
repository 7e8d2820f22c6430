"""The windows of many series at once: readings in, closed aggregates out as the watermark passes.

    finest pane of a series    10 s        60 s        900 s       3600 s

    from readings (exact)      10, 60      60          900         3600
    900 s from                 60 s        60 s        readings    -
    3600 s from                900 s       900 s       900 s       readings
    local day from             900 s       900 s       900 s       3600 s       a part belongs to the day it begins in

    add --> OpenReadings of the finest pane --close--> aggregate --> 900 s --> 3600 s
              (of 10-s panes the readings stay on        |             +-----> day
               until their minute has closed)            +--> emitted

An aggregate is computed when its window closes, from readings sorted by (series, time): the same set of readings gives
the same bits, in whatever order and batches it came. Readings whose finest pane has closed are late: they stay outside,
and `taint` notes which longer windows, still open, are to be computed again from what is stored.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, AggregateBatch, DirtyPanes
from processors.windows.aggregate import Windows, aggregate, publish, sketch_readings
from processors.windows.day import DAY, SECOND, window_bounds
from processors.windows.open_readings import OpenReadings, Readings
from processors.windows.order import by_series_and_time
from processors.windows.rollup import Rollup
from processors.windows.series_table import SeriesTable
from processors.windows.sketch import Sketches
from processors.windows.watermark import NEVER

__all__ = ["PANES", "WindowSet"]

PANES = (10, 60, 900, 3600)
"""The steps (s) that a finest pane can have."""
_TAINTABLE = (60, 900, 3600, DAY)
_SPEC: dict[str, tuple[str, int]] = {"pane_secs": ("int32", 0), "lane": ("int32", 0), "closed": ("int64", 0)}
_READING_COLUMNS = ("series", "ts", "value", "flag")
Mask = NDArray[np.bool_]


class WindowSet:
    """Never called concurrently. Series and lanes are dense indices of the caller."""

    def __init__(self, day_edges: I64) -> None:
        """`day_edges`: sorted UTC ns of local midnights (see day.py). May be replaced later by assigning to it."""
        self.day_edges = day_edges
        self.closed_watermark: I64 = np.empty(0, np.int64)
        """Watermark of each lane as of the last close; NEVER at first."""
        # `closed` is the watermark up to which a series has been emitted: its lane's, or more where it has moved;
        # `taint_S` is the end of its tainted open window of S seconds, 0 for none. Only one window can be open for a
        # late reading: the one that holds `closed`.
        self._table = SeriesTable(_SPEC | {f"taint_{step}": ("int64", 0) for step in _TAINTABLE})
        self._open = {step: OpenReadings(step) for step in PANES}
        self._rollups = {step: Rollup(step) for step in (900, 3600, DAY)}
        self._tainted = dict.fromkeys(_TAINTABLE, 0)

    # -- series and lanes ---------------------------------------------------------------------------------------------

    @property
    def pane_secs(self) -> I32:
        """Finest pane of each series in seconds."""
        return self._table.columns["pane_secs"]

    @property
    def lane(self) -> I32:
        """Lane of each series."""
        return self._table.columns["lane"]

    @property
    def closed(self) -> I64:
        """Watermark up to which each series has been emitted."""
        return self._table.columns["closed"]

    def add_series(self, pane_secs: I32, lane: I32) -> None:
        """Append series; they are numbered in order of arrival."""
        if not np.isin(pane_secs, PANES).all():
            raise ValueError(f"a finest pane lasts one of {PANES} seconds")
        n = len(self._table)
        self._table.grow(n + len(pane_secs))
        for rollup in self._rollups.values():
            rollup.grow(n + len(pane_secs))
        self._grow_lanes(int(lane.max(initial=-1)) + 1)
        self.pane_secs[n:] = pane_secs
        self.lane[n:] = lane
        self.closed[n:] = self.closed_watermark[lane]

    def set_lane(self, series: I32, lane: I32) -> None:
        """Move series to other lanes. What has been emitted stays emitted, also where the new lane is behind."""
        self._grow_lanes(int(lane.max(initial=-1)) + 1)
        self.lane[series] = lane

    def _grow_lanes(self, lanes: int) -> None:
        missing = lanes - len(self.closed_watermark)
        if missing > 0:
            self.closed_watermark = np.concatenate([self.closed_watermark, np.full(missing, NEVER)])

    # -- readings -----------------------------------------------------------------------------------------------------

    def is_late(self, series: I32, ts: I64) -> Mask:
        """Whether the finest pane of each reading has closed."""
        closed = self.closed[series]
        late: Mask = ts < closed
        if late.any():  # few are: only these need their pane's end
            length = self.pane_secs[series[late]].astype(np.int64) * SECOND
            behind = ts[late]
            late[late] = behind - behind % length + length <= closed[late]
        return late

    def _by_pane(self, series: I32) -> list[tuple[OpenReadings, Mask | slice]]:
        """The readings of each finest pane: where they are kept, and which they are."""
        pane = self.pane_secs[series]
        if len(pane) and (pane == pane[0]).all():
            return [(self._open[int(pane[0])], slice(None))]
        return [(self._open[step], which) for step in PANES if (which := pane == step).any()]

    def lookup(self, series: I32, ts: I64) -> tuple[Mask, F64]:
        """Whether each (series, ts) is among the readings of open panes, and its value there (else NaN)."""
        found, value = np.zeros(len(series), np.bool_), np.full(len(series), np.nan)
        for readings, which in self._by_pane(series):
            hit, held = found[which], value[which]
            readings.lookup(series[which], ts[which], hit, held)
            found[which], value[which] = hit, held
        return found, value

    def add(self, series: I32, ts: I64, value: F64, flag: U8) -> None:
        """Add readings, none late and none that is held already."""
        for readings, which in self._by_pane(series):
            columns = np.array(series[which]), np.array(ts[which]), np.array(value[which]), np.array(flag[which])
            readings.put(Readings(*columns))

    def reflag(self, series: I32, ts: I64, flag: U8) -> Mask:
        """Give readings of open panes another flag; True where there was such a reading."""
        found = np.zeros(len(series), np.bool_)
        for readings, which in self._by_pane(series):
            hit = found[which]
            readings.reflag(series[which], ts[which], flag[which], hit)
            found[which] = hit
        return found

    def taint(self, series: I32, ts: I64) -> None:
        """Note that late readings belong into open windows: these come out of `close` as dirty, too."""
        closed, pane = self.closed[series], self.pane_secs[series]
        for step in _TAINTABLE:
            if step == DAY:
                closed = self._closed_parts()[series]
                ts = ts - ts % _day_part(pane)
            end = window_bounds(ts, step, self.day_edges)[1]
            still = (end > closed) & (pane < step)
            self._table.columns[f"taint_{step}"][series[still]] = end[still]
            self._tainted[step] += int(np.count_nonzero(still))

    # -- closing ------------------------------------------------------------------------------------------------------

    def close(self, watermark: I64) -> tuple[AggregateBatch, DirtyPanes]:
        """Close what ends at or before its lane's watermark (one a lane; one that goes back counts as unmoved).

        Returns
        -------
        aggregates : every window that closed and has readings, revision 0, in order of (end, step, series).
        dirty : the tainted ones among them, and tainted ones without readings, to be computed again from raw.
        """
        self._grow_lanes(len(watermark))
        lanes = self.closed_watermark.copy()
        lanes[: len(watermark)] = np.maximum(lanes[: len(watermark)], watermark)
        self.closed_watermark = lanes
        np.maximum(self.closed, lanes[self.lane], out=self.closed)
        done = {10: self._aggregate(10, keep=True)[0]}
        done[60], of_60 = self._aggregate(60)
        raw_900, of_raw_900 = self._aggregate(900)
        raw_3600, of_raw_3600 = self._aggregate(3600)
        rolled_900, of_900 = self._rollups[900].fold(done[60], of_60, self.closed, self.day_edges)
        done[900] = Windows.concat([rolled_900, raw_900])
        of_900 = Sketches.concat([of_900, of_raw_900])
        rolled_3600, _ = self._rollups[3600].fold(done[900], of_900, self.closed, self.day_edges)
        done[3600] = Windows.concat([rolled_3600, raw_3600])
        day_parts = Windows.concat([done[900], raw_3600])
        of_day_parts = Sketches.concat([of_900, of_raw_3600])
        done[DAY], _ = self._rollups[DAY].fold(day_parts, of_day_parts, self._closed_parts(), self.day_edges)
        return self._publish(done), self._dirty()

    def _closed_parts(self) -> I64:
        """Up to where the parts of days have closed: a day waits for its last part, which may reach past its end."""
        closed = self.closed - self.closed % _day_part(self.pane_secs)
        return np.minimum(closed, self.closed)  # NEVER has nothing below it

    def _aggregate(self, step: int, keep: bool = False) -> tuple[Windows, Sketches]:
        """Windows of `step` from readings. `keep`: hand the readings on to the minute; no sketch is needed then."""
        readings = self._open[step].take(self.closed)
        if not len(readings):
            return Windows.empty(), Sketches.empty()
        readings = readings.take(by_series_and_time(readings.series, readings.ts))
        windows, ordered = aggregate(readings.series, readings.ts, readings.value, readings.flag, step)
        if keep:
            self._open[60].put(readings)
            return windows, Sketches.empty()
        return windows, sketch_readings(windows, ordered)

    @staticmethod
    def _publish(done: dict[int, Windows]) -> AggregateBatch:
        some = {step: windows for step, windows in done.items() if len(windows)}
        batch = AggregateBatch.concat([publish(windows, step) for step, windows in some.items()])
        end = np.concatenate([windows.end for windows in some.values()] or [np.empty(0, np.int64)])
        same_end = len(some) == 1 and bool((end == end[0]).all())
        if same_end and bool((batch.series[1:] > batch.series[:-1]).all()):
            return batch
        return batch.take(np.lexsort((batch.series, batch.step, end)))

    def _dirty(self) -> DirtyPanes:
        parts = []
        for step in _TAINTABLE:
            if not self._tainted[step]:
                continue
            taint = self._table.columns[f"taint_{step}"]
            closed = self._closed_parts() if step == DAY else self.closed
            series = np.flatnonzero((taint != 0) & (taint <= closed))
            if len(series):
                end = taint[series]
                start = window_bounds(end - 1, step, self.day_edges)[0]
                taint[series] = 0
                parts.append(
                    DirtyPanes.of(
                        series=series, step=np.full(len(series), step), start=start, end=end,
                        watermark=self.closed[series],
                    )
                )  # fmt: skip
            self._tainted[step] = int(np.count_nonzero(taint))
        return DirtyPanes.concat(parts)

    # -- state --------------------------------------------------------------------------------------------------------

    @property
    def open_readings(self) -> int:
        """How many readings are held."""
        return sum(map(len, self._open.values()))

    @property
    def nbytes(self) -> int:
        """Bytes of readings and of the room set aside for series."""
        readings = sum(part.nbytes for part in self._open.values())
        return readings + self._table.nbytes + sum(part.nbytes for part in self._rollups.values())

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The whole state, numeric arrays only; copies."""
        state = {name: column.copy() for name, column in self._table.columns.items()}
        state["day_edges"] = self.day_edges.copy()
        state["closed_watermark"] = self.closed_watermark.copy()
        for step, readings in self._open.items():
            everything = readings.everything()
            state |= {f"open_{step}_{name}": getattr(everything, name) for name in _READING_COLUMNS}
        for step, rollup in self._rollups.items():
            state |= {f"rollup_{step}_{name}": column for name, column in rollup.snapshot().items()}
        return state

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]]) -> "WindowSet":
        """The set that gave `state`."""
        made = cls(state["day_edges"].copy())
        made.closed_watermark = state["closed_watermark"].copy()
        made.add_series(state["pane_secs"], state["lane"])
        for name, column in made._table.columns.items():
            column[:] = state[name]
        made._tainted = {step: int(np.count_nonzero(state[f"taint_{step}"])) for step in _TAINTABLE}
        for step, readings in made._open.items():
            readings.put(Readings(*(state[f"open_{step}_{name}"].copy() for name in _READING_COLUMNS)))
        for step, rollup in made._rollups.items():
            head = f"rollup_{step}_"
            rollup.restore({name.removeprefix(head): state[name] for name in state if name.startswith(head)})
        return made


def _day_part(pane_secs: I32) -> I64:
    """Length (ns) of what the days of a series with this finest pane are made of."""
    return np.where(pane_secs > 900, 3600 * SECOND, 900 * SECOND)
