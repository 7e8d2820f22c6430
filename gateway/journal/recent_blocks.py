"""The newest blocks as they were appended: a store that keeps up gets them from here, and nothing is decoded again."""

import threading
from collections import deque

from gateway.engine.results import StepResult

__all__ = ["RecentBlocks"]


class RecentBlocks:
    """Blocks of dense positions up to the newest, at most `most_bytes` of them; the file has them all. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._blocks: deque[tuple[int, int, StepResult]] = deque()
        self._lock = threading.Lock()

    def put(self, position: int, size: int, result: StepResult) -> None:
        """Remember a block that is durable; nobody may change it any more. Forgets the oldest ones beyond the bound."""
        with self._lock:
            self._blocks.append((position, size, result))
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= self._blocks.popleft()[1]

    def forget(self, upto: int) -> None:
        """Blocks up to a position are no longer what the file has."""
        with self._lock:
            while self._blocks and self._blocks[0][0] <= upto:
                self._bytes -= self._blocks.popleft()[1]

    def after(self, position: int, max_readings: int, max_bytes: int) -> list[tuple[int, StepResult]]:
        """Blocks after `position` as `take_blocks` gives them, at least one; empty where they are not here."""
        with self._lock:
            if not self._blocks or self._blocks[0][0] > position + 1:
                return []
            newer = [block for block in self._blocks if block[0] > position]
        out: list[tuple[int, StepResult]] = []
        readings = bytes_ = 0
        for at, size, result in newer:
            readings, bytes_ = readings + len(result.readings), bytes_ + size
            if out and (readings > max_readings or bytes_ > max_bytes):
                break
            out.append((at, result))
        return out
