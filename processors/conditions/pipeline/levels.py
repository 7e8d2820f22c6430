"""Levels of conditions: 0 calm, 1 the first step, 2 the second ...; -1 where nothing is known."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["I8", "UNKNOWN"]

I8 = NDArray[np.int8]

UNKNOWN = -1
"""Neither calm nor alarming: nothing was evaluated."""
