"""A proxy between a broker and a client that understands their packets, to do what bad networks and brokers do.

    delay_secs     every byte is that late, either way
    half_open      it accepts and holds connections and passes nothing on, either way: what is under way is lost
    silent         it passes on everything but PUBLISH to the client: connected, pings answered, and nothing comes
    repeat         this share of QoS 1 messages is sent to the client again once it has acknowledged them, under another
                   packet id, with or without DUP; the broker hears nothing of it

Its packet ids are above those that a broker reaches in a test.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Self

__all__ = ["MqttProxy"]

_PUBLISH, _PUBACK = 3, 4
_OWN_IDS = 60_000
_Sort = Callable[[bytes, int], bytes]


class MqttProxy:
    """Listens on a port of its own. `async with MqttProxy(target_port) as proxy:`; set what it does at any time."""

    def __init__(self, target_port: int, *, seed: int = 1) -> None:
        self.target_port = target_port
        self.port = 0
        self.delay_secs = 0.0
        self.half_open = False
        self.silent = False
        self.repeat = 0.0
        self.repeated = 0
        """Messages that were sent again."""
        self.withheld = 0
        """Messages that were not passed on because it is silent."""
        self.connections = 0
        self.dice = random.Random(seed)
        self._links: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def cut(self) -> None:
        """End every connection at once; what is under way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target_port)
            self._writers.add(far)
            link = _Link(self, writer, far)
            await asyncio.gather(
                link.pump(reader, far, link.from_client), link.pump(far_reader, writer, link.to_client)
            )
        except OSError:
            pass  # cut, or the broker is not there
        finally:
            for end in (writer, far):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()


class _Link:
    def __init__(self, proxy: MqttProxy, client: asyncio.StreamWriter, broker: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self._broker = broker
        self._in_flight: dict[int, tuple[bytes, bytes]] = {}
        self._next_id = _OWN_IDS

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sort: _Sort) -> None:
        """Read, sort packet by packet, pass on when it is time. Ends both ways when one ends."""
        late: deque[tuple[float, bytes]] = deque()
        ready = asyncio.Event()
        passing = asyncio.create_task(self._pass_on(late, ready, writer))
        kept = b""
        try:
            while data := await reader.read(65_536):
                if self._proxy.half_open:
                    kept = b""
                    continue
                kept += data
                out, kept = _sorted(kept, sort)
                late.append((asyncio.get_running_loop().time() + self._proxy.delay_secs, out))
                ready.set()
        finally:
            passing.cancel()
            with suppress(asyncio.CancelledError):
                await passing
            if not self._proxy.half_open:
                self._client.transport.abort()
                self._broker.transport.abort()

    async def _pass_on(
        self, late: deque[tuple[float, bytes]], ready: asyncio.Event, writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while True:
                await ready.wait()
                ready.clear()
                while late:
                    due, data = late.popleft()
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    if data and not self._proxy.half_open:
                        writer.write(data)
                        await writer.drain()

    def to_client(self, packet: bytes, body: int) -> bytes:
        """A packet of the broker's; `body` is where what follows the fixed header begins."""
        if packet[0] >> 4 != _PUBLISH:
            return packet
        if self._proxy.silent:
            self._proxy.withheld += 1
            return b""
        if packet[0] & 6:
            at = body + 2 + int.from_bytes(packet[body : body + 2])
            packet_id = int.from_bytes(packet[at : at + 2])
            assert packet_id < _OWN_IDS, "too many messages for this proxy"
            if self._proxy.dice.random() < self._proxy.repeat:
                self._in_flight[packet_id] = packet[:at], packet[at + 2 :]
        return packet

    def from_client(self, packet: bytes, body: int) -> bytes:
        """A packet of the client's."""
        if packet[0] >> 4 != _PUBACK:
            return packet
        packet_id = int.from_bytes(packet[body : body + 2])
        if packet_id >= _OWN_IDS:
            return b""
        copy = self._in_flight.pop(packet_id, None)
        if copy is not None and not self._proxy.half_open:
            self._next_id = _OWN_IDS + (self._next_id + 1 - _OWN_IDS) % 5_000
            head, rest = copy
            duplicate = 8 if self._proxy.dice.random() < 0.5 else 0
            self._client.write(bytes([head[0] & ~8 | duplicate]) + head[1:] + self._next_id.to_bytes(2) + rest)
            self._proxy.repeated += 1
        return packet


def _sorted(data: bytes, sort: _Sort) -> tuple[bytes, bytes]:
    """(what to pass on, the beginning of a packet that is not whole)."""
    out, at = [], 0
    while (found := _header(data, at)) is not None:
        body, end = found
        if end > len(data):
            break
        out.append(sort(data[at:end], body - at))
        at = end
    return b"".join(out), data[at:]


def _header(data: bytes, at: int) -> tuple[int, int] | None:
    length = 0
    for place in range(1, 5):
        if at + place >= len(data):
            return None
        length |= (data[at + place] & 127) << 7 * (place - 1)
        if data[at + place] < 128:
            return at + place + 1, at + place + 1 + length
    raise AssertionError("no MQTT")
