"""How late messages were, in real milliseconds: counts of whole milliseconds, so memory doesn't grow."""

__all__ = ["Lag"]

MOST = 60_000


class Lag:
    """Anything above a minute counts as a minute, but for the maximum."""

    def __init__(self) -> None:
        self._counts = [0] * (MOST + 1)
        self._number = 0
        self._max = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one message."""
        self._counts[min(MOST, max(0, int(milliseconds)))] += 1
        self._number += 1
        self._max = max(self._max, milliseconds)

    def quantile(self, share: float) -> float:
        """The millisecond that `share` of the messages did not exceed by more than one; 0.0 without messages."""
        needed, seen = share * self._number, 0
        for milliseconds, count in enumerate(self._counts):
            seen += count
            if count and seen >= needed:
                return float(milliseconds)
        return 0.0

    def summary(self) -> dict[str, float]:
        """p50, p99 and the maximum."""
        return {"p50": self.quantile(0.5), "p99": self.quantile(0.99), "max": round(self._max, 3)}
