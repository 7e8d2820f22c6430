"""Time gap: how long was nothing heard before this reading?

    x  x  x                 x  x       since > suspect: the first one after the gap is flagged
          |<---- since ---->|

Source: QARTOD timing/gap test (IOOS Manual for Real-Time Quality Control, test 1; number from memory) for the idea;
ioos_qc `time_gap_test` (commit 9c1853a) flags the reading after the gap, FAIL above one threshold (2 h by default).
Here both thresholds are arguments, in seconds, and a first reading follows nothing: it is UNKNOWN, and takes no flag
from the one after it.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8, U32
from processors.flags import Why
from processors.quality.verdict import Limit, above

__all__ = ["time_gap"]


def time_gap(since: F64, missing: NDArray[np.bool_], suspect: Limit, fail: Limit) -> tuple[U8, U32]:
    """Flag each reading that comes after a gap.

    Parameters
    ----------
    since : (n,), seconds since the reading before in the same series; NaN where there was none. An explicit null is a
        reading: it ends a gap.
    missing : (n,), where the reading itself has no value.
    suspect, fail : the longest times that are no gap, in seconds; NaN where there is none. They broadcast.

    Returns
    -------
    flag, why : (n,). UNKNOWN for the first reading of a series and where there is no threshold. A missing value is
        MISSING, and says TIME_GAP as well where it is the first thing heard after a gap.

    Examples
    --------
    >>> flag, why = time_gap(np.array([np.nan, 60.0, 601.0]), np.zeros(3, bool), suspect=600.0, fail=np.nan)
    >>> flag.tolist(), why.tolist()
    ([2, 1, 3], [0, 0, 2048])
    """
    flag, why = above(since, suspect, fail, missing, Why.TIME_GAP)
    if missing.any():
        why[missing & ((since > suspect) | (since > fail))] |= np.uint32(Why.TIME_GAP)
    return flag, why
