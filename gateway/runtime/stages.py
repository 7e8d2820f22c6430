"""Which rows became durable when, to tell how long a message takes from the socket to its store."""

from collections import deque

__all__ = ["Stages"]

_MOST = 10_000


class Stages:
    """Follows batches by their last offset, then by the block that holds them. Bounded: the oldest are forgotten."""

    def __init__(self) -> None:
        self._journaled: deque[tuple[int, float, int]] = deque(maxlen=_MOST)
        self._committed: deque[tuple[int, float, int]] = deque(maxlen=_MOST)

    def journaled(self, end_offset: int, came_at: float, messages: int) -> None:
        """Rows up to `end_offset` came at `came_at` (monotonic seconds)."""
        if messages:
            self._journaled.append((end_offset, came_at, messages))

    def committed(self, end_offset: int, position: int | None) -> None:
        """Rows up to `end_offset` are in the block at `position` (None: they gave nothing to store)."""
        while self._journaled and self._journaled[0][0] <= end_offset:
            _, came_at, messages = self._journaled.popleft()
            if position is not None:
                self._committed.append((position, came_at, messages))

    def stored(self, position: int) -> list[tuple[float, int]]:
        """(came_at, messages) of what the first store now has for the first time."""
        out: list[tuple[float, int]] = []
        while self._committed and self._committed[0][0] <= position:
            _, came_at, messages = self._committed.popleft()
            out.append((came_at, messages))
        return out
