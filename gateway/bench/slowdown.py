"""How much more CPU a fixed piece of Python takes than at best: what neighbours on the processor do to every figure.

CPU time says how long a thread held a processor, not how fast that was meanwhile: who shares its caches and execution
units takes a part of it. 2 means that all figures of CPU are about twice as high as undisturbed.
"""

from time import thread_time

import numpy as np

__all__ = ["Slowdown"]

_LOOPS = 10_000
"""About a millisecond."""


class Slowdown:
    """Ask it now and then while something is measured, from any one thread."""

    def __init__(self) -> None:
        self._secs: list[float] = []

    def probe(self) -> None:
        """Take about a millisecond's measure."""
        began = thread_time()
        sum(number * number % 7 for number in range(_LOOPS))
        self._secs.append(thread_time() - began)

    @property
    def factor(self) -> float:
        """Mean against the least, 1 where nothing was asked. The least may have been disturbed too."""
        return round(float(np.mean(self._secs)) / min(self._secs), 2) if self._secs else 1.0
