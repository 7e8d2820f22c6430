"""`python -m tests.perf.ack_sink`: the least broker that a load can have. Answers, keeps nothing, passes nothing on.

Says hello, acknowledges each QoS 1 PUBLISH, answers pings. With it a load measures itself and not a broker. Standard
output: `{"port"}` when it listens, `{"messages", "connections", "most_in_flight"}` on SIGTERM.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import mqtt5
import numpy as np
import uvloop

__all__ = ["AckSink", "main", "running_sink"]

_PUBLISH = 0x32
_END_SECS = 20.0


class AckSink(asyncio.Protocol):
    """One connection. rate: PUBACKs a second at most, 0 = at once."""

    messages = connections = most_in_flight = 0

    def __init__(self, receive_max: int, rate: float) -> None:
        self._receive_max = receive_max
        self._rate = rate
        self._rest = b""
        self._owed = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the hello."""
        AckSink.connections += 1
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer."""
        assert self._transport is not None
        data = self._rest + data if self._rest else data
        at = 0
        while at < len(data):
            ids, used = self._publishes(data, at)
            if used:
                at += used
                self._acknowledge(ids)
                continue
            try:
                packet, used = mqtt5.read(memoryview(data)[at:])
            except IndexError:
                break
            at += used
            if isinstance(packet, mqtt5.ConnectPacket):
                self._transport.write(mqtt5.ConnAckPacket(receive_max=self._receive_max).write())
            elif isinstance(packet, mqtt5.PingReqPacket):
                self._transport.write(mqtt5.PingRespPacket().write())
        self._rest = data[at:]

    def _publishes(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Packet ids of PUBLISHes of one length that begin here, and the bytes that they take."""
        if data[at] != _PUBLISH or at + 4 > len(data):
            return b"", 0
        size, head = data[at + 1], 2
        if size > 127:
            size, head = (size & 127) | data[at + 2] << 7, 3
        size += head
        octets = np.frombuffer(data, np.uint8)[at:]
        rows = octets[: len(octets) // size * size].reshape(-1, size)
        same = (rows[:, :head] == octets[:head]).all(axis=1)
        rows = rows if same.all() else rows[: int(same.argmin())]
        if not len(rows):
            return b"", 0
        end = head + 2 + (int(rows[0, head]) << 8 | int(rows[0, head + 1]))
        return rows[:, end : end + 2].tobytes(), len(rows) * size

    def _acknowledge(self, ids: bytes) -> None:
        count = len(ids) // 2
        AckSink.messages += count
        self._owed += ids
        AckSink.most_in_flight = max(AckSink.most_in_flight, len(self._owed) // 2)
        if not self._rate:
            self._pay(count)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(0.01, self._pay_in_time)

    def _pay_in_time(self) -> None:
        self._pay(max(1, int(self._rate * 0.01)))
        self._timer = asyncio.get_running_loop().call_later(0.01, self._pay_in_time) if self._owed else None

    def _pay(self, count: int) -> None:
        assert self._transport is not None
        ids = np.frombuffer(self._owed[: 2 * count], np.uint8).reshape(-1, 2)
        self._owed = self._owed[2 * count :]
        acks = np.empty((len(ids), 4), np.uint8)
        acks[:, 0], acks[:, 1], acks[:, 2:] = 0x40, 2, ids
        self._transport.write(acks.tobytes())


async def _run(receive_max: int, rate: float) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    server = await loop.create_server(lambda: AckSink(receive_max, rate), "127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    _tell({"port": server.sockets[0].getsockname()[1]})
    await ended.wait()
    server.close()
    _tell({
        "messages": AckSink.messages, "connections": AckSink.connections, "most_in_flight": AckSink.most_in_flight,
    })  # fmt: skip


def _tell(line: dict[str, int]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--receive-max", type=int, default=65_535)
    parser.add_argument("--rate", type=float, default=0.0, help="PUBACKs a second a connection; 0: at once")
    given = parser.parse_args()
    uvloop.run(_run(given.receive_max, given.rate))


@contextmanager
def running_sink(*arguments: str) -> Iterator[tuple[int, dict[str, int]]]:
    """Port of a sink in a process of its own; its figures are in the dictionary when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.perf.ack_sink", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told: dict[str, int] = {}
    try:
        yield json.loads(process.stdout.readline())["port"], told
    finally:
        process.terminate()
        told.update(json.loads(process.stdout.readline()))
        process.stdout.close()
        process.wait(_END_SECS)


if __name__ == "__main__":
    main()
