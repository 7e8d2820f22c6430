"""`python -m device_sims.load`: loop detectors by the thousand, as fast as a broker takes them, to measure with.

The fleet (`python -m device_sims`) is a city with a truth to compare with; this is weight. One connection, QoS 1, as
many in flight as the broker allows, on the `mqtt5` codec: aiomqtt would be slower than what it measures. Each message
has three readings and the moment at which it was written; a device's times never repeat.

Standard output: a line `{"sent", "acked"}` every half second, the last one with `secs` (first write to last PUBACK).
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import cast

import mqtt5
import uvloop

from device_sims.clock import CityClock

__all__ = ["Load", "main"]

_MS = 1_000_000
_BURST = 500
"""Messages in one write; the clock is read once for them."""
_PACKET_IDS = 65_535
_TELL_SECS = 0.5
_PACE_SECS = 0.002


class Load(asyncio.Protocol):
    """One connection that publishes `messages`, device by device in turn. rate: a second, 0 = as they are taken."""

    def __init__(self, topics: Sequence[str], messages: int, rate: float, clock: CityClock) -> None:
        self.acked = 0
        self.sent = 0
        self.secs = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._topics = topics
        self._messages = messages
        self._rate = rate
        self._clock = clock
        self._newest = [0] * len(topics)
        self._window = 0
        self._began = 0.0
        self._rest = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it
        self._transport.write(
            mqtt5.ConnectPacket(f"cityloom-load-{time.time_ns()}", clean_start=True, keep_alive=60).write()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is sent again: what was lost here is the broker's, and the run is void."""
        if self._timer is not None:
            self._timer.cancel()
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the broker left after {self.acked} PUBACKs: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Count PUBACKs, send what they make room for."""
        data = self._rest + data
        view, at = memoryview(data), 0
        while at < len(view):
            try:
                packet, used = mqtt5.read(view[at:])
            except IndexError:
                break
            at += used
            if isinstance(packet, mqtt5.PubAckPacket):
                self.acked += 1
            elif isinstance(packet, mqtt5.ConnAckPacket):
                self._window = min(packet.receive_max, _PACKET_IDS)
                self._began = time.monotonic()
        self._rest = data[at:]
        self._fill()
        if self.acked >= self._messages and not self.done.done():
            self.secs = time.monotonic() - self._began
            self.done.set_result(None)

    def _fill(self) -> None:
        assert self._transport is not None
        due = self._messages
        if self._rate:
            due = min(due, int((time.monotonic() - self._began) * self._rate) + 1)
            if self._timer is None and self.sent < self._messages:
                self._timer = asyncio.get_running_loop().call_later(_PACE_SECS, self._on_time)
        while (room := min(due - self.sent, self._window - (self.sent - self.acked), _BURST)) > 0:
            self._transport.write(b"".join(self._messages_from(self.sent, room)))
            self.sent += room

    def _on_time(self) -> None:
        self._timer = None
        self._fill()

    def _messages_from(self, first: int, count: int) -> list[bytes]:
        now = self._clock.now() // _MS
        out = []
        for number in range(first, first + count):
            device = number % len(self._topics)
            moment = self._newest[device] = max(now, self._newest[device] + 1)
            payload = b'{"ts":%d,"speed":%.1f,"flow":%d,"occ":%.3f}' % (
                moment, 40 + number % 211 / 10, number % 37, number % 89 / 100,
            )  # fmt: skip
            packet = mqtt5.PublishPacket(
                topic=self._topics[device], payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE,
                packet_id=number % _PACKET_IDS + 1,
            )  # fmt: skip
            out.append(packet.write())
        return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when every message was acknowledged, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m device_sims.load", description="Loop detectors by the thousand.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=1883)
    add("--messages", type=int, required=True)
    add("--devices", type=int, required=True)
    add("--rate", type=float, default=0.0, help="messages a second; 0: as many as the broker takes")
    add("--zones", default="tianhe", help="zones of the topics, with commas between them")
    add("--prefix", default="load", help="how the devices' names begin")
    add("--origin", type=int, default=0, help="city time at --start, unix ns")
    add("--start", type=int, default=0, help="system time, unix ns")
    add("--speed", type=float, default=1.0, help="city seconds a real second")
    given = parser.parse_args(arguments)
    zones = given.zones.split(",")
    topics = [f"city/{zones[k % len(zones)]}/traffic/loop/{given.prefix}-{k:05d}/reading" for k in range(given.devices)]
    clock = CityClock(given.origin, given.start, given.speed)
    try:
        uvloop.run(_run(given.host, given.port, topics, given.messages, given.rate, clock))
    except OSError as error:
        print(f"device_sims.load: {error}", file=sys.stderr, flush=True)  # noqa: T201 - a command speaks
        return 1
    return 0


async def _run(host: str, port: int, topics: Sequence[str], messages: int, rate: float, clock: CityClock) -> None:
    loop = asyncio.get_running_loop()
    transport, load = await loop.create_connection(lambda: Load(topics, messages, rate, clock), host, port)
    while not load.done.done():
        await asyncio.wait([load.done], timeout=_TELL_SECS)
        line = {"sent": load.sent, "acked": load.acked}
        if load.done.done():
            load.done.result()
            line["secs"] = load.secs  # type: ignore[assignment]
        print(json.dumps(line), flush=True)  # noqa: T201 - a command speaks
    transport.write(mqtt5.DisconnectPacket().write())
    transport.close()


if __name__ == "__main__":
    sys.exit(main())
