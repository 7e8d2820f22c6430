"""Each client library in each version and at each QoS brings exactly what was put, also over cuts and with TLS."""

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from random import Random

import pytest

from device_sims.city.devices import load_city
from device_sims.clients.dialect import CLIENTS, PROTOCOLS, Dialect, Dialects
from device_sims.clients.endpoint import Endpoint, Tls
from device_sims.clients.publisher import Publisher
from device_sims.fleet.fleet import Fleet, Message
from gateway.runtime.broker import EmbeddedBroker
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.certificates import make_certificates
from tests.support.mqtt_peer import MqttPeer
from tests.support.publishing import running_publisher

START = 1_772_496_000_000_000_000
WAYS = [Dialect(*way) for way in product(CLIENTS, PROTOCOLS, (0, 1, 2))]
SURE = [way for way in WAYS if way.qos]


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return list(islice(Fleet(load_city(), 5, START).messages(), 600))


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    with running_embedded() as broker:
        yield broker


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainMosquitto]:
    with PlainMosquitto.running(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


def _counted(messages: list[Message]) -> Counter[tuple[str, bytes]]:
    return Counter((m.topic, m.payload) for m in messages)


def _only(way: Dialect) -> Dialects:
    return Dialects((way.client,), (way.protocol,), (way.qos,))


async def _bring(endpoint: Endpoint, way: Dialect, messages: list[Message], watched: int) -> None:
    """Publish all and see them arrive, exactly."""
    acknowledged: list[Message] = []
    publisher = Publisher(endpoint, lambda message, _: acknowledged.append(message), connections=2, dialects=_only(way))
    with MqttPeer(watched, f"watcher-{'-'.join(map(str, way))}") as peer:
        peer.subscribe("#", qos=2 if way.qos == 2 else 1)
        async with running_publisher(publisher):
            for message in messages:
                await publisher.put(message)
            await asyncio.wait_for(publisher.drain(), 30)
        await asyncio.to_thread(peer.wait_for, len(messages))
        assert Counter(peer.received) == _counted(messages)
    assert _counted(acknowledged) == _counted(messages)
    assert len(acknowledged) == len(messages)
    assert publisher.waiting == publisher.resent == publisher.refused == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way)))
async def test_the_embedded_broker_gets_exactly_what_was_put(
    way: Dialect, embedded: EmbeddedBroker, messages: list[Message]
) -> None:
    port = embedded.port if way.protocol == "5" else embedded.v4_port
    await _bring(Endpoint("127.0.0.1", port), way, messages, embedded.port)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way)))
async def test_mosquitto_gets_exactly_what_was_put(
    way: Dialect, mosquitto: PlainMosquitto, messages: list[Message]
) -> None:
    await _bring(Endpoint("127.0.0.1", mosquitto.port), way, messages, mosquitto.port)


@pytest.mark.parametrize("way", SURE, ids=lambda way: "-".join(map(str, way)))
async def test_nothing_is_lost_over_cuts_and_paho_at_qos_2_repeats_nothing(
    way: Dialect, mosquitto: PlainMosquitto, messages: list[Message]
) -> None:
    acknowledged: list[Message] = []
    endpoint = Endpoint("127.0.0.1", mosquitto.port)
    publisher = Publisher(
        endpoint, lambda message, _: acknowledged.append(message), connections=2, dialects=_only(way), random=Random(1)
    )
    cuts = 0
    with MqttPeer(mosquitto.port, f"cut-{'-'.join(map(str, way))}") as peer:
        peer.subscribe("#", qos=2)
        async with running_publisher(publisher):
            for number, message in enumerate(messages):
                await publisher.put(message)
                if number % 100 == 99:
                    cuts += publisher.cut(message.number)
            await asyncio.wait_for(publisher.drain(), 60)
        wanted = _counted(messages)
        while not wanted.keys() <= set(peer.received):
            await asyncio.to_thread(peer.wait_for, len(peer.received) + 1)
        got = Counter(peer.received)
    assert cuts > 0
    assert publisher.resent > 0
    assert _counted(acknowledged) == wanted
    assert got.keys() == wanted.keys()
    if way.client == "paho" and way.qos == 2:
        assert got == wanted, "the session remembers what was in flight"


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_cut_leaves_without_a_goodbye_and_only_the_device_s_connection_is_cut(
    client: str, tmp_path: Path, messages: list[Message]
) -> None:
    said: list[str] = []
    back = asyncio.Event()

    def say(sentence: str) -> None:
        said.append(sentence)
        if sentence.startswith("connected"):
            back.set()

    with PlainMosquitto.running(tmp_path) as broker:
        endpoint = Endpoint("127.0.0.1", broker.port)
        publisher = Publisher(endpoint, lambda *_: None, connections=2, say=say, dialects=Dialects((client,)))
        assert publisher.cut(0) is False, "nothing is connected yet"
        async with running_publisher(publisher):
            for message in messages[:20]:
                await publisher.put(message)
            await asyncio.wait_for(publisher.drain(), 20)
            assert publisher.cut(7)
            await asyncio.wait_for(back.wait(), 20)
            for message in messages[20:40]:
                await publisher.put(message)
            await asyncio.wait_for(publisher.drain(), 20)
        log = tmp_path / "mosquitto.log"
        ends = ["", ""]
        async with asyncio.timeout(20):
            while not all(end.endswith("disconnected.") for end in ends):
                await asyncio.sleep(0)
                lines = log.read_text(encoding="utf-8").splitlines()
                ends = [" ".join(_endings(lines, f"device-sims-{os.getpid()}-{k}")) for k in (0, 1)]
    assert ends == ["disconnected.", "closed its connection. disconnected."]
    assert "no connection to the broker" in said[0]


