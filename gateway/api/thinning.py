"""As many points as a chart has pixels: MinMaxLTTB picks readings that keep the line's look, extremes among them."""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

__all__ = ["thinned"]

_LEAST = 4
_DOWNSAMPLER: Any = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]


def thinned(table: pa.Table, column: str, time: str, points: int) -> pa.Table:
    """At most about `points` rows of each series, by the values of `column`; rows with flag 3 or worse always stay.

    `table`: by series and time. Rows without a value stay only where they are flagged: they draw a gap.
    """
    series = table["series"].to_numpy()
    edges = np.flatnonzero(np.diff(series, prepend=-1, append=-1))
    if not len(series) or int(np.diff(edges).max()) <= points:
        return table
    values, times = table[column].to_numpy(), table[time].to_numpy()
    bad = table["flag"].to_numpy() >= 3 if "flag" in table.column_names else np.zeros(len(series), np.bool_)
    kept = [
        _of_one(times[begin:end], values[begin:end], bad[begin:end], points) + begin
        for begin, end in pairwise(edges.tolist())
    ]
    return table.take(np.concatenate(kept))


def _of_one(times: NDArray[Any], values: NDArray[Any], bad: NDArray[Any], points: int) -> NDArray[np.intp]:
    known = np.flatnonzero(np.isfinite(values))
    if len(known) > max(points, _LEAST):
        x, y = np.ascontiguousarray(times[known]), np.ascontiguousarray(values[known])
        chosen = _DOWNSAMPLER.downsample(x, y, n_out=max(points, _LEAST)).astype(np.intp)
        # of a bin with both a peak and a trough it keeps one; nobody may miss the highest and the lowest
        known = known[np.append(chosen, [y.argmin(), y.argmax()])]
    marked = np.flatnonzero(bad)
    if len(marked) > points:  # enough of them to see where they are
        marked = marked[np.linspace(0, len(marked) - 1, points).astype(np.intp)]
    return np.unique(np.concatenate([known, marked]))
