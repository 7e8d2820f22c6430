"""How well one meter's supply kept to its limits in a period: the weekly rule of compliance, over any period.

    minutes (columns, tens, 10) --> values of ten minutes --> Compliance --> share, coverage, verdict
                                          |
                                          +--> lowest, highest deviation, 95 % value of unbalance, distribution

The same functions as gateway/engine/conditions/grid/compliance.py, which judges local weeks; the standards are about a
week, so what is said of a day is no verdict by them. See processors/conditions/grid for sources.
"""

from typing import NamedTuple

import numpy as np

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.grid.nominal import nominal_of
from gateway.engine.conditions.grid.ten_minutes import LEAST, TEN
from gateway.reports.facts import Windows
from processors.columns import F64, I64
from processors.conditions.grid.compliance import Compliance, Measure
from processors.conditions.grid.probability import probability_value
from processors.conditions.grid.ten_minutes import ten_minute_value
from processors.conditions.grid.unbalance import from_line_voltages
from processors.conditions.grid.voltage import deviation, spread

__all__ = ["BINS", "PANES", "Known", "MeterQuality", "columns_of", "meter_quality"]

PANES = (10, 60, 900, 3600)
"""Steps of windows: frequency is judged by the shortest that a profile has."""
BINS: F64 = np.arange(-15.0, 16.0)
"""Edges of the distribution of deviations, % of nominal; beyond them the outermost bins count."""
_MINUTE = 60_000_000_000
_INTERRUPTED = -90.0
"""% of nominal: EN 50160 leaves out what is lower."""
_ROUNDING = 1e-9
"""By so much are limits wider: 235.4 V are 7.000000000000002 % above 220 V, and within."""


class Known(NamedTuple):
    """The part of the period that can be known, UTC ns."""

    start: int
    end: int


class MeterQuality(NamedTuple):
    """Rows by `Measure` where there are four; NaN is not known."""

    device: str
    nominal: float
    low: F64
    high: F64
    """Limits: % deviation, %, %, Hz."""
    share: F64
    coverage: F64
    verdict: F64
    lowest: float
    highest: float
    """Deviation of any phase, %."""
    spread: float
    """Of them, where a class is judged by it; else NaN."""
    unbalance_95: float
    unbalance_most: float
    thd_95: float
    frequency_least: float
    frequency_most: float
    deviations: I64
    """How many values of ten minutes are in each bin."""
    tens: I64
    """Begin of each ten minutes, UTC ns ..."""
    below: F64
    above: F64
    """... and the lowest and highest deviation of the phases in it."""


def columns_of(spec: ComplianceCondition) -> tuple[str, ...]:
    """Quantities of which minutes are needed."""
    named = (*spec.phases, *spec.lines, *((spec.thd,) if spec.thd is not None else ()))
    return tuple(dict.fromkeys(named))


def meter_quality(
    spec: ComplianceCondition, device: str, place: tuple[str, str], found: dict[str, Windows], pane: int, known: Known
) -> MeterQuality:
    """What windows of a meter say.

    Args:
        place: its zone and asset.
        found: windows by quantity: of a minute, and of `pane` seconds for the frequency.
        known: what the coverage is of.
    """
    nominal = nominal_of(spec.where, spec.nominal, *place, device)
    limits = spec.limits(np.array([nominal]))
    low = np.array([limits.low[0], -np.inf, -np.inf, spec.frequency_low])
    high = np.array([limits.high[0], spec.unbalance_high * 100, limits.thd[0], spec.frequency_high])
    names, first = columns_of(spec), known.start - known.start % TEN
    tens = np.arange(first, known.end, TEN)
    minutes = (
        np.stack([_minutes(found.get(name), first, len(tens)) for name in names]) if names else np.empty((0, 0, 10))
    )
    nothing = np.full(len(tens), np.nan)
    off = np.full((max(len(spec.phases), 1), len(tens)), np.nan)
    if spec.phases:
        off = deviation(ten_minute_value(minutes[[names.index(each) for each in spec.phases]], LEAST), nominal)
        off[:, (off < _INTERRUPTED).any(axis=0)] = np.nan
    furthest = np.take_along_axis(off, np.argmax(np.abs(off), axis=0)[None], 0)[0]  # a NaN counts as the furthest
    unbalance = nothing
    if spec.lines:
        ab, bc, ca = (minutes[names.index(each)] for each in spec.lines)
        unbalance = ten_minute_value(from_line_voltages(ab, bc, ca), LEAST)
    thd = nothing if spec.thd is None else ten_minute_value(minutes[names.index(spec.thd)], LEAST) * 100
    hertz = np.empty(0) if spec.frequency is None or spec.frequency not in found else found[spec.frequency].mean
    counts = Compliance()
    counts.grow(1)
    for measure, value in zip(Measure, (furthest, unbalance, thd, hertz), strict=True):
        n = len(value)
        counts.add(
            np.zeros(n, np.int32),
            np.full(n, measure, np.uint8),
            value,
            low[measure] - _ROUNDING,
            high[measure] + _ROUNDING,
        )
    length = max(known.end - known.start, 1)
    expected = np.array([[max(length // TEN, 1)] * 3 + [max(length // (pane * 1_000_000_000), 1)]])
    required = np.array([spec.share, spec.share, spec.share, spec.frequency_share])
    got = counts.figures(expected, spec.coverage, required)
    share, verdict, wide = got.share[0], got.verdict[0].astype(np.float64), np.nan
    if np.isfinite(limits.spread[0]):  # from 35 kV on the spread of all is judged, and no share
        wide = float(spread(off.ravel(), 2))
        share[Measure.VOLTAGE] = np.nan
        verdict[Measure.VOLTAGE] = 0 if not verdict[Measure.VOLTAGE] else 1 + (wide > limits.spread[0] + _ROUNDING)
    return MeterQuality(
        device, nominal, low, high, share, got.coverage[0], verdict,
        _least(off), -_least(-off), wide, _most_usual(unbalance), -_least(-unbalance), _most_usual(thd),
        _least(hertz), -_least(-hertz), _distribution(furthest), tens, _by_ten(off, np.fmin), _by_ten(off, np.fmax),
    )  # fmt: skip


def _minutes(windows: Windows | None, first: int, tens: int) -> F64:
    """Means of a quantity on a grid of minutes, ten a row."""
    grid = np.full(tens * 10, np.nan)
    if windows is not None:
        at = (windows.start - first) // _MINUTE
        inside = (at >= 0) & (at < len(grid))
        grid[at[inside]] = windows.mean[inside]
    return grid.reshape(tens, 10)


def _least(value: F64) -> float:
    return float(np.fmin.reduce(value, axis=None)) if value.size else float("nan")


def _most_usual(value: F64) -> float:
    """What 95 % of the values don't exceed."""
    return float(probability_value(value, 0.95, 1)) if len(value) else float("nan")


def _by_ten(off: F64, of: np.ufunc) -> F64:
    found: F64 = of.reduce(off, axis=0)
    return found


def _distribution(value: F64) -> I64:
    known = np.clip(value[~np.isnan(value)], BINS[0], np.nextafter(BINS[-1], 0))
    return np.histogram(known, BINS)[0].astype(np.int64)
