"""Times at which something is to happen, by name; what is due comes out in order of time."""

import heapq

__all__ = ["Timers"]


class Timers:
    """One time a name. What it gives depends on what is set, not on how it came to be."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def set(self, name: str, at: int) -> None:
        """Instead of the time before; 0: none."""
        if not at:
            self._at.pop(name, None)
        elif self._at.get(name) != at:
            self._at[name] = at
            heapq.heappush(self._heap, (at, name))
            if len(self._heap) > 2 * len(self._at) + 64:
                self._heap = sorted((at, name) for name, at in self._at.items())

    def due(self, now: int) -> list[str]:
        """Names whose time has come; they have none any more."""
        out = []
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            if self._at.get(name) == at:
                del self._at[name]
                out.append(name)
        return out
