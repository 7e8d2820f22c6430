r"""The channels of a feed, by what they want: an event is offered only to those that it may be for.

                        /--> channels of a device or asset
    event (device, zone) --> channels of a zone
                        \--> all others

So a thousand readers with a filter each cost an event two look-ups and not a thousand questions.
"""

from collections.abc import Iterator, Mapping

from gateway.link.channel import Channel, FeedEvent, LiveFilter
from gateway.live.events import Kind

__all__ = ["Channels"]


class Channels:
    """Each filter's channel, while somebody reads it."""

    def __init__(self, queue: int) -> None:
        """`queue`: events that a channel keeps."""
        self._queue = queue
        self._all: dict[LiveFilter, Channel] = {}
        self._by_device: dict[str, dict[LiveFilter, Channel]] = {}
        self._by_zone: dict[str, dict[LiveFilter, Channel]] = {}
        self._others: dict[LiveFilter, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._all.values())

    @property
    def readers(self) -> int:
        """How many read."""
        return sum(channel.readers for channel in self)

    @property
    def want_more(self) -> bool:
        """Somebody wants more than alarms."""
        return any(wanted.wants_more for wanted in self._all)

    def join(self, wanted: LiveFilter) -> Channel:
        """One more reader of it."""
        channel = self._all.get(wanted)
        if channel is None:
            channel = self._all[wanted] = Channel(wanted, self._queue)
            for place in self._places(wanted):
                place[wanted] = channel
        channel.readers += 1
        return channel

    def leave(self, channel: Channel) -> None:
        """One reader less."""
        channel.readers -= 1
        if channel.readers:
            return
        wanted = channel.wanted
        del self._all[wanted]
        for place in self._places(wanted):
            del place[wanted]
        for index, names in ((self._by_device, wanted.devices), (self._by_zone, wanted.zones)):
            for name in names:
                if name in index and not index[name]:
                    del index[name]

    def put(self, event: FeedEvent, domain_of: Mapping[str, str]) -> None:
        """To everybody who wants it; a gap to all."""
        if event.kind is Kind.GAP:
            for wanted, channel in self._all.items():
                if wanted.wants(event, domain_of):
                    # how many of a number were for a narrower filter nobody knows
                    channel.put(
                        event if wanted == LiveFilter() or event.data.get("lost") is None else _unnumbered(event)
                    )
            return
        about = str(event.data.get("asset" if event.kind is Kind.ALARM else "device", ""))
        for place in (self._by_device.get(about), self._by_zone.get(event.zone), self._others):
            for channel in place.values() if place else ():
                if channel.wanted.wants(event, domain_of):
                    channel.put(event)

    def close(self) -> None:
        """It is over for all of them."""
        for channel in self:
            channel.close()

    def _places(self, wanted: LiveFilter) -> list[dict[LiveFilter, Channel]]:
        """Where a filter is looked up: by its narrowest names."""
        if wanted.devices:
            return [self._by_device.setdefault(name, {}) for name in wanted.devices]
        if wanted.zones:
            return [self._by_zone.setdefault(name, {}) for name in wanted.zones]
        return [self._others]


def _unnumbered(event: FeedEvent) -> FeedEvent:
    made: FeedEvent = FeedEvent.of(event.epoch, event.id, event.kind, event.levels, event.zone, {"lost": None})
    return made
