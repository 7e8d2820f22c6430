"""Where everything stands: the newest event of each key.

note() ... ask the gateway ... the stream tells on: keep() ... replace(kinds, what was answered)

What the stream has told meanwhile is newer than the answer, and stays.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gateway.link.channel import FeedEvent, LiveFilter
from gateway.live.events import Kind

__all__ = ["States"]

Key = tuple[Any, ...]


class States:
    """At most `most`; of things beyond that the stream tells only."""

    def __init__(self, most: int) -> None:
        self._states: dict[Key, FeedEvent] = {}
        self._most = most
        self._told: set[Key] = set()
        """What the stream has told of since `note`."""

    def get(self, kind: Kind, *levels: str) -> FeedEvent | None:
        """The newest event of one thing. `levels`: from the zone on, in which it may be no more."""
        return self._states.get((kind, *levels[1:]))

    def keep(self, event: FeedEvent) -> None:
        """The stream told of it. An alarm that is over is no more."""
        key = event.key
        self._told.add(key)
        if event.kind is Kind.ALARM and event.data.get("state") == "normal":
            self._states.pop(key, None)
        elif key in self._states or len(self._states) < self._most:
            self._states[key] = event

    def note(self, *kinds: Kind) -> None:
        """Something will be asked about these; what the stream tells from now on is newer than the answer."""
        self._told = {key for key in self._told if key[0] not in kinds}

    def replace(self, kinds: Iterable[Kind], events: Iterable[FeedEvent]) -> None:
        """An answer: everything that there is of these kinds, or was a moment ago."""
        mine = set(kinds)
        for key in [key for key in self._states if key[0] in mine and key not in self._told]:
            del self._states[key]
        for event in events:
            if event.key not in self._told and len(self._states) < self._most:
                self._states[event.key] = event

    def snapshot(self, wanted: LiveFilter, domain_of: Mapping[str, str]) -> list[FeedEvent]:
        """Of everything that is wanted, in order of ids."""
        found = [event for event in self._states.values() if wanted.wants(event, domain_of)]
        return sorted(found, key=lambda event: event.id)

    def pieces(
        self, wanted: LiveFilter, domain_of: Mapping[str, str], newest: tuple[str, int], most: int
    ) -> Iterator[list[FeedEvent]]:  # fmt: skip
        """The same, `most` at a time, each looked up when its turn comes: whoever takes them slowly holds keys, and
        no events that are long over. What came behind `newest` (epoch, id) meanwhile is left out: the stream tells it.
        """
        keys = [key for key, event in self._states.items() if wanted.wants(event, domain_of)]
        keys.sort(key=lambda key: self._states[key].id)
        keys.reverse()
        # while a database is away, some things are known from the run before only
        runs = {self._states[key].epoch for key in keys} | {newest[0]}

        def stood(event: FeedEvent) -> bool:
            """Before the stream goes on."""
            ours = event.epoch in runs and (event.epoch != newest[0] or event.id <= newest[1])
            return ours and wanted.wants(event, domain_of)

        return self._looked_up(keys, stood, most)

    def _looked_up(self, keys: list[Key], stood: Callable[[FeedEvent], bool], most: int) -> Iterator[list[FeedEvent]]:
        while keys:
            events: list[FeedEvent] = []
            while keys and len(events) < most:
                event = self._states.get(keys.pop())
                if event and stood(event):
                    events.append(event)
            if events:
                yield events
            del events
