"""Limits: how far is a value outside the span that a rule allows?

       low            high
    ----[--------------]----
     -1.5      0     +0.5          what `excess` gives: in the value's own unit

Every rule of this folder says its verdict in this form, so that an alarm can tell a little from a lot. NaN is "not
known", never "within".
"""

import numpy as np

from processors.columns import F64

__all__ = ["excess"]


def excess(value: F64, low: float | F64, high: float | F64) -> F64:
    """How far each value lies outside [low, high].

    Parameters
    ----------
    value : any shape and unit; NaN where missing.
    low, high : the span in the same unit, ends included; they broadcast to `value`. -inf and +inf for no limit on that
        side, NaN where the rule gives no limit for this value.

    Returns
    -------
    Below `low` the (negative) distance to it, above `high` the distance to it, 0.0 within. NaN where the value is
    missing or the rule has no limit.

    Examples
    --------
    >>> excess(np.array([-8.5, 0.0, 7.5, np.nan]), -7.0, 7.0).tolist()
    [-1.5, 0.0, 0.5, nan]
    """
    low, high = np.asarray(low), np.asarray(high)
    beyond = np.maximum(value - high, 0.0) + np.minimum(value - low, 0.0)
    return np.where(np.isnan(low) | np.isnan(high), np.nan, beyond)
