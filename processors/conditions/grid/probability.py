"""The 95 % probability value: the largest value of a period when the largest 5 % are left out.

    sorted   v1 <= v2 <= ... <= v19 <= v20        n = 20: floor(5 % of 20) = 1 is left out, v19 is the figure

Source: GB/T 15543-2008 and GB/T 14549-93 (from memory of their clauses on measuring, not looked up): sort the measured
values, drop the largest 5 %, take the largest of the rest.
"""

import numpy as np

from processors.columns import F64

__all__ = ["probability_value"]

_ROUNDING = 1e-9
"""20 values have 20 * (1 - 0.95) = 1.0000000000000009 to leave out; other products fall short by as little."""


def probability_value(value: F64, share: float, least: int) -> F64:
    """The value that `share` of a period's values do not exceed.

    Parameters
    ----------
    value : (..., n) the values of a period (10-min values in all rules here), any unit; NaN = missing, left out.
    share : 0.95 in both standards; above 0, not above 1 (then it is the largest).
    least : how many values must be there, at least 1; with fewer the result is NaN.

    Returns
    -------
    (...) in the same unit.

    Raises
    ------
    ValueError if `share` or `least` is out of range.

    Examples
    --------
    >>> float(probability_value(np.arange(1.0, 21.0), share=0.95, least=20))
    19.0
    """
    if not 0 < share <= 1 or least < 1:
        raise ValueError("share lies in (0, 1], least is not below 1")
    count = (~np.isnan(value)).sum(axis=-1)
    dropped = np.floor(count * (1 - share) + _ROUNDING).astype(np.int64)
    if not value.shape[-1]:
        return np.full(value.shape[:-1], np.nan)
    at = np.maximum(count - dropped - 1, 0)
    ordered = np.sort(value, axis=-1)  # NaN last
    return np.where(count >= least, np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0], np.nan)