def _endings(lines: list[str], identifier: str) -> list[str]:
    """How mosquitto says that connections of a client ended."""
    marks = (line.partition(f"Client {identifier} ")[2] for line in lines)
    return [mark for mark in marks if mark]


async def test_a_refused_message_is_counted_and_said_and_not_acknowledged(
    tmp_path: Path, messages: list[Message]
) -> None:
    rules = tmp_path / "rules.acl"
    rules.write_text("topic write nothing/#\n", encoding="utf-8")
    said: list[str] = []
    acknowledged: list[Message] = []
    # mosquitto 2.0.11 cuts whom it refuses where the queue has no bound
    with PlainMosquitto.running(tmp_path, f"acl_file {rules}\nmax_queued_messages 1000") as broker:
        publisher = Publisher(
            Endpoint("127.0.0.1", broker.port),
            lambda message, _: acknowledged.append(message),
            dialects=Dialects(("paho",)),
            say=said.append,
        )
        async with running_publisher(publisher):
            for message in messages[:30]:
                await publisher.put(message)
            await asyncio.wait_for(publisher.drain(), 20)
    assert publisher.refused == 30
    assert acknowledged == []
    assert "the broker refuses messages" in said[0]


@pytest.mark.filterwarnings("ignore:.*SSLSocket.*:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("client", CLIENTS)
async def test_mutual_tls_carries_messages_and_a_stranger_is_told_why_not(
    client: str, tmp_path: Path, messages: list[Message]
) -> None:
    folder = make_certificates(tmp_path / "tls", "localhost")
    files = f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key"
    with PlainMosquitto.running(tmp_path, listener=f"{files}\nrequire_certificate true") as broker:
        known = Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key")
        acknowledged: list[Message] = []
        endpoint = Endpoint("localhost", broker.port, tls=known)
        publisher = Publisher(
            endpoint,
            lambda message, _: acknowledged.append(message),
            connections=2,
            dialects=Dialects((client,), PROTOCOLS),
        )
        async with running_publisher(publisher):
            for message in messages[:200]:
                await publisher.put(message)
            await asyncio.wait_for(publisher.drain(), 30)
        assert _counted(acknowledged) == _counted(messages[:200])

        refused = asyncio.Event()
        said: list[str] = []

        def say(sentence: str) -> None:
            said.append(sentence)
            refused.set()

        strange = Publisher(
            Endpoint("localhost", broker.port, tls=Tls()), lambda *_: None, connections=1, say=say,
            dialects=Dialects((client,)),
        )  # fmt: skip
        async with running_publisher(strange):
            await strange.put(messages[0])
            await asyncio.wait_for(refused.wait(), 20)
        assert strange.waiting == 1
        assert "certificate verify failed" in said[0]
        del strange
        gc.collect()  # paho leaves the socket of a failed handshake to the collector
