"""Ten-minute values: what the weekly rules are about, made of shorter ones.

The windows of the gateway last 1 or 15 minutes; ten of the former make one value, if enough of them are there.

Source: IEC 61000-4-30 (aggregation: root of the mean of the squares), from memory, not looked up.
"""

import numpy as np

from processors.columns import F64

__all__ = ["ten_minute_value"]


def ten_minute_value(value: F64, least: int) -> F64:
    """Root mean square of the shorter values in each ten minutes.

    Parameters
    ----------
    value : (..., k) the shorter values of each ten minutes in any unit, not below 0; k is 10 for minutes. NaN =
        missing.
    least : how many of the k must be there, at least 1; with fewer the result is NaN.

    Returns
    -------
    (...) in the same unit.

    Raises
    ------
    ValueError if `least` is below 1: of nothing there is no mean.

    Examples
    --------
    >>> ten_minute_value(np.array([[3.0, 4.0, np.nan], [5.0, np.nan, np.nan]]), least=2).round(4).tolist()
    [3.5355, nan]
    """
    if least < 1:
        raise ValueError("least is a number of values: not below 1")
    there = ~np.isnan(value)
    count = there.sum(axis=-1)
    square = np.where(there, value, 0.0) ** 2
    return np.where(count >= least, np.sqrt(square.sum(axis=-1) / np.maximum(count, 1)), np.nan)
