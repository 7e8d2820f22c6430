"""How long to wait before the next try: full jitter, so that many clients of a restarted broker don't come at once.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015:
delay = uniform(0, min(cap, base * 2^n)).
"""

from numpy.random import Generator

__all__ = ["Backoff"]


class Backoff:
    """Delays that grow from `base` to `cap` seconds until `reset`."""

    def __init__(self, base: float, cap: float, rng: Generator) -> None:
        self._base = base
        self._cap = cap
        self._rng = rng
        self._tries = 0

    def next_delay(self, cap: float | None = None) -> float:
        """Seconds, uniform in [0, min(cap, base * 2^tries)). cap: instead of the usual one, for this try."""
        ceiling = min(self._cap if cap is None else cap, self._base * 2.0 ** min(self._tries, 64))
        self._tries += 1
        return float(self._rng.uniform(0.0, ceiling))

    def hold(self) -> None:
        """Wait no longer next time than the last time."""
        self._tries = max(0, self._tries - 1)

    def reset(self) -> None:
        """It worked: start small again."""
        self._tries = 0
