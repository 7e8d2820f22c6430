"""Decisions out of fuzzed bytes, one after the other. The same bytes always give the same decisions."""

from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Source"]

T = TypeVar("T")


class Source:
    """Bytes that are spent from the front; when they are out, every number is the lowest."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        """0 to 255."""
        if self._at >= len(self._data):
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def below(self, limit: int) -> int:
        """0 to `limit` - 1, of as many bytes as that needs."""
        value = 0
        for _ in range(max(1, ((limit - 1).bit_length() + 7) // 8)):
            value = value << 8 | self.byte()
        return value % limit

    def flag(self) -> bool:
        """True for an odd byte."""
        return bool(self.byte() & 1)

    def one(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        """Up to `most` of `choices`; one may come again."""
        return [self.one(choices) for _ in range(self.below(most + 1))]

    def take(self, count: int) -> bytes:
        """The next `count` bytes, or as many as there are."""
        part = self._data[self._at : self._at + count]
        self._at += len(part)
        return part

    def run(self) -> bytes:
        """Bytes with their number before them: up to 255."""
        return self.take(self.byte())

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))
