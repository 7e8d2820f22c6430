"""`python -m gateway.bench.tap HOST PORT`: stands between broker and gateway, times each message until our PUBACK.

    load -> broker -> tap -> gateway          PUBLISH: its payload tells when it was published
                      tap <- gateway          PUBACK:  so long it took, seen from outside

Bytes pass unchanged. It tells on standard output: `{"port"}` when it listens, `{"acked", "p50", "p99", "max"}` in ms on
SIGTERM and on SIGUSR2. After SIGUSR1 only what is published from then on counts. Costs a few microseconds a message:
for a paced load, not for a flood.
"""

import asyncio
import json
import re
import signal
import sys
import time
from typing import Any

import mqtt5
import numpy as np
import uvloop

__all__ = ["Times", "Timing", "main", "summary"]

_TS = re.compile(rb'"ts":(\d+)')
_NS_PER_MS = 1e6


class Times:
    """What all connections timed."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self.since = 0.0
        """Unix ms: messages published earlier don't count."""

    def begin(self) -> None:
        """Count from now on."""
        self.since = time.time_ns() / _NS_PER_MS
        self.ms.clear()


class Timing:
    """Follows packet ids of both directions of one connection."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._published: dict[int, int] = {}

    def to_gateway(self, packet: Any) -> None:
        """A packet of the broker's."""
        if isinstance(packet, mqtt5.PublishPacket) and packet.packet_id and (found := _TS.search(packet.payload)):
            self._published[packet.packet_id] = int(found[1])

    def to_broker(self, packet: Any, now: int) -> None:
        """A packet of the gateway's at `now` (unix ns)."""
        if isinstance(packet, mqtt5.PubAckPacket):
            published = self._published.pop(packet.packet_id, None)
            if published is not None and published >= self._times.since:
                self._times.ms.append(now / _NS_PER_MS - published)


def summary(ms: list[float]) -> dict[str, float]:
    """Percentiles in ms."""
    if not ms:
        return {"acked": 0}
    p50, p99 = np.percentile(ms, (50, 99)).tolist()
    return {"acked": len(ms), "p50": round(p50, 3), "p99": round(p99, 3), "max": round(max(ms), 3)}


class _Stream:
    """Whole packets from chunks."""

    def __init__(self) -> None:
        self._rest = b""

    def packets(self, data: bytes) -> list[Any]:
        data = self._rest + data
        view, at, out = memoryview(data), 0, []
        while at < len(view):
            try:
                packet, used = mqtt5.read(view[at:])
            except IndexError:
                break
            at += used
            out.append(packet)
        self._rest = data[at:]
        return out


async def _serve(timing: Timing, host: str, port: int, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    far, forth = await asyncio.open_connection(host, port)

    async def from_broker() -> None:
        stream = _Stream()
        while data := await far.read(1 << 16):
            back.write(data)
            for packet in stream.packets(data):
                timing.to_gateway(packet)

    async def from_gateway() -> None:
        stream = _Stream()
        while data := await near.read(1 << 16):
            now = time.time_ns()
            forth.write(data)
            for packet in stream.packets(data):
                timing.to_broker(packet, now)

    ways = [asyncio.ensure_future(from_broker()), asyncio.ensure_future(from_gateway())]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    for writer in (forth, back):
        writer.close()


async def _run(host: str, port: int) -> None:
    times = Times()
    ended = asyncio.Event()
    server = await asyncio.start_server(
        lambda near, back: _serve(Timing(times), host, port, near, back), "127.0.0.1", 0
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, times.begin)
    loop.add_signal_handler(signal.SIGUSR2, lambda: _tell(dict(summary(times.ms))))
    _tell({"port": server.sockets[0].getsockname()[1]})
    await ended.wait()
    server.close()
    _tell(dict(summary(times.ms)))


def _tell(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main() -> None:
    """Run until SIGTERM."""
    uvloop.run(_run(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
