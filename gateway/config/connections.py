"""Which connections a configuration asks for: one a source, or several that share its filters.

    [mqtt] connections = 3, share_name = "loom"      number   name      client id      subscribes
                                                     0        main      cityloom       $share/loom.1f3a9c04/city/...
                                                     254      main-2    cityloom-2     the same
                                                     253      main-3    cityloom-3     the same

A number is what the journal knows a connection by, so it stays: the first of a source has the source's place, the
others count down from the top. A connection that a source no longer has is *retired*: its session at the broker would
go on to get its share of the messages, so it is given up, and what it holds is taken first.

A filter's ShareName has the filter's checksum behind it. By MQTT 5 it need not, for name and filter together make a
shared subscription; but rumqttd takes all filters of one name for one, and delivers a part of the messages only.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from zlib import crc32

from gateway.config.sections import SourceSettings

__all__ = ["MAX_CONNECTIONS", "Connection", "canary_topic_of", "connections_of", "share_name_of", "shared_filters"]

MAX_CONNECTIONS = 255
"""A row's source is one byte; the last number belongs to replayed dead letters."""


_ONE_LEVEL = str.maketrans("/+#\0", "____")


class Connection(NamedTuple):
    """One connection of a source. retired: it takes what its session holds and subscribes to nothing."""

    number: int
    name: str
    client_id: str
    source: SourceSettings
    retired: bool = False


def connections_of(sources: Sequence[SourceSettings], noted: Collection[str] = ()) -> list[Connection]:
    """In the order of `sources`. noted: names of connections whose sessions hold filters, from earlier runs."""
    out: list[Connection] = []
    given = {source.name for source in sources}
    top = MAX_CONNECTIONS - 1
    for place, source in enumerate(sources):
        out.append(Connection(place, source.name, source.client_id, source))
        for k in range(2, max(source.connections, _most(source.name, noted, given)) + 1):
            name = f"{source.name}-{k}"
            if k <= source.connections or name in noted:
                out.append(Connection(top, name, f"{source.client_id}-{k}", source, k > source.connections))
            top -= 1
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


def _most(name: str, noted: Collection[str], given: Collection[str]) -> int:
    """The highest number that a connection of the source `name` had."""
    ends = (each.removeprefix(f"{name}-") for each in noted if each.startswith(f"{name}-") and each not in given)
    return max((int(end) for end in ends if end.isdecimal() and end == str(int(end))), default=1)
