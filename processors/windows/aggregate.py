"""Aggregates of windows: from sorted readings, merged with the window that follows, and as the statistics we publish.

Definitions, the same at every step:

    used      flag below FAIL. `count` counts these; `good` is the share of GOOD and UNKNOWN among all readings.
    twmean    time-weighted: each value holds until the next reading used, the last one until the window ends; weighed
              from the first reading used on. A window depends on its own readings only, nothing is carried in.

              [   5.....7...........3....)       5, 7, 3 held for the dotted time
              start                      end

    std       population form (ddof 0)

Sums are kept relative to the window's first value (`mean` too is first + mean difference), so that a constant signal
has exactly its value as mean and 0 as std, and large offsets cost no digits. Two windows are merged by Chan's formula
(Chan, Golub, LeVeque 1979), the earlier one always first: results don't depend on how readings came in.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, AggregateBatch, Columns
from processors.flags import Flag
from processors.windows.day import SECOND
from processors.windows.order import exact_quantiles, sort_within
from processors.windows.sketch import Rows, Sketches, keys_of

__all__ = ["Windows", "aggregate", "append", "blank", "publish", "sketch_readings"]


@dataclass(frozen=True, slots=True)
class Windows(Columns):
    """Mergeable windows of one step. Rows of a series lie together, in time order. NaN where `count` is 0."""

    DTYPES: ClassVar[dict[str, str]] = {
        "series": "int32", "start": "int64", "end": "int64", "total": "int64", "good": "int64", "count": "int64",
        "min": "float64", "max": "float64", "first": "float64", "last": "float64", "mean": "float64",
        "m2": "float64", "integral": "float64", "first_ts": "int64", "held_to": "int64", "p50": "float64",
        "p95": "float64",
    }  # fmt: skip
    series: I32
    start: I64
    end: I64
    total: I64
    """All readings, also those not used."""
    good: I64
    count: I64
    min: F64
    max: F64
    first: F64
    last: F64
    mean: F64
    m2: F64
    """Sum of squared differences from the mean."""
    integral: F64
    """Of (value - first) over time, from `first_ts` to `held_to`; unit of the value times ns."""
    first_ts: I64
    held_to: I64
    p50: F64
    p95: F64


def blank(series: I32, start: I64, end: I64) -> Windows:
    """Windows without readings."""
    n = len(series)
    zeros, nans = np.zeros(n, np.int64), np.full(n, np.nan)
    rest: dict[str, Any] = {
        name: (zeros if dtype == "int64" else nans).copy()
        for name, dtype in Windows.DTYPES.items()
        if name not in ("series", "start", "end")
    }
    return Windows(series=series, start=start, end=end, **rest)


def aggregate(series: I32, ts: I64, value: F64, flag: U8, step: int) -> tuple[Windows, F64]:
    """Aggregate readings sorted by (series, ts) into windows of `step` seconds from the UTC epoch.

    Returns
    -------
    windows : one row a (series, window) that has readings, p50 and p95 exact (numpy's linear interpolation).
    ordered : the values used, window after window (`count` each), sorted within each window.
    """
    length = step * SECOND
    n = len(series)
    pane = ts // length
    head = np.ones(n, np.bool_)
    head[1:] = (series[1:] != series[:-1]) | (pane[1:] != pane[:-1])
    begin = np.flatnonzero(head)
    total = np.diff(begin, append=n)
    start = pane[begin] * length
    made = blank(series[begin], start, start + length)
    made.total[:] = total
    if not n:
        return made, value
    made.good[:] = np.add.reduceat((flag <= Flag.UNKNOWN).astype(np.int64), begin)
    used = flag < Flag.FAIL
    if used.all():
        made.count[:] = total
    else:
        made.count[:] = np.add.reduceat(used.astype(np.int64), begin)
        value, ts = value[used], ts[used]
    live = np.flatnonzero(made.count)
    if not len(live):
        return made, value
    # adding 0 makes -0.0 to 0.0: which of them is the minimum would depend on order
    return made, _statistics(made, live, ts, value + 0.0)


def _statistics(made: Windows, live: Rows, ts: I64, value: F64) -> F64:
    """Fill the rows `live`, whose readings used are (ts, value); returns the values sorted within each row."""
    size = made.count[live]
    end = np.cumsum(size)
    begin = end - size
    first = value[begin]
    until = np.empty_like(ts)
    until[:-1] = ts[1:]
    until[end - 1] = made.end[live]
    with np.errstate(over="ignore", invalid="ignore"):
        above = value - np.repeat(first, size)
        mean_above = np.add.reduceat(above, begin) / size
        off = above - np.repeat(mean_above, size)
        made.mean[live] = first + mean_above
        made.m2[live] = np.add.reduceat(off * off, begin)
        made.integral[live] = np.add.reduceat(above * (until - ts), begin)
        ordered = sort_within(value, size)
        made.p50[live] = exact_quantiles(ordered, begin, size, 0.5)
        made.p95[live] = exact_quantiles(ordered, begin, size, 0.95)
    made.min[live], made.max[live] = ordered[begin], ordered[end - 1]
    made.first[live], made.last[live] = first, value[end - 1]
    made.first_ts[live], made.held_to[live] = ts[begin], made.end[live]
    return ordered


def sketch_readings(windows: Windows, ordered: F64) -> Sketches:
    """Sketches of windows from what `aggregate` returned, at full resolution however many buckets that takes."""
    key = keys_of(ordered)
    row = np.repeat(np.arange(len(windows)), windows.count)
    head = np.ones(len(key), np.bool_)
    head[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
    begin = np.flatnonzero(head)
    return Sketches(np.zeros(len(windows), np.int32), row[begin], key[begin], np.diff(begin, append=len(key)))


def append(to: Windows, at: Rows, windows: Windows, which: Rows) -> None:
    """Merge row `which[k]` of `windows` into row `at[k]` (distinct) of `to`, which it follows in time."""
    b = windows.take(which)
    to.total[at] += b.total
    to.good[at] += b.good
    if not b.count.all():
        some = b.count > 0
        at, b = at[some], b.take(some)
    a = to.take(at)
    new: NDArray[np.bool_] = a.count == 0
    count = a.count + b.count
    with np.errstate(over="ignore", invalid="ignore"):
        shift = b.mean - a.mean
        share = b.count / count
        merged = {
            "min": np.minimum(a.min, b.min),
            "max": np.maximum(a.max, b.max),
            "first": a.first,
            "last": b.last,
            "mean": a.mean + shift * share,
            "m2": a.m2 + b.m2 + shift * shift * (a.count * share),
            "integral": a.integral
            + (a.last - a.first) * (b.first_ts - a.held_to)
            + (b.integral + (b.first - a.first) * (b.held_to - b.first_ts)),
            "first_ts": a.first_ts,
            "held_to": b.held_to,
        }
    to.count[at] = count
    for name, column in merged.items():
        getattr(to, name)[at] = np.where(new, getattr(b, name), column)


def publish(windows: Windows, step: int) -> AggregateBatch:
    """The statistics of closed windows, revision 0. What overflowed (values near 1e308) is NaN."""
    n = len(windows)
    # a last part may reach past the end of a day that begins between whole hours; it is weighed whole
    end = np.maximum(windows.end, windows.held_to)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        held = windows.integral + (windows.last - windows.first) * (end - windows.held_to)
        twmean = windows.first + held / (end - windows.first_ts)
        columns = {
            "mean": np.clip(windows.mean, windows.min, windows.max),
            "twmean": np.clip(twmean, windows.min, windows.max),
            "std": np.sqrt(windows.m2 / windows.count),
            "p50": np.clip(windows.p50, windows.min, windows.max),
            "p95": np.clip(windows.p95, windows.min, windows.max),
        }
    for column in columns.values():
        column[~np.isfinite(column)] = np.nan
    return AggregateBatch(
        series=windows.series, step=np.full(n, step, np.int32), start=windows.start,
        revision=np.zeros(n, np.int32), count=windows.count, good=windows.good / windows.total,
        min=windows.min, max=windows.max, first=windows.first, last=windows.last, **columns,
    )  # fmt: skip
