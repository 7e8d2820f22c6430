"""Sags, swells and interruptions found in rms voltages of three phases, many meters at once.

    pu
    1.0  ----+                  +------  a meter's lowest phase
    0.92 . . | . . . . . . .+---+. . . . threshold + hysteresis: ends when every phase is here again
    0.9  . . | . . . . +----+ . . . . .  threshold: starts when the first phase is below
    0.5      +---------+
             |<------- one event ----->|   residual 0.5, phases that were below, kind

A swell is the same upside down. An event is an INTERRUPTION if all phases were below the interruption threshold at
once; its start, end and residual are those of the whole dip. A phase that is missing counts as it last was: silence
neither starts nor ends an event. A phase that was never heard (a single-phase meter) is left out.

Source: IEC 61000-4-30 (Hioki and Schneider manuals): dip below 0.9, hysteresis 0.02; events of several phases count as
one. It takes half-cycle rms, Urms(1/2); any slower rms sees less and averages what it sees: see classify.py. The
voltage at which an interruption starts is 0.1 in IEEE 1159, 0.05 in EN 50160, 0.01 in one IEC table: an argument.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, Columns
from processors.conditions.grid.classify import Kind

__all__ = ["EventDetector", "VoltageEvents"]

Bools = NDArray[np.bool_]
Limit = float | F64

_BITS = np.array([1, 2, 4], np.uint8)
_DIP, _SWELL = 0, 1


@dataclass(frozen=True, slots=True)
class VoltageEvents(Columns):
    """One row an event: `kind` of `Kind` (SAG, INTERRUPTION, SWELL), [start, end) in UTC ns; `extreme` the lowest phase
    voltage of a dip and the highest of a swell, pu; `phases` bits 1, 2, 4 of the phases that were out."""

    DTYPES: ClassVar[dict[str, str]] = {
        "meter": "int32", "kind": "uint8", "start": "int64", "end": "int64", "extreme": "float64", "phases": "uint8",
    }  # fmt: skip
    meter: I32
    kind: U8
    start: I64
    end: I64
    extreme: F64
    phases: U8

    def duration_secs(self) -> F64:
        """Length of each event in s, as classify.py takes it."""
        return (self.end - self.start) / 1e9


@dataclass(frozen=True, slots=True)
class _Rows:
    """Readings sorted by meter, each meter headed by a row that holds its state."""

    meter: I32
    ts: I64
    head: Bools
    last: NDArray[np.intp]
    """Last row of each meter."""


class EventDetector:
    """State of the meters: 61 bytes each. Never called concurrently.

    An event of a meter that falls silent stays open until the meter is heard again.
    """

    def __init__(self) -> None:
        self._pu = np.empty((0, 3))
        self._active = np.empty((2, 0), np.bool_)
        self._start = np.empty((2, 0), np.int64)
        self._extreme = np.empty((2, 0))
        self._phases = np.empty((2, 0), np.uint8)
        self._down = np.empty(0, np.bool_)

    def __len__(self) -> int:
        return len(self._pu)

    def grow(self, n: int) -> None:
        """Have `n` meters; new ones have no event and were never heard."""
        more = max(n - len(self), 0)
        self._pu = np.concatenate([self._pu, np.full((more, 3), np.nan)])
        self._active = np.pad(self._active, ((0, 0), (0, more)))
        self._start = np.pad(self._start, ((0, 0), (0, more)))
        self._extreme = np.pad(self._extreme, ((0, 0), (0, more)))
        self._phases = np.pad(self._phases, ((0, 0), (0, more)))
        self._down = np.pad(self._down, (0, more))

    def add(
        self,
        meter: I32,
        ts: I64,
        pu: F64,
        *,
        sag: Limit = 0.9,
        swell: Limit = 1.1,
        hysteresis: Limit = 0.02,
        interruption: Limit = 0.1,
    ) -> VoltageEvents:
        """Take readings and give the events that they end.

        Parameters
        ----------
        meter : (n,) index below `len(self)`, in any order.
        ts : (n,) UTC ns, growing for each meter, also from call to call: the caller holds back what is late.
        pu : (n, 3) rms voltage of each phase over its nominal or sliding reference; NaN = missing.
        sag, swell, interruption : thresholds in pu, one for all or (n,); a voltage on the threshold is not beyond it.
        hysteresis : pu, not below 0, one for all or (n,).

        Returns
        -------
        Events that ended, by (meter, end, start). What goes on is in `open_events`.

        Examples
        --------
        >>> found = EventDetector()
        >>> found.grow(1)
        >>> volts = np.array([[1, 1, 1], [1, 0.5, 0.8], [1, 0.91, 1], [1, 0.95, 1]], np.float64)
        >>> got = found.add(np.zeros(4, np.int32), np.arange(4) * 10_000_000, volts)
        >>> got.start.tolist(), got.end.tolist(), got.extreme.tolist(), got.phases.tolist()
        ([10000000], [30000000], [0.5], [6])
        """
        if not len(meter):
            return VoltageEvents.empty()
        limits = [np.atleast_1d(limit) for limit in (sag, swell, hysteresis, interruption)]
        watched = self.watched()
        watched[meter[((pu < limits[0][:, None]) | (pu > limits[1][:, None])).any(axis=1)]] = True
        mine = watched[meter]
        if not mine.any():  # nothing starts, goes on or ends: only the last known voltages change
            self.remember(meter, pu)
            return VoltageEvents.empty()
        self.remember(meter[~mine], pu[~mine])
        return self._judge(meter[mine], ts[mine], pu[mine], [_of(limit, mine) for limit in limits])

    def watched(self) -> Bools:
        """Which meters have an event that goes on; the caller's own."""
        on: Bools = self._active[_DIP] | self._active[_SWELL]
        return on

    def open_events(self) -> VoltageEvents:
        """Events that go on, by (meter, start); `end` is their start, for it is not known."""
        way, meter = np.nonzero(self._active)
        start = self._start[way, meter]
        made = self._events(
            meter, way, start, start, self._extreme[way, meter], self._phases[way, meter], self._down[meter]
        )
        return made.take(np.lexsort((made.start, made.meter)))

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays."""
        return {name.removeprefix("_"): held.copy() for name, held in vars(self).items()}

    @classmethod
    def restore(cls, state: dict[str, NDArray[Any]]) -> Self:
        """The detector that gave `state`."""
        made = cls()
        for name, held in state.items():
            setattr(made, f"_{name}", held.copy())
        return made

    def remember(self, meter: I32, pu: F64) -> None:
        """Take readings of meters without an event of which none is beyond a limit: the newest known voltages stay.

        With equal indices numpy keeps the last one.
        """
        missing = np.isnan(pu)
        if not missing.any():
            self._pu[meter] = pu
            return
        for phase in range(3):
            there = ~missing[:, phase]
            self._pu[meter[there], phase] = pu[there, phase]

    def _judge(self, meter: I32, ts: I64, pu: F64, limits: list[F64]) -> VoltageEvents:
        """Readings of watched meters, in order of arrival: run each meter's two states over its rows."""
        order = np.argsort(meter, kind="stable")
        meter, ts, pu = meter[order], ts[order], pu[order]
        sag, swell, hysteresis, interruption = (_of(limit, order) for limit in limits)
        first = np.flatnonzero(np.r_[True, meter[1:] != meter[:-1]])
        rows = np.arange(len(meter)) + np.cumsum(np.r_[1, meter[1:] != meter[:-1]])  # each head moves all down by one
        heads = rows[first] - 1
        n = len(meter) + len(first)
        whose = meter[first]
        full = np.empty((n, 3))
        full[heads], full[rows] = self._pu[whose], pu
        head = np.zeros(n, np.bool_)
        head[heads] = True
        full = _carried_forward(full, head)
        table = _Rows(np.empty(n, np.int32), np.zeros(n, np.int64), head, np.r_[heads[1:], n] - 1)
        table.meter[heads], table.meter[rows], table.ts[rows] = whose, meter, ts
        self._pu[whose] = full[table.last]

        # starts and extremes are of what was measured; what ends and whether all are down, of what is last known
        known, heard = full[rows], ~np.isnan(full[rows])
        low, high = (np.where(heard, known, filler) for filler in (np.inf, -np.inf))
        down = (high.max(axis=1) < interruption) & heard.any(axis=1)
        parts = []
        for way, out, back in (
            (_DIP, pu < sag[:, None], low.min(axis=1) >= sag + hysteresis),
            (_SWELL, pu > swell[:, None], high.max(axis=1) <= swell - hysteresis),
        ):
            worst = np.where(out, pu, np.nan)
            parts.append(self._run(way, table, rows, worst, back, down))
        made = VoltageEvents.concat(parts)
        return made.take(np.lexsort((made.start, made.end, made.meter)))

    def _run(
        self, way: int, table: _Rows, rows: NDArray[np.intp], beyond: F64, ends: Bools, down: Bools
    ) -> VoltageEvents:
        """Run one of the two states: a phase `beyond` (NaN where it is not) starts an event, `ends` ends it."""
        n = len(table.meter)
        heads = np.flatnonzero(table.head)
        whose = table.meter[heads]
        out = ~np.isnan(beyond)
        starts = out.any(axis=1)
        says = np.zeros(n, np.bool_)  # a row that decides: it starts, it ends, or it is the state so far
        says[rows], says[heads] = starts | ends, True
        active = np.zeros(n, np.bool_)
        active[rows], active[heads] = starts, self._active[way, whose]
        active = active[np.maximum.accumulate(np.where(says, np.arange(n), 0))]

        worse, none = (np.maximum, -np.inf) if way == _SWELL else (np.minimum, np.inf)
        worst, bits, all_down = np.empty(n), np.empty(n, np.uint8), np.zeros(n, np.bool_)
        worst[rows], worst[heads] = worse.reduce(np.where(out, beyond, none), axis=1), self._extreme[way, whose]
        bits[rows], bits[heads] = (out * _BITS).sum(axis=1), self._phases[way, whose]
        begun = table.ts.copy()
        begun[heads] = self._start[way, whose]
        if way == _DIP:
            all_down[rows], all_down[heads] = down, self._down[whose]

        turns = np.flatnonzero(table.head | np.r_[True, active[1:] != active[:-1]])  # a run: rows of one state
        is_event = active[turns]
        is_open = np.zeros(n, np.bool_)
        is_open[table.last] = True
        last = np.r_[turns[1:], n] - 1
        extreme = worse.reduceat(worst, turns)
        phases = np.bitwise_or.reduceat(bits, turns)
        interrupted = np.logical_or.reduceat(all_down, turns)

        stays = is_event & is_open[last]
        self._active[way, whose] = False
        self._start[way, whose] = self._phases[way, whose] = 0
        self._extreme[way, whose] = 0.0
        at = table.meter[turns[stays]]
        self._active[way, at] = True
        self._start[way, at], self._extreme[way, at] = begun[turns[stays]], extreme[stays]
        self._phases[way, at] = phases[stays]
        if way == _DIP:
            self._down[whose] = False
            self._down[at] = interrupted[stays]

        over = is_event & ~is_open[last]
        return self._events(
            table.meter[turns[over]],
            np.full(int(over.sum()), way),
            begun[turns[over]],
            table.ts[last[over] + 1],
            extreme[over],
            phases[over],
            interrupted[over],
        )

    @staticmethod
    def _events(
        meter: NDArray[Any], way: NDArray[Any], start: I64, end: I64, extreme: F64, phases: U8, down: Bools
    ) -> VoltageEvents:
        kind = np.where(way == _SWELL, Kind.SWELL, np.where(down, Kind.INTERRUPTION, Kind.SAG))
        return VoltageEvents.of(meter=meter, kind=kind, start=start, end=end, extreme=extreme, phases=phases)


def _of(limit: F64, rows: NDArray[Any]) -> F64:
    """The limits of some rows; one limit for all stays that."""
    return limit[rows] if len(limit) > 1 else limit


def _carried_forward(pu: F64, head: Bools) -> F64:
    """Each missing voltage replaced by the one before it of the same phase and meter; NaN where there is none."""
    known = ~np.isnan(pu)
    if known.all():
        return pu
    at = np.where(known | head[:, None], np.arange(len(pu))[:, None], 0)
    return np.take_along_axis(pu, np.maximum.accumulate(at, axis=0), axis=0)
