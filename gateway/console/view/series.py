"""Columns of a page (`gateway.link`) as what a chart draws: points in city time, thinned to what a screen can show.

readings --> line (gaps kept, failed ones left out) + marks where the flag is not good
windows ---> steps of means, band from min to max, marks where revised or pending
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from processors.flags import Flag

__all__ = [
    "MOST_POINTS",
    "Readings",
    "UsualBand",
    "Windows",
    "local_ms",
    "readings_of",
    "step_for",
    "thinned",
    "usual_of",
    "windows_of",
]

MOST_POINTS = 2_000
_MOST_MARKS = 600
_GAP = 3.5
"""Times the usual distance of two readings: the line is broken."""
_HOUR = 3_600_000_000_000
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Readings:
    """One series' readings, ready to draw. Times are local milliseconds: drawn as if they were UTC."""

    quantity: str
    unit: str
    line: list[list[float | None]]
    marks: dict[int, list[list[float | None]]] = field(default_factory=dict)
    """By flag: [time, value, bits of why]; value None where it is missing."""
    total: int = 0
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class Windows:
    """One series' windows, ready to draw."""

    quantity: str
    unit: str
    mean: list[list[float | None]]
    low: list[list[float | None]]
    spread: list[list[float | None]]
    """max - min: stacked on `low` it makes the band."""
    revised: list[list[float]]
    pending: list[list[float]]
    total: int = 0
    min: float = float("nan")
    max: float = float("nan")


@dataclass(frozen=True, slots=True)
class UsualBand:
    """What has been learned to be usual of one series, ready to draw behind its readings."""

    quantity: str
    unit: str
    by: str
    """The condition that learned it, or climatology."""
    middle: list[list[float | None]]
    low: list[list[float | None]]
    spread: list[list[float | None]]
    """high - low: stacked on `low` it makes the band."""
    min: float
    max: float


def step_for(span_ns: int, readings_interval: float | None) -> int:
    """Seconds of the windows that show a span; 0: the readings themselves."""
    span = span_ns / 1e9
    if span / max(readings_interval or 60.0, 1.0) <= 4 * MOST_POINTS and span <= 3 * 86_400:
        return 0
    for step in (60, 900, 3_600):
        if span / step <= MOST_POINTS:
            return step
    return 86_400


