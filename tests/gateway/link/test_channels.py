"""Which channel an event is offered to; what a slow reader of one loses."""

import itertools

import pytest

from gateway.link.channel import Channel, FeedEvent, LiveFilter
from gateway.link.channels import Channels
from gateway.live.events import Kind

DOMAINS = {"loop": "traffic", "gas-detector": "gas"}


def _latest(device: str, zone: str, profile: str = "loop", number: int = 1) -> FeedEvent:
    made: FeedEvent = FeedEvent.of(
        "e", number, Kind.LATEST, (zone, device), zone, {"device": device, "profile": profile}
    )
    return made


def _alarm(asset: str, zone: str, priority: int = 2) -> FeedEvent:
    made: FeedEvent = FeedEvent.of(
        "e", 1, Kind.ALARM, (zone, "c", asset), zone, {"asset": asset, "domain": "gas", "priority": priority}
    )
    return made


def _gap() -> FeedEvent:
    made: FeedEvent = FeedEvent.of("e", 1, Kind.GAP, (), "", {"lost": 3})
    return made


EVENTS = [
    *(_latest(device, zone, profile) for device in ("a", "b") for zone in ("x", "y", "") for profile in DOMAINS),
    *(_alarm(asset, zone, priority) for asset in ("a", "m") for zone in ("x", "y") for priority in (1, 3)),
    _gap(),
]
_KINDS = [frozenset[Kind](), frozenset({Kind.ALARM}), frozenset({Kind.LATEST})]
_NAMES = [frozenset[str](), frozenset({"a"}), frozenset({"a", "b"})]
_ZONES = [frozenset[str](), frozenset({"x"}), frozenset({"x", "y"})]
FILTERS = [
    LiveFilter(kinds, zones, devices, domains, priority)
    for kinds, devices, zones, domains, priority in itertools.product(
        _KINDS, _NAMES, _ZONES, [frozenset[str](), frozenset({"gas"})], [0, 2]
    )
]


def test_the_index_offers_exactly_what_each_filter_wants() -> None:
    channels = Channels(100)
    mine = {wanted: channels.join(wanted) for wanted in FILTERS}
    for event in EVENTS:
        channels.put(event, DOMAINS)
    for wanted, channel in mine.items():
        expected = [event for event in EVENTS if wanted.wants(event, DOMAINS)]
        *found, lost = channel.take(0)[0]
        assert found == expected[:-1], wanted
        assert (lost.kind, lost.data["lost"]) == (Kind.GAP, 3 if wanted == LiveFilter() else None)
        channels.leave(channel)
    assert not any((channels._by_device, channels._by_zone, channels._others, channels.readers))


@pytest.mark.parametrize("most", [1, 5, 50])
def test_a_slow_reader_loses_the_oldest_and_knows_how_many(most: int) -> None:
    channel = Channel(LiveFilter(), most)
    slow, quick, got = 0, 0, list[FeedEvent]()
    for number in range(1, 21):
        channel.put(_latest("a", "x", number=number))
        events, quick, lost = channel.take(quick)
        got += events
        assert not lost
    assert [event.id for event in got] == list(range(1, 21))
    events, slow, lost = channel.take(slow)
    assert lost == max(20 - most, 0)
    assert [event.id for event in events] == list(range(lost + 1, 21))
    assert channel.take(slow) == ([], 20, 0)
