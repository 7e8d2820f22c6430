"""When an old filter may go: what the broker had buffered for it has come, while a new one already brings the same.

    published   1 2 3 | 4 5 6 ...           | the new filter is granted here
    old         1 2 3   4 5 6               a broker that has a queue a filter (rumqttd) drops what is left of it when
    new                 4 5 6               the filter is given up
                        ^ came twice: so the old one's queue is past what only it brings

A filter of which nothing comes any more has nothing buffered either. A broker that sends such messages once has one
queue for all filters, and keeps it: waiting has an end.
"""

from collections.abc import Iterable

from gateway.config.filters import filters_overlap
from gateway.rows import Rows

__all__ = ["Overlap"]

_TWICE = 5
"""So many messages that came twice are no device's repetition."""
_QUIET_SECS = 0.5
_MOST_SEEN = 200_000


class Overlap:
    """Filters that are to go. `look` at all that comes, of every source that may bring it."""

    def __init__(self, filters: Iterable[str], now: float) -> None:
        self._twice = dict.fromkeys(filters, 0)
        self._heard = dict.fromkeys(self._twice, now)
        self._seen: set[tuple[str, bytes]] = set()

    def look(self, rows: Rows, now: float) -> None:
        """Messages that were handed over."""
        for run in rows.runs:
            for key in zip(run.topics, run.payloads, strict=True):
                again = key in self._seen
                self._seen.add(key)
                for one in self._twice:
                    if filters_overlap(one, key[0]):
                        self._heard[one] = now
                        self._twice[one] += again
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()

    def over(self, now: float) -> bool:
        """Each of them may go."""
        return all(
            twice >= _TWICE or now - self._heard[one] >= _QUIET_SECS for one, twice in self._twice.items()
        )  # fmt: skip