def local_ms(ts: I64, zone: tzinfo) -> F64:
    """UTC ns -> milliseconds of the city's local time, counted as if that were UTC."""
    hours, place = np.unique(ts // _HOUR, return_inverse=True)
    # an hour has one offset but in the one of a change, where it is that of its begin
    shifts = [
        (datetime.fromtimestamp(int(hour) * 3600, zone).utcoffset() or timedelta()).total_seconds() for hour in hours
    ]
    out: F64 = ts / 1e6 + np.asarray(shifts, np.float64)[place] * 1e3 if len(ts) else np.empty(0)
    return out


def thinned(ts: I64, value: F64, most: int = MOST_POINTS) -> I64:
    """Which points to draw, by MinMaxLTTB: extremes stay. `ts` ascends."""
    if len(ts) <= most:
        return np.arange(len(ts))
    downsampler: Any = MinMaxLTTBDownsampler
    chosen: I64 = np.asarray(downsampler().downsample(ts, value, n_out=most), np.int64)
    return chosen


def readings_of(
    quantity: str, unit: str, ts: I64, value: F64, flag: NDArray[np.uint8], why: NDArray[np.uint32], zone: tzinfo
) -> Readings:
    """Of one series, ascending in time."""
    scale = 100.0 if unit == "ratio" else 1.0
    drawable = np.isfinite(value) & (flag < Flag.FAIL)
    t, v = ts[drawable], value[drawable] * scale
    marks: dict[int, list[list[float | None]]] = {}
    for kind in (Flag.UNKNOWN, Flag.SUSPECT, Flag.FAIL, Flag.MISSING):
        which = np.flatnonzero(flag == kind)
        if len(which):
            which = which[np.linspace(0, len(which) - 1, min(len(which), _MOST_MARKS)).astype(np.int64)]
            x = local_ms(ts[which], zone)
            marks[int(kind)] = [
                [at, None if not np.isfinite(y) else float(y), float(bits)]
                for at, y, bits in zip(x.tolist(), (value[which] * scale).tolist(), why[which].tolist(), strict=True)
            ]
    low, high = (float(v.min()), float(v.max())) if len(v) else (float("nan"), float("nan"))
    return Readings(quantity, unit, _line(t, v, zone), marks, len(ts), low, high)


def _line(t: I64, v: F64, zone: tzinfo) -> list[list[float | None]]:
    """With a hole where readings are missing for long."""
    if not len(t):
        return []
    gaps = np.diff(t)
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    part = np.concatenate([[0], np.cumsum(gaps > _GAP * usual)]) if usual else np.zeros(len(t), np.int64)
    which = thinned(t, v)
    out: list[list[float | None]] = []
    last = None
    x = local_ms(t[which], zone)
    for at, y, number in zip(x.tolist(), v[which].tolist(), part[which].tolist(), strict=True):
        if last is not None and number != last:
            out.append([at - 1, None])
        out.append([at, _short(y)])
        last = number
    return out


def windows_of(quantity: str, unit: str, step: int, columns: Any, zone: tzinfo) -> Windows:
    """`columns`: name -> array, of one series, ascending in start."""
    scale = 100.0 if unit == "ratio" else 1.0
    start = np.asarray(columns["start"], np.int64)
    mean, low, high = (np.asarray(columns[name], np.float64) * scale for name in ("mean", "min", "max"))
    x = local_ms(start, zone)
    known = np.isfinite(mean)
    hole = np.concatenate([[False], np.diff(start) > 1.5 * step * 1e9]) if len(start) else np.empty(0, np.bool_)
    means, lows, spreads = list[list[float | None]](), list[list[float | None]](), list[list[float | None]]()
    for k in range(len(start)):
        if hole[k]:
            for line in (means, lows, spreads):
                line.append([x[k - 1] + step * 1e3, None])
        row = (mean[k], low[k], high[k] - low[k]) if known[k] else (None, None, None)
        for line, value in zip((means, lows, spreads), row, strict=True):
            line.append([float(x[k]), None if value is None else _short(float(value))])
    revised = known & (np.asarray(columns["revision"]) > 1)
    pending = known & np.asarray(columns["pending"], np.bool_)
    return Windows(
        quantity, unit, means, lows, spreads, _points(x, mean, revised), _points(x, mean, pending), len(start),
        float(np.nanmin(low)) if known.any() else float("nan"), float(np.nanmax(high)) if known.any() else float("nan"),
    )  # fmt: skip


def usual_of(answer: dict[str, Any], zone: tzinfo) -> dict[str, UsualBand]:
    """The desk's answer to `usual`, by quantity; empty where nothing is learned."""
    x = local_ms(np.array(answer["ts"], np.int64), zone).tolist()
    out = {}
    for each in answer["series"]:
        scale = 100.0 if each["unit"] == "ratio" else 1.0
        rows: list[tuple[Any, ...]] = [
            (at, None, None, None) if middle is None else (at, middle * scale, low * scale, (high - low) * scale)
            for at, low, middle, high in zip(x, each["low"], each["middle"], each["high"], strict=True)
        ]
        known = [row for row in rows if row[1] is not None]
        if known:
            out[each["quantity"]] = UsualBand(
                each["quantity"], each["unit"], each["by"], _column(rows, 1), _column(rows, 2), _column(rows, 3),
                min(row[2] for row in known), max(row[2] + row[3] for row in known),
            )  # fmt: skip
    return out


def _column(rows: Sequence[tuple[Any, ...]], place: int) -> list[list[float | None]]:
    return [[row[0], None if row[place] is None else _short(row[place])] for row in rows]


def _points(x: F64, y: F64, which: Any) -> list[list[float]]:
    chosen = np.flatnonzero(which)
    chosen = (
        chosen[np.linspace(0, len(chosen) - 1, min(len(chosen), _MOST_MARKS)).astype(np.int64)]
        if len(chosen)
        else chosen
    )
    return [[float(a), _short(float(b))] for a, b in zip(x[chosen], y[chosen], strict=True)]


def _short(value: float) -> float:
    """Seven digits: a pixel shows no more, and it is half of what goes to the browser."""
    return float(f"{value:.7g}")


def by_series(table: Any, names: Sequence[Any]) -> list[tuple[Any, Any]]:
    """A page's rows of each series: (name, columns as arrays)."""
    series = np.asarray(table["series"].to_numpy())
    columns = {name: table[name].to_numpy() for name in table.column_names}
    out = []
    for number, name in enumerate(names):
        which = np.flatnonzero(series == number)
        if len(which):
            time = columns["ts" if "ts" in columns else "start"][which]
            order = which[np.argsort(time, kind="stable")]
            out.append((name, {key: column[order] for key, column in columns.items()}))
    return out
