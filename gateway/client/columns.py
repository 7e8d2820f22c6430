"""Many values at once, as numpy arrays. A row is a (series, time); `series` is an index into `names`.

Readings.value and the statistics are float64 with NaN where nothing is known; times are datetime64[ns] in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["FigureName", "FigureValues", "Readings", "SeriesName", "Windows", "figure_values", "readings", "windows"]

N = TypeVar("N", bound="SeriesName | FigureName")


class SeriesName(NamedTuple):
    """Whose values."""

    device: str
    quantity: str
    unit: str


class FigureName(NamedTuple):
    """Which figure's values."""

    condition: str
    asset: str
    figure: str
    unit: str


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings, by series and time."""

    names: Sequence[SeriesName]
    series: NDArray[np.int32]
    time: NDArray[np.datetime64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]
    """QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    why: NDArray[np.uint32]
    """The checks that objected, a bit each."""

    def __len__(self) -> int:
        return len(self.series)

    def of(self, device: str, quantity: str = "") -> "Readings":
        """Those of a device, or of one quantity of it."""
        rows = _rows(self.names, self.series, (device, quantity))
        return Readings(self.names, self.series[rows], self.time[rows], self.value[rows], self.flag[rows],
                        self.why[rows])  # fmt: skip

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which may be used without a second thought: good, or not evaluated."""
        usable: NDArray[np.bool_] = self.flag <= _USABLE
        return usable


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of readings with their statistics, by series and time; `time` is the begin."""

    names: Sequence[SeriesName]
    series: NDArray[np.int32]
    time: NDArray[np.datetime64]
    step_secs: NDArray[np.int32]
    revision: NDArray[np.int32]
    count: NDArray[np.int64]
    good: NDArray[np.int64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    mean: NDArray[np.float64]
    twmean: NDArray[np.float64]
    """Weighted by time."""
    std: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    p50: NDArray[np.float64]
    p95: NDArray[np.float64]
    pending: NDArray[np.bool_]
    """Which will be computed again."""

    def __len__(self) -> int:
        return len(self.series)

    def of(self, device: str, quantity: str = "") -> "Windows":
        """Those of a device, or of one quantity of it."""
        rows = _rows(self.names, self.series, (device, quantity))
        return Windows(self.names, *(getattr(self, name)[rows] for name in self.__slots__[1:]))


@dataclass(frozen=True, slots=True)
class FigureValues:
    """Figures of conditions over time; `figure` is an index into `names`."""

    names: Sequence[FigureName]
    figure: NDArray[np.int32]
    time: NDArray[np.datetime64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.figure)

    def of(self, asset: str, name: str) -> "FigureValues":
        """Those of one figure of an asset."""
        wanted = [place for place, each in enumerate(self.names) if (each.asset, each.figure) == (asset, name)]
        rows = np.isin(self.figure, wanted)
        return FigureValues(self.names, self.figure[rows], self.time[rows], self.value[rows])


_USABLE = 2


def readings(table: pa.Table) -> Readings:
    """Of the service's Arrow columns."""
    names, series = _names(table, SeriesName)
    flag, why = (_array(table, name, kind) for name, kind in (("flag", np.uint8), ("why", np.uint32)))
    return Readings(names, series, _times(table), _array(table, "value", np.float64), flag, why)


def windows(table: pa.Table) -> Windows:
    """Of the service's Arrow columns."""
    names, series = _names(table, SeriesName)
    kinds: dict[str, Any] = {"revision": np.int32, "count": np.int64, "good": np.int64, "pending": np.bool_}
    columns = {name: _array(table, name, kinds.get(name, np.float64)) for name in Windows.__slots__[4:]}
    return Windows(names, series, _times(table), _array(table, "step", np.int32), **columns)


def figure_values(table: pa.Table) -> FigureValues:
    """Of the service's Arrow columns."""
    names, figure = _names(table, FigureName)
    return FigureValues(names, figure, _times(table), _array(table, "value", np.float64))


def _names(table: pa.Table, kind: type[N]) -> tuple[list[N], NDArray[np.int32]]:
    """Every name once, and the index of each row's."""
    if not table.num_rows:
        return [], np.empty(0, np.int32)
    coded = [table[word].combine_chunks().dictionary_encode() for word in kind._fields]
    coded = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in coded]
    whole = np.zeros(table.num_rows, np.int64)
    for each in coded:
        whole = whole * len(each.dictionary) + each.indices.to_numpy()
    _, first, series = np.unique(whole, return_index=True, return_inverse=True)
    # in the order in which they come
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    texts = zip(*(each.dictionary.take(each.indices.take(pa.array(first[order]))).to_pylist() for each in coded),
                strict=True)  # fmt: skip
    return [kind(*text) for text in texts], rank[series].astype(np.int32)


def _times(table: pa.Table) -> NDArray[np.datetime64]:
    return _array(table, "time", np.dtype("datetime64[ns]"))


def _array(table: pa.Table, name: str, kind: Any) -> NDArray[Any]:
    column = table[name]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns"))
    found: NDArray[Any] = column.to_numpy()
    return found.astype(kind, copy=False)


def _rows(names: Sequence[SeriesName], series: NDArray[np.int32], wanted: tuple[str, str]) -> NDArray[np.bool_]:
    device, quantity = wanted
    mine = [place for place, name in enumerate(names) if name.device == device and quantity in ("", name.quantity)]
    found: NDArray[np.bool_] = np.isin(series, mine)
    return found
