"""Plots of the report on the power grid."""

import numpy as np

from gateway.reports.building.parts import by_asset
from gateway.reports.gathering.grid import GridData, Supply
from gateway.reports.model import BarPlot, Bars, Limit, LinePlot, Series
from gateway.reports.reckoning.grid_quality import BINS
from gateway.reports.reckoning.grids import known
from gateway.reports.words.words import Words
from processors.columns import F64
from processors.conditions.grid.compliance import Measure

__all__ = ["deviation_plot", "distribution_plot", "loss_plot"]

_HALF_TEN = 300_000_000_000
_HALF_HOUR = 1_800_000_000_000


def deviation_plot(data: GridData, supply: Supply, words: Words) -> LinePlot:
    """Lowest and highest deviation of any meter, and the median of them, every ten minutes."""
    tens = supply.meters[0].tens  # the same grid for all
    below = np.stack([meter.below for meter in supply.meters])
    above = np.stack([meter.above for meter in supply.meters])
    times = tuple((tens + _HALF_TEN).tolist())
    lines = (
        Series(words("grid.line_highest"), times, tuple(known(np.fmax.reduce(above, axis=0)))),
        Series(words("grid.line_median"), times, tuple(known(_median((below + above) / 2)))),
        Series(words("grid.line_lowest"), times, tuple(known(np.fmin.reduce(below, axis=0)))),
    )
    limits = []
    lows = sorted({float(m.low[Measure.VOLTAGE]) for m in supply.meters})
    highs = sorted({float(m.high[Measure.VOLTAGE]) for m in supply.meters})
    if np.isfinite(lows[0]) and np.isfinite(highs[-1]):
        limits = [Limit(lows[0], f"{lows[0]:+.0f} %"), Limit(highs[-1], f"{highs[-1]:+.0f} %")]
    return LinePlot(
        words("grid.deviation_plot"), "%", data.context.period, lines, tuple(limits),
        words("grid.deviation_note", number=len(supply.meters)),
    )  # fmt: skip


def _median(values: F64) -> F64:
    """By column, of what is known."""
    out = np.full(values.shape[1], np.nan)
    some = ~np.isnan(values).all(axis=0)
    out[some] = np.nanmedian(values[:, some], axis=0)
    return out


def distribution_plot(supply: Supply, words: Words) -> BarPlot:
    """Share of the values of ten minutes in each per cent of deviation, inside and outside the limits."""
    total = sum(int(meter.deviations.sum()) for meter in supply.meters)
    inside, outside = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
    for meter in supply.meters:
        low, high = meter.low[Measure.VOLTAGE], meter.high[Measure.VOLTAGE]
        within = (BINS[:-1] >= low) & (BINS[1:] <= high)
        inside += np.where(within, meter.deviations, 0)
        outside += np.where(within, 0, meter.deviations)
    share = 100 / max(total, 1)
    labels = tuple(f"{edge:+.0f}" for edge in BINS[:-1].tolist())
    return BarPlot(
        words("grid.distribution_plot"), "%", labels,
        (
            Bars(words("grid.within"), tuple((inside * share).tolist()), 0),
            Bars(words("grid.outside"), tuple((outside * share).tolist()), 3),
        ),
        every=5, axis=words("grid.deviation_axis"), note=words("grid.distribution_note", values=f"{total:,}"), digits=1,
    )  # fmt: skip


def loss_plot(data: GridData, words: Words) -> LinePlot:
    """What feeders lost each hour, and what is usual there."""
    lines = []
    for name, label, quiet in (("loss", "grid.loss_of", False), ("usual_loss", "grid.usual_loss_of", True)):
        for feeder, found in by_asset(data.losses, name).items():
            lines.append(Series(
                words(label, feeder=data.context.name(feeder)), tuple(each.ts - _HALF_HOUR for each in found),
                tuple(each.value * 100 for each in found), quiet=quiet,
            ))  # fmt: skip
    lines.sort(key=lambda line: not line.quiet)
    return LinePlot(words("grid.loss_plot"), "%", data.context.period, tuple(lines), floor=0.0)
