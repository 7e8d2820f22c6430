"""The newest events, for who comes back with the id of the last one they had. Pure.

    epoch a:  ... 811 812 | epoch b:  gap 1 2 5 6 ...          an epoch is one run of the gateway

Ids grow within an epoch, not always by one: while nobody reads more than alarms, only alarms are heard of. `wide_from`
is the id behind which every kind was heard of.
"""

from collections import deque
from typing import NamedTuple

from gateway.link.channel import FeedEvent

__all__ = ["Behind", "History"]


class Behind(NamedTuple):
    """What came behind an event."""

    events: list[FeedEvent]
    whole: bool
    """Nothing is missing between that event and the first of these."""
    lost: int | None
    """How many ids are missing; None: nobody knows."""
    upto: int
    """The newest id of what is missing."""


class History:
    """At most `most` events."""

    def __init__(self, most: int) -> None:
        self.epoch = ""
        self.newest_id = 0
        """Of this epoch: everything that was asked for up to there has been heard of."""
        self.wide_from: int | None = None
        """Every kind was heard of behind this id; None: only alarms are, now."""
        self._log: deque[FeedEvent] = deque()
        self._most = most
        self._floors: dict[str, int] = {}
        """By epoch, oldest first: behind this id nothing is missing."""

    def begin(self, epoch: str, floor: int, *, wide: bool) -> None:
        """Another run of the gateway; of it, what came up to the id `floor` can't be had any more."""
        self.epoch, self.newest_id = epoch, floor
        self.wide_from = floor if wide else None
        self._floors[epoch] = floor
        self._forget()

    def add(self, event: FeedEvent) -> None:
        """One more, of this epoch."""
        self.newest_id = max(self.newest_id, event.id)
        self._log.append(event)
        while len(self._log) > self._most:
            gone = self._log.popleft()
            self._floors[gone.epoch] = max(gone.id, self._floors[gone.epoch])
        self._forget()

    def since(self, epoch: str, seen: int, *, wide: bool) -> Behind:
        """What came behind an event. `wide`: it is asked for more than alarms."""
        ranks = {name: rank for rank, name in enumerate(self._floors)}
        ours = epoch == self.epoch
        known = epoch in ranks and (not ours or seen <= self.newest_id)
        floor = self._floors.get(epoch, 0)
        if ours and wide:
            # while it is narrow nobody can say what is missing
            floor = max(floor, self.newest_id if self.wide_from is None else self.wide_from)
        events = [
            event for event in self._log
            if not known or ranks[event.epoch] > ranks[epoch] or (event.epoch == epoch and event.id > seen)
        ]  # fmt: skip
        first = self._log[0].id - 1 if self._log and self._log[0].epoch == self.epoch else self.newest_id
        upto = floor if known and ours else first
        return Behind(events, known and seen >= floor, floor - seen if known and ours else None, upto)

    def _forget(self) -> None:
        """Epochs of which there is nothing left."""
        oldest = self._log[0].epoch if self._log else self.epoch
        for epoch in list(self._floors):
            if epoch in (oldest, self.epoch):
                break
            del self._floors[epoch]
