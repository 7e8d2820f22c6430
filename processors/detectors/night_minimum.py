r"""Night minimum: the least flow of a night, when what runs is legitimate night use and leaks.

    flow |\                      /
         | \____      /\___     /
         |      \____/     \___/          the lowest mean of `width` samples in a row
         |                  ===
         0 h               3 h            6 h

Source: minimum night flow as in i2O's rule: the minimum over a day of the moving average of four consecutive 15-minute
flows, for days with at least 92 of 96 points (as quoted in our notes on it, which were not compared with the original);
the windows 02-04 h and 02-05 h are usual too (IWA, Bentley: from the same notes). Which samples make the night is the
caller's choice. A tank hides the use of what it feeds from the flow into it: there the balance stands in for the flow.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["night_minimum", "tank_balance"]


def night_minimum(flow: F64, width: int, most_missing: int = 0) -> F64:
    """Return the least moving mean of each night.

    Parameters
    ----------
    flow : (..., samples) m3/h, samples of one night at equal steps along the last axis; NaN where missing.
    width : samples of the moving mean, all of which must be there.
    most_missing : how many samples of a night may be missing.

    Returns
    -------
    array (...,), m3/h; NaN where more samples are missing, or no `width` of them in a row are there.

    Raises
    ------
    ValueError : where `width` is below 1 or above the number of samples.

    Examples
    --------
    >>> night_minimum(np.array([[8.0, 4.0, 2.0, 6.0], [8.0, np.nan, 2.0, 6.0]]), 2, 1).tolist()
    [3.0, 4.0]
    """
    if not 1 <= width <= flow.shape[-1]:
        raise ValueError(f"a mean of {width} samples of a night of {flow.shape[-1]}: give 1 to {flow.shape[-1]}")
    windows = np.lib.stride_tricks.sliding_window_view(flow, width, axis=-1)
    # summed column by column: the same order, and the same bits, for any number of nights
    total: F64 = windows[..., 0].copy()
    for k in range(1, width):
        total += windows[..., k]
    here = np.isfinite(total)
    least: F64 = np.where(here, total, np.inf).min(axis=-1) / width
    missing: NDArray[np.intp] = np.count_nonzero(~np.isfinite(flow), axis=-1)
    return np.where(here.any(axis=-1) & (missing <= most_missing), least, np.nan)


def tank_balance(inflow: F64, level: F64, area: float | F64, step: float) -> F64:
    """Return what a tank delivers: what flows in less what its volume grows by.

    The change of volume in a step is half of that between the steps before and after it, so that flow and change belong
    to the same time. The mean of a few readings of the level in each step keeps the gauge's resolution out: a
    centimetre of 200 m2 in an hour is 2 m3/h.

    Parameters
    ----------
    inflow : (..., steps) m3/h, the mean of each step.
    level : (..., steps) m, the mean of each step.
    area : m2, of the tank's surface; broadcasts to `inflow`.
    step : h, the length of a step.

    Returns
    -------
    array (..., steps), m3/h; NaN where a value that it needs is missing, and at both ends, where one neighbour is.

    Examples
    --------
    >>> tank_balance(np.array([40.0, 40.0, 40.0, 0.0]), np.array([2.0, 2.1, 2.2, 2.25]), 100.0, 1.0).round(6).tolist()
    [nan, 30.0, 32.5, nan]
    """
    rise = np.full(level.shape, np.nan)
    rise[..., 1:-1] = (level[..., 2:] - level[..., :-2]) / 2
    result: F64 = inflow - area * rise / step
    return result
