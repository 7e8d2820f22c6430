"""Requests for births: sent once, never late, and counted where they can't be sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from device_sims.encoders.sparkplug_b import asks_for_birth
from gateway.engine.results import EdgeNote
from gateway.live.mqtt_client import MqttTarget
from gateway.live.rebirths import RebirthPublisher, rebirth_topic
from gateway.mqtt.options import MqttOptions
from gateway.runtime.ports import free_ports
from tests.support.brokers import running_embedded
from tests.support.mqtt_peer import MqttPeer
from tests.support.running import eventually

NOW = 1_772_366_400_000_000_000
MINUTE = 60_000_000_000


class Told:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failed: list[tuple[str, str]] = []

    def rebirth_asked(self, node: str, why: str) -> None:
        self.asked.append(node)

    def rebirth_failed(self, node: str, problem: str) -> None:
        self.failed.append((node, problem))


def note(node: str, source: int = 0, at: int = NOW, kind: str = "rebirth") -> EdgeNote:
    return EdgeNote(kind, "Water", node, "", at, source, "numbered messages are missing")


@asynccontextmanager
async def running(ports: Sequence[int], told: Told) -> AsyncIterator[RebirthPublisher]:
    every = [MqttTarget(MqttOptions(host="127.0.0.1", port=port, client_id=f"asks-{port}"), 3.0) for port in ports]
    targets = dict(enumerate(every))
    publisher = RebirthPublisher(targets, lambda: NOW, told)
    task = asyncio.get_running_loop().create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_each_request_goes_to_the_nodes_own_broker_once() -> None:
    told = Told()
    with (
        running_embedded() as one, running_embedded() as other,
        MqttPeer(one.port, "a") as first, MqttPeer(other.port, "b") as second,
    ):  # fmt: skip
        await asyncio.to_thread(first.subscribe, "spBv1.0/+/NCMD/+")
        await asyncio.to_thread(second.subscribe, "spBv1.0/+/NCMD/+")
        async with running([one.port, other.port], told) as publisher:
            publisher.ask([note("N1"), note("N2", source=1), note("N3"), note("N1", kind="offline")])
            await asyncio.to_thread(first.wait_for, 2)
            await asyncio.to_thread(second.wait_for, 1)
            await eventually(lambda: publisher.asked == 3, "all are counted")
    assert [topic for topic, _ in first.received] == ["spBv1.0/Water/NCMD/N1", "spBv1.0/Water/NCMD/N3"]
    assert [topic for topic, _ in second.received] == [rebirth_topic(note("N2"))]
    assert all(asks_for_birth(payload) for _, payload in first.received)
    assert told.failed == []


async def test_what_can_t_be_sent_is_counted_and_not_tried_again() -> None:
    told = Told()
    async with running(free_ports(1), told) as publisher:
        publisher.ask([note("N1"), note("N2"), note("N3", source=7)])
        await eventually(lambda: publisher.failed == 3, "all have failed")
    assert [node for node, _ in told.failed] == ["Water/N3", "Water/N1", "Water/N2"]
    assert told.failed[0][1] == "it was heard by no broker of ours"
    assert told.asked == []


async def test_a_request_for_a_broker_that_a_reload_took_away_ends_nothing() -> None:
    told = Told()
    async with running(free_ports(2), told) as publisher:
        publisher.ask([note("N1"), note("N2", source=1), note("N3")])
        publisher._targets = dict(list(publisher._targets.items())[:1])
        await eventually(lambda: publisher.failed == 3, "all have failed")
    assert told.failed[2] == ("Water/N2", "it was heard by no broker of ours")


async def test_an_old_request_is_not_sent_any_more() -> None:
    told = Told()
    with running_embedded() as broker:
        async with running([broker.port], told) as publisher:
            publisher.ask([note("N1", at=NOW - 2 * MINUTE)])
            await eventually(lambda: publisher.failed == 1, "it is dropped")
    assert told.failed == [("Water/N1", "it waited for more than a minute")]
