"""Which connections a configuration asks for: one a source, or several that share its filters.

    [mqtt] connections = 3, share_name = "loom"      number   name      client id      subscribes
                                                     0        main      cityloom       $share/loom.1f3a9c04/city/...
                                                     254      main-2    cityloom-2     the same
                                                     253      main-3    cityloom-3     the same

A number is what the journal knows a connection by, so it stays with the name, and is nobody else's later: the caller
keeps them. A new source gets its place, further connections count down from the top. A connection that a source no
longer has is *retired*: its session at the broker would go on to get its share of the messages, so it is given up, and
what it holds is taken first.

A filter's ShareName has the filter's checksum behind it. By MQTT 5 it need not, for name and filter together make a
shared subscription; but rumqttd takes all filters of one name for one, and delivers a part of the messages only.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

from gateway.config.sections import SourceSettings

__all__ = ["MAX_CONNECTIONS", "Connection", "canary_topic_of", "connections_of", "share_name_of", "shared_filters"]

MAX_CONNECTIONS = 255
"""A row's source is one byte; the last number belongs to replayed dead letters."""


_NO_NUMBERS: Mapping[str, int] = MappingProxyType({})
_ONE_LEVEL = str.maketrans("/+#\0", "____")


class Connection(NamedTuple):
    """One connection of a source. retired: it takes what its session holds and subscribes to nothing."""

    number: int
    name: str
    client_id: str
    source: SourceSettings
    retired: bool = False


def connections_of(
    sources: Sequence[SourceSettings], noted: Collection[str] = (), numbers: Mapping[str, int] = _NO_NUMBERS
) -> list[Connection]:
    """In the order of `sources`. noted: names of connections whose sessions hold filters; numbers: by name, those that
    were given. Both from earlier runs.
    """
    out: list[Connection] = []
    given = {source.name for source in sources}
    names = {
        source.name: [
            f"{source.name}-{k}" for k in range(2, max(source.connections, _most(source.name, noted, given)) + 1)
        ]
        for source in sources
    }
    wanted = [*names, *chain.from_iterable(names.values())]
    kept: dict[str, int] = {}
    for name in wanted:
        if (number := numbers.get(name, -1)) in range(MAX_CONNECTIONS) and number not in kept.values():
            kept[name] = number
    # where all are taken, those go first whose connections nobody asks for any more
    held = set(numbers.values())
    taken = held if len(held) + len(wanted) - len(kept) <= MAX_CONNECTIONS else set(kept.values())
    for place, source in enumerate(sources):
        kept.setdefault(source.name, _free(taken, place, 1))
        taken.add(kept[source.name])
    for name in chain.from_iterable(names.values()):
        kept.setdefault(name, _free(taken, MAX_CONNECTIONS - 1, -1))
        taken.add(kept[name])
    for source in sources:
        out.append(Connection(kept[source.name], source.name, source.client_id, source))
        for k, name in enumerate(names[source.name], start=2):
            if k <= source.connections or name in noted:
                out.append(Connection(kept[name], name, f"{source.client_id}-{k}", source, k > source.connections))
    return out


def share_name_of(source: SourceSettings) -> str:
    """The ShareName of its filters; "" where it doesn't share."""
    return source.share_name or (source.client_id if source.connections > 1 else "")


def shared_filters(filters: Sequence[str], share_name: str) -> tuple[str, ...]:
    """The filters as they are subscribed to; those that are shared already stay as they are."""
    if not share_name:
        return tuple(filters)
    named = (f"$share/{share_name}.{crc32(one.encode()):08x}/{one}" for one in filters)
    return tuple(one if one.startswith("$share/") else shared for one, shared in zip(filters, named, strict=True))


def canary_topic_of(connection: Connection) -> str:
    """Where a connection publishes to itself: one level for its client id; "" where it doesn't."""
    source = connection.source
    if source.canary == "off" or connection.retired:
        return ""
    return f"{source.canary_topic}/{connection.client_id.translate(_ONE_LEVEL)}"


def _free(taken: Collection[int], first: int, step: int) -> int:
    """The first number from `first` on that nobody has."""
    every = ((first + k * step) % MAX_CONNECTIONS for k in range(MAX_CONNECTIONS))
    return next((number for number in every if number not in taken), MAX_CONNECTIONS - 1)


def _most(name: str, noted: Collection[str], given: Collection[str]) -> int:
    """The highest number that a connection of the source `name` had."""
    ends = (each.removeprefix(f"{name}-") for each in noted if each.startswith(f"{name}-") and each not in given)
    return max((int(end) for end in ends if end.isdecimal() and end == str(int(end))), default=1)
