"""Every message reaches the broker, whatever happens to the connections."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from random import Random

import aiomqtt
import pytest
from iotcore import Broker

from device_sims.city.devices import load_city
from device_sims.clients.publisher import Endpoint, Publisher
from device_sims.fleet.fleet import Fleet, Message
from tests.device_sims.conftest import broker_on
from tests.support.cutting_proxy import CuttingProxy
from tests.support.mosquitto import free_port
from tests.support.mqtt_peer import MqttPeer

START = 1_772_496_000_000_000_000


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return list(islice(Fleet(load_city(), 5, START).messages(), 3000))


@asynccontextmanager
async def _running(publisher: Publisher) -> AsyncIterator[None]:
    task = asyncio.create_task(publisher.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_all_messages_arrive_once_and_each_device_in_order(broker_port: int, messages: list[Message]) -> None:
    acknowledged: list[Message] = []
    publisher = Publisher(Endpoint("127.0.0.1", broker_port), lambda message, _: acknowledged.append(message))
    with MqttPeer(broker_port, "watcher-1") as peer:
        peer.subscribe("#")
        async with _running(publisher):
            for message in messages:
                await publisher.put(message)
            await publisher.drain()
        await asyncio.to_thread(peer.wait_for, len(messages))
        assert Counter(peer.received) == Counter((m.topic, m.payload) for m in messages)
    assert len(acknowledged) == len(messages)
    assert publisher.waiting == publisher.resent == 0
    got, sent = defaultdict(list), defaultdict(list)
    whose = {(message.topic, message.payload): message.device for message in messages}
    for topic, payload in peer.received:
        got[whose[topic, payload]].append(payload)
    for message in messages:
        sent[message.device].append(message.payload)
    assert got == sent


async def test_after_cuts_every_message_has_arrived_at_least_once_and_was_acknowledged_once(
    broker_port: int, messages: list[Message]
) -> None:
    acknowledged: list[Message] = []
    said: list[str] = []
    async with CuttingProxy(broker_port) as proxy:
        endpoint = Endpoint("127.0.0.1", proxy.port)
        publisher = Publisher(
            endpoint, lambda message, _: acknowledged.append(message), say=said.append, random=Random(1)
        )
        with MqttPeer(broker_port, "watcher-2") as peer:
            peer.subscribe("#")
            async with _running(publisher):
                for number, message in enumerate(messages):
                    await publisher.put(message)
                    if number % 300 == 299:
                        proxy.cut()
                await publisher.drain()
            wanted = Counter((m.topic, m.payload) for m in messages)
            while not wanted.keys() <= (arrived := set(peer.received)):
                await asyncio.to_thread(peer.wait_for, len(peer.received) + 1)
    assert len(acknowledged) == len(messages)
    assert Counter((m.topic, m.payload) for m in acknowledged) == wanted
    assert arrived == wanted.keys()
    assert proxy.connections > 4
    assert publisher.resent > 0
    assert "no connection to the broker" in said[0]
    assert any(sentence.startswith("connected to the broker") for sentence in said)


async def test_an_absent_broker_is_waited_for(tmp_path: Path, messages: list[Message]) -> None:
    port = free_port()
    acknowledged: list[Message] = []
    refused = asyncio.Event()
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        refused.set()

    publisher = Publisher(
        Endpoint("127.0.0.1", port),
        lambda message, _: acknowledged.append(message),
        connections=2,
        say=say,
        random=Random(1),
    )
    broker: Broker = broker_on(port, tmp_path)
    async with _running(publisher):
        for message in messages[:50]:
            await publisher.put(message)
        await asyncio.wait_for(refused.wait(), 20)
        assert publisher.waiting == 50
        try:
            await asyncio.to_thread(broker.start)
            await asyncio.wait_for(publisher.drain(), 30)
        finally:
            await asyncio.to_thread(broker.stop)
    assert len(acknowledged) == 50
    assert f"no connection to the broker at 127.0.0.1:{port}" in said[0]


async def test_it_ends_also_where_a_cancellation_is_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    # as asyncio.wait_for does when what it waits for is done at the same moment
    connecting = asyncio.Event()

    async def swallow(self: aiomqtt.Client) -> aiomqtt.Client:
        connecting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise aiomqtt.MqttError("no connection")

    monkeypatch.setattr(aiomqtt.Client, "__aenter__", swallow)
    publisher = Publisher(Endpoint("127.0.0.1", free_port()), lambda *_: None, connections=1)
    async with _running(publisher):
        await connecting.wait()


async def test_a_broker_that_takes_nothing_holds_the_giver(messages: list[Message]) -> None:
    publisher = Publisher(Endpoint("127.0.0.1", free_port()), lambda *_: None, connections=1)
    async with _running(publisher):
        given = 0

        async def give() -> None:
            nonlocal given
            for message in messages:
                await publisher.put(message)
                given += 1

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(give(), 0.5)
        assert given == publisher.waiting < 1000
