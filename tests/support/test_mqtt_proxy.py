"""The proxy does to packets what it says."""

import asyncio
import itertools
from collections.abc import Iterator

import mqtt5
import pytest

from tests.support.brokers import running_embedded
from tests.support.mqtt_proxy import MqttProxy

DEADLINE_SECS = 20.0
_serials = itertools.count()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_embedded() as broker:
        yield broker.port


class Client:
    """Reads packets one by one and acknowledges."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._data = b""

    def send(self, packet: mqtt5.Packet) -> None:
        self._writer.write(packet.write())

    async def next(self) -> mqtt5.Packet:
        async with asyncio.timeout(DEADLINE_SECS):
            while True:
                try:
                    packet, used = mqtt5.read(memoryview(self._data))
                except IndexError:
                    read = await self._reader.read(4096)
                    if not read:
                        raise ConnectionError from None
                    self._data += read
                else:
                    self._data = self._data[used:]
                    return packet

    async def subscribed(self) -> None:
        self.send(mqtt5.ConnectPacket(f"c{next(_serials)}", clean_start=True, keep_alive=30))
        assert isinstance(await self.next(), mqtt5.ConnAckPacket)
        self.send(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("a", max_qos=mqtt5.QoS.AT_LEAST_ONCE)]))
        assert isinstance(await self.next(), mqtt5.SubAckPacket)

    def publish(self, payload: bytes) -> None:
        self.send(mqtt5.PublishPacket("a", payload))

    async def close(self) -> None:
        self._writer.transport.abort()


async def _client(proxy: MqttProxy) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    await client.subscribed()
    return client


async def test_messages_come_through_and_late_by_the_delay(port: int) -> None:
    async with MqttProxy(port) as proxy:
        client = await _client(proxy)
        proxy.delay_secs = 0.2
        began = asyncio.get_running_loop().time()
        client.publish(b"1")
        packet = await client.next()
        assert isinstance(packet, mqtt5.PublishPacket)
        assert asyncio.get_running_loop().time() - began >= 0.4
        await client.close()


async def test_a_silent_one_answers_pings_and_withholds_messages(port: int) -> None:
    async with MqttProxy(port) as proxy:
        client = await _client(proxy)
        proxy.silent = True
        client.publish(b"1")
        client.send(mqtt5.PingReqPacket())
        assert isinstance(await client.next(), mqtt5.PingRespPacket)
        proxy.silent = False
        client.publish(b"2")
        packet = await client.next()
        assert isinstance(packet, mqtt5.PublishPacket)
        assert packet.payload == b"2"
        assert proxy.withheld == 1
        await client.close()


async def test_a_message_is_repeated_under_another_id_once_it_is_acknowledged(port: int) -> None:
    async with MqttProxy(port) as proxy:
        client = await _client(proxy)
        proxy.repeat = 1.0
        client.publish(b"1")
        first = await client.next()
        assert isinstance(first, mqtt5.PublishPacket)
        assert first.packet_id is not None
        client.send(mqtt5.PubAckPacket(first.packet_id))
        again = await client.next()
        assert isinstance(again, mqtt5.PublishPacket)
        assert (again.topic, again.payload) == ("a", b"1")
        assert again.packet_id is not None
        assert again.packet_id > 60_000
        client.send(mqtt5.PubAckPacket(again.packet_id))
        client.send(mqtt5.PingReqPacket())
        assert isinstance(await client.next(), mqtt5.PingRespPacket)
        assert proxy.repeated == 1
        await client.close()


async def test_a_half_open_one_holds_the_connection_and_passes_nothing(port: int) -> None:
    async with MqttProxy(port) as proxy:
        client = await _client(proxy)
        proxy.half_open = True
        client.send(mqtt5.PingReqPacket())
        nothing = asyncio.create_task(client.next())
        other = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
        other.send(mqtt5.ConnectPacket("d", keep_alive=30))
        done, _ = await asyncio.wait([nothing], timeout=0.3)
        assert not done
        nothing.cancel()
        await asyncio.gather(nothing, return_exceptions=True)
        proxy.cut()
        with pytest.raises(OSError):  # noqa: PT011  (a reset, or an end)
            await other.next()
        await client.close()
        await other.close()
