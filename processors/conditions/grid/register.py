"""Energy of windows from meters that count: what a register has grown by between two window edges.

    register   100.0    100.4  |  100.9     101.3  |  101.6          windows of an hour; | edges
    energy            ------- 1.1 kWh by straight lines ------

The register at an edge lies on the straight line between the readings around it. What is not known is not told:

    first reading, silence beyond `gap`     the windows that it touches have no energy
    it falls                                a rollover where `modulus` is known and it was near its top, else a reset
    it rises by more than `most_kw`         another meter, or a wrong reading: as a reset

Source: the usual way to bill by registers (IEC 62056 and DL/T 645 read them; interpolation is our choice).
"""

from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import group, turns
from processors.windows.series_table import SeriesTable

__all__ = ["RegisterEnergy", "WindowEnergy"]

_NEVER = np.iinfo(np.int64).min
_NEAR_TOP = 0.9
"""Share of the modulus above which a register may roll over, and less than the rest of it is where it then stands."""
_HOUR = 3_600_000_000_000.0


class WindowEnergy(NamedTuple):
    """Energies by (meter, end); a window without a known energy has no row."""

    meter: I32
    end: I64
    kwh: F64


class RegisterEnergy:
    """State of the meters: 24 bytes each. Never called concurrently."""

    _COLUMNS: ClassVar[dict[str, tuple[str, int]]] = {
        "ts": ("int64", 0), "value": ("float64", 0), "since": ("float64", 0),
    }  # fmt: skip

    def __init__(self, window: int, gap: int) -> None:
        """`window`: its length in ns, counted from the epoch. `gap`: ns between two readings that a line may span."""
        if window <= 0 or gap <= 0:
            raise ValueError("window and gap are lengths of time: above 0")
        self._window, self._gap = window, gap
        self._table = SeriesTable(self._COLUMNS)

    def __len__(self) -> int:
        return len(self._table)

    def grow(self, n: int) -> None:
        """Have `n` meters; new ones were never read."""
        have = len(self)
        if n > have:
            self._table.grow(n)
            self._table.columns["ts"][have:] = _NEVER
            self._table.columns["since"][have:] = np.nan

    def add(self, meter: I32, ts: I64, value: F64, *, modulus: float = 0.0, most_kw: float = np.inf) -> WindowEnergy:
        """Take readings and give the windows that they complete.

        Parameters
        ----------
        meter : (n,) index below `len(self)`.
        ts : (n,) UTC ns, growing for each meter, also from call to call: one that does not is left out.
        value : (n,) kWh; no NaN.
        modulus : kWh at which registers start again from 0; 0: they never do.
        most_kw : mean power between two readings that a meter can pass.

        Returns
        -------
        Windows that have become known, by (meter, end).

        Examples
        --------
        >>> energy = RegisterEnergy(window=3_600_000_000_000, gap=3_600_000_000_000)
        >>> energy.grow(1)
        >>> quarter = np.arange(6) * 900_000_000_000
        >>> got = energy.add(np.zeros(6, np.int32), quarter, np.array([10.0, 10.5, 11.0, 11.5, 12.0, 12.5]))
        >>> got.end.tolist(), got.kwh.tolist()
        ([3600000000000], [2.0])
        """
        order = group(meter)
        meter, ts, value = meter[order], ts[order], value[order]
        parts: list[WindowEnergy] = []
        for rows in turns(meter):
            parts += self._turn(meter[rows], ts[rows], value[rows], modulus, most_kw)
        if not parts:
            return WindowEnergy(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))
        made = WindowEnergy(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        by = np.lexsort((made.end, made.meter))
        return WindowEnergy(made.meter[by], made.end[by], made.kwh[by])

    def _turn(self, meter: I32, ts: I64, value: F64, modulus: float, most_kw: float) -> list[WindowEnergy]:
        """One reading of each meter."""
        held, window = self._table.columns, self._window
        newer = ts > held["ts"][meter]
        meter, ts, value = meter[newer], ts[newer], value[newer]
        before, was = held["ts"][meter], held["value"][meter]
        first = before == _NEVER
        before = np.where(first, ts, before)
        length = (ts - before).astype(np.float64)
        grown = value - was
        if modulus > 0:
            rolled = (was > _NEAR_TOP * modulus) & (value < (1 - _NEAR_TOP) * modulus) & (grown < 0)
            grown = np.where(rolled, grown + modulus, grown)
        known = ~first & (length <= self._gap) & (grown >= 0) & (grown * _HOUR <= most_kw * np.maximum(length, 1.0))
        rate = np.where(known, grown, np.nan) / np.where(length > 0, length, 1.0)

        out: list[WindowEnergy] = []
        since, at = held["since"][meter], before
        edge = before - before % window + window
        while (over := (edge <= ts) & known).any():
            energy = since + rate * (edge - at)
            told = over & ~np.isnan(energy)
            out.append(WindowEnergy(meter[told], edge[told], energy[told]))
            since, at = np.where(over, 0.0, since), np.where(over, edge, at)
            edge = np.where(over, edge + window, edge)
        since = np.where(known, since + rate * (ts - at), np.nan)
        # a reading on an edge is all that a window needs to begin
        since = np.where(ts % window == 0, 0.0, since)
        held["ts"][meter], held["value"][meter], held["since"][meter] = ts, value, since
        return out

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The state as arrays."""
        return {name: column.copy() for name, column in self._table.columns.items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take back what `snapshot` gave."""
        self.grow(len(state["ts"]))
        for name, column in self._table.columns.items():
            column[:] = state[name]
