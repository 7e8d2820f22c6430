"""From a byte stream to whole MQTT packets, in bounded memory.

`feed` gives bytes that begin with a packet; what the reader could not use yet goes back by `keep`. A PUBLISH far beyond
`max_payload` is passed on with its payload cut to one byte more than that and without its properties: it can still be
acknowledged, and the decoder refuses it by its length. Nothing more of it is ever in memory.
"""

__all__ = ["Framer", "PacketTooLarge"]

_PUBLISH = 3
_CONTROL_LIMIT = 1 << 20
"""Bytes of any other packet; a broker's longest are a few hundred."""
_LONGEST_NAME = 2 + 65_535 + 2 + 4
"""Topic, packet id and length of the properties of a PUBLISH."""


class PacketTooLarge(ValueError):
    """A control packet of a size that no broker sends."""


class Framer:
    """Collects bytes until the packet that began in them is whole."""

    def __init__(self, max_payload: int) -> None:
        self._max_payload = max_payload
        self._limit = max_payload + _CONTROL_LIMIT
        self._chunks: list[bytes] = []
        self._missing = 0
        self._cut: _Cut | None = None

    def reset(self) -> None:
        """Forget what was kept: a new stream begins."""
        self._chunks = []
        self._missing = 0
        self._cut = None

    def feed(self, data: bytes) -> bytes:
        """Bytes that begin with a packet; b"" while the one under way is not whole."""
        if self._cut is not None:
            return self._feed_cut(data)
        if not self._chunks:
            return data
        self._chunks.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return b""
        whole = b"".join(self._chunks)
        self._chunks = []
        return whole

    def keep(self, rest: bytes) -> None:
        """`rest` begins with a packet that is not whole. Raises PacketTooLarge, ValueError for a malformed length."""
        header = _header(rest)
        if header is None:
            self._chunks, self._missing = [rest], 1
            return
        start, length = header
        if start + length <= self._limit:
            self._chunks, self._missing = [rest], start + length - len(rest)
        elif rest[0] >> 4 == _PUBLISH:
            self._cut = _Cut(rest[0], length, self._max_payload + 1)
            self._cut.feed(rest[start:])
        else:
            raise PacketTooLarge(f"a control packet of {start + length} bytes")

    def _feed_cut(self, data: bytes) -> bytes:
        cut = self._cut
        assert cut is not None
        rest = cut.feed(data)
        if rest is None:
            return b""
        self._cut = None
        return cut.packet() + rest


def _header(data: bytes) -> tuple[int, int] | None:
    """(bytes of the fixed header, bytes after it); None: not there yet."""
    length = 0
    for at in range(1, 5):
        if at >= len(data):
            return None
        length |= (data[at] & 127) << 7 * (at - 1)
        if data[at] < 128:
            return at + 1, length
    raise ValueError("malformed remaining length")


def _variable_int(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


class _Cut:
    """A PUBLISH of which only topic, packet id and the first bytes of the payload are kept."""

    def __init__(self, first: int, length: int, keep: int) -> None:
        self._first = first
        self._length = length
        self._keep = keep
        self._seen = 0
        self._head = bytearray()
        self._payload = bytearray()
        self._names_end = 0
        self._payload_start: int | None = None

    def feed(self, data: bytes) -> bytes | None:
        """None while more is to come; else what follows the packet."""
        body = data[: self._length - self._seen]
        at = self._seen
        self._seen += len(body)
        if self._payload_start is None:
            self._head += body
            if len(self._head) >= min(_LONGEST_NAME, self._length):
                self._find_payload()
                assert self._payload_start is not None
                self._payload += self._head[self._payload_start : self._payload_start + self._keep]
        elif len(self._payload) < self._keep and at + len(body) > self._payload_start:
            begin = max(0, self._payload_start - at)
            self._payload += body[begin : begin + self._keep - len(self._payload)]
        return data[len(body) :] if self._seen == self._length else None

    def _find_payload(self) -> None:
        head = self._head
        self._names_end = 2 + int.from_bytes(head[:2]) + (2 if self._first & 0b0110 else 0)
        properties = _header(bytes(head[self._names_end - 1 : self._names_end + 4]))
        if properties is None:
            raise ValueError("malformed PUBLISH")
        self._payload_start = self._names_end - 1 + sum(properties)
        if self._payload_start > self._length:
            raise ValueError("malformed PUBLISH")

    def packet(self) -> bytes:
        """The shortened PUBLISH."""
        body = bytes(self._head[: self._names_end]) + b"\0" + bytes(self._payload)
        return bytes([self._first]) + _variable_int(len(body)) + body
