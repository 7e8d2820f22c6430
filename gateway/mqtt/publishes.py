"""The fast way through a stream of plain PUBLISH packets: no object a packet but its topic and its payload.

Nearly all that a broker sends is this: QoS 1 or 0, neither RETAIN nor DUP, no properties, under 16 kB. Whatever is not
stops the fast way, and the codec reads it. A topic that came before is the same object again, so that it is hashed once
and held once.
"""

from typing import NamedTuple

__all__ = ["Plain", "Topics", "read_plain"]

_AT_MOST = 16_384


class Topics:
    """Texts of topics by their bytes: a cache that changes nothing but the cost. Full, it takes no more."""

    def __init__(self, at_most: int = _AT_MOST) -> None:
        self.known: dict[bytes, str] = {}
        self._at_most = at_most

    def meet(self, spelled: bytes) -> str:
        """Decode a topic that is not known. Raises UnicodeDecodeError."""
        topic = spelled.decode()
        if len(self.known) < self._at_most:
            self.known[spelled] = topic
        return topic


class Plain(NamedTuple):
    """Messages one after the other, a list a column; `end`: where the next packet begins."""

    topics: list[str]
    payloads: list[bytes]
    packet_ids: list[int]
    end: int


def read_plain(data: bytes, at: int, first: int, topics: Topics) -> Plain:
    """Whole QoS 1 packets from `at` on whose first byte is `first`, up to one that is not plain or not whole."""
    names: list[str] = []
    payloads: list[bytes] = []
    packet_ids: list[int] = []
    known = topics.known.get
    size = len(data)
    try:
        while data[at] == first:
            begin, length = at + 2, data[at + 1]
            if length > 127:
                high = data[begin]
                if high > 127:
                    break
                begin += 1
                length += (high << 7) - 128
            end = begin + length
            name = begin + 2
            number = name + (data[begin] << 8 | data[begin + 1])  # of the packet id
            if end > size or number + 3 > end or data[number + 2]:  # properties
                break
            spelled = data[name:number]
            topic = known(spelled)
            if topic is None:
                topic = topics.meet(spelled)
            packet_id = data[number] << 8 | data[number + 1]
            if not topic or not packet_id:
                break
            names.append(topic)
            payloads.append(data[number + 3 : end])
            packet_ids.append(packet_id)
            at = end
    except (IndexError, UnicodeDecodeError):
        pass  # what is not whole waits, what is broken is the codec's to refuse
    return Plain(names, payloads, packet_ids, at)
