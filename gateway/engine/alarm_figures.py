"""How well the alarm system itself does: alarms per ten minutes, the most frequent ones, chattering ones.

Source: ANSI/ISA-18.2-2016 clause 16 and EEMUA 191 (from memory, not looked up): about 1 alarm in ten minutes is very
likely to be acceptable, more than 10 in ten minutes are a flood, and what comes three times in a minute chatters.
"""

import heapq
from collections import Counter
from collections.abc import Sequence

__all__ = ["AlarmFigures"]

_MINUTE = 60_000_000_000
_TEN_MINUTES = 10 * _MINUTE
_KEPT = 10_000
FLOOD = 10
"""More alarms than this in ten minutes are a flood."""
CHATTER = 3
"""So often within a minute."""


class AlarmFigures:
    """Of the newest 10,000 announcements by their times, whatever the order in which they came: no count is higher."""

    def __init__(self, kept: int = _KEPT) -> None:
        self.kept = kept
        self._raises: list[tuple[int, int]] = []
        """(at, key), a heap: the oldest is the first to go."""

    def raised(self, key: int, at: int) -> None:
        """An alarm was announced."""
        if len(self._raises) < self.kept:
            heapq.heappush(self._raises, (at, key))
        else:
            heapq.heappushpop(self._raises, (at, key))

    def in_ten_minutes(self, now: int) -> int:
        """Alarms of the last ten minutes."""
        return sum(now - at < _TEN_MINUTES for at, _ in self._raises)

    def is_flood(self, now: int) -> bool:
        """More than an operator can look at."""
        return self.in_ten_minutes(now) > FLOOD

    def top(self, now: int, span_ns: int, most: int = 10) -> list[tuple[int, int]]:
        """(key, times) of the most frequent alarms of a span, the most frequent first."""
        counts = Counter(key for at, key in self._raises if now - at < span_ns)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def chattering(self, now: int, span_ns: int) -> list[int]:
        """Keys that came three times within a minute, in a span."""
        times: dict[int, list[int]] = {}
        for at, key in sorted(self._raises):
            if now - at < span_ns:
                times.setdefault(key, []).append(at)
        return sorted(
            key
            for key, ats in times.items()
            if any(last - first <= _MINUTE for first, last in zip(ats, ats[CHATTER - 1 :], strict=False))
        )

    def snapshot(self) -> list[list[int]]:
        """(at, key) in order, for `restore`."""
        return [list(pair) for pair in sorted(self._raises)]

    @classmethod
    def restore(cls, state: Sequence[Sequence[int]]) -> "AlarmFigures":
        """The figures that gave `state`."""
        made = cls()
        made._raises = [(int(at), int(key)) for at, key in state]
        return made
