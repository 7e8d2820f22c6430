"""A source of messages with what a test puts around it: a sink in memory, what was reported, a broker that is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import mqtt5

from gateway.mqtt.connection import MqttSource
from gateway.mqtt.options import MqttOptions
from gateway.rows import Row, Rows

__all__ = [
    "DEADLINE_SECS", "MemorySink", "RecordingEvents", "Stamps", "messages", "options", "publish", "running",
    "scripted_broker", "until",
]  # fmt: skip

DEADLINE_SECS = 20.0


class Stamps:
    """1, 2, 3 ..."""

    def __init__(self) -> None:
        self.next = 1

    def take(self, count: int) -> int:
        first, self.next = self.next, self.next + count
        return first


@dataclass
class MemorySink:
    """Durable at once, or when `commit` is called."""

    at_once: bool = True
    rows: list[Row] = field(default_factory=list)
    received: int = 0
    redelivered: int = 0
    shed: int = 0
    pending: list[tuple[MqttSource, int]] = field(default_factory=list)

    def put(self, source: MqttSource, rows: Rows, received: int, redelivered: int, shed: int) -> None:
        self.rows += rows
        self.received += received
        self.redelivered += redelivered
        self.shed += shed
        self.pending.append((source, len(rows)))
        if self.at_once:
            # as the real one does: after the call that handed over
            asyncio.get_running_loop().call_soon(self.commit)

    def commit(self) -> None:
        pending, self.pending = self.pending, []
        for source, rows in pending:
            source.acknowledge(rows)

    @property
    def messages(self) -> list[tuple[str, bytes]]:
        return [(row.topic, row.payload) for row in self.rows]


class RecordingEvents:
    """Everything that was reported, as (method, values)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def record(_source: str, *values: object, **named: object) -> None:
            self.seen.append((name, (*values, *named.values())))

        return record

    def names(self) -> list[str]:
        return [name for name, _ in self.seen]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [values for seen, values in self.seen if seen == name]


async def until(reached: Callable[[], object], what: str, deadline_secs: float = DEADLINE_SECS) -> None:
    """Poll with a deadline; `what` is for the reader."""
    async with asyncio.timeout(deadline_secs):
        while not reached():  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.005)


def options(port: int, **changes: Any) -> MqttOptions:
    values: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "client_id": "loom", "filters": ("city/#",), "keep_alive_secs": 10,
        "backoff_min_secs": 0.02, "backoff_max_secs": 0.1, "quiet_secs": 0.3,
    }  # fmt: skip
    return MqttOptions(**(values | changes))


@asynccontextmanager
async def running(source: MqttSource) -> AsyncIterator[MqttSource]:
    task = asyncio.create_task(source.run())
    try:
        yield source
        await source.stop()
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish(port: int, messages: list[tuple[str, bytes]], *, qos: int = 1, retain: bool = False) -> None:
    """As a device of another make would."""
    client = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, max_concurrent_outgoing_calls=60)
    async with client:
        for at in range(0, len(messages), 10):
            some = messages[at : at + 10]
            await asyncio.gather(*(client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in some))


def messages(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    return [(f"city/d{serial % 7}", b"%d" % serial) for serial in range(first, first + count)]


@asynccontextmanager
async def scripted_broker(on_packet: Callable[[mqtt5.Packet], list[mqtt5.Packet]]) -> AsyncIterator[int]:
    """A broker that answers as told: for what no real one can be made to do."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        while read := await reader.read(4096):
            data += read
            while data:
                packet, used = mqtt5.read(memoryview(data))
                data = data[used:]
                for answer in on_packet(packet):
                    writer.write(answer.write())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
