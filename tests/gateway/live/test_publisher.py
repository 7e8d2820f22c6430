"""The live hub on MQTT, with real brokers: retained states, reconnects, a broker that can't keep up."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.errors import Halt
from gateway.live.events import Kind, LiveEvent
from gateway.live.hub import LiveHub
from gateway.live.mqtt_client import MqttTarget, topic_level
from gateway.live.publisher import LivePublisher, live_topic
from gateway.mqtt.backoff import Backoff
from gateway.mqtt.options import MqttOptions
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.ports import free_ports
from tests.support.blocks import T0, Journal, aggregates, readings
from tests.support.mqtt_peer import MqttPeer
from tests.support.running import eventually

RAISED = Transition(
    "a1", "raised", "unacknowledged", "gas.lel", "gas-1", "tianhe", "gas", 2, 1, 26.5, T0, T0 + 5, T0, False
)


class Told:
    """What the publisher says of itself."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.unreachable: list[str] = []
        self.lagged: list[int] = []

    def live_connected(self, address: str) -> None:
        self.connected.append(address)

    def live_unreachable(self, address: str, problem: str, retry_in: float) -> None:
        self.unreachable.append(problem)

    def live_lagged(self, lost: int) -> None:
        self.lagged.append(lost)


class Rig:
    """A hub of two devices and its publisher."""

    def __init__(self, port: int, known: Sequence[Transition] | Halt = (), **options: Any) -> None:
        names = Journal()
        names.series("loop/1", "speed")
        names.series("loop-2", "speed")
        self.hub = LiveHub(lambda series: names.names[series], lambda _: None, epoch="now", **options)
        self.told, self._known = Told(), known
        self.publisher = LivePublisher(
            self.hub, MqttTarget(MqttOptions(host="127.0.0.1", port=port, client_id="live-test"), 3.0), "cityloom/live",
            Backoff(0.05, 0.2, np.random.default_rng(1)), self.told, self._alarms,
        )  # fmt: skip

    async def _alarms(self) -> Sequence[Transition]:
        if isinstance(self._known, Halt):
            raise self._known
        return self._known

    @asynccontextmanager
    async def running(self, *, connected: bool = True) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.publisher.run())
            if connected:
                await eventually(lambda: bool(self.told.connected), "it publishes")
            yield
            self.publisher.stop()


def retained(port: int, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What a stranger who comes now is given at once, by topic."""
    with MqttPeer(port, "stranger") as peer:
        peer.subscribe("cityloom/#")
        found: dict[str, Any] = {}
        count = 0
        while not ready(found):
            count += 1
            peer.wait_for(count)
            found = {topic: json.loads(body) for topic, body in peer.received}
        return found


async def test_a_stranger_finds_where_everything_stands(embedded_broker: EmbeddedBroker) -> None:
    rig = Rig(embedded_broker.port)
    async with rig.running():
        rig.hub.committed(
            StepResult(
                readings=readings((0, T0, 41.5, 1, 0), (1, T0, 7, 3, 0)),
                aggregates=aggregates((1, 60, T0, 0, 5, 1.0)), transitions=[RAISED],
            )
        )  # fmt: skip
        rig.hub.flush()
        await eventually(lambda: rig.publisher.published == 4, "all is out")

        found = await asyncio.to_thread(retained, embedded_broker.port, lambda found: len(found) == 4)

    assert sorted(found) == [
        "cityloom/live/aggregate/-/loop-2/1m", "cityloom/live/alarm/tianhe/gas.lel/gas-1",
        "cityloom/live/latest/-/loop%2F1", "cityloom/live/latest/-/loop-2",
    ]  # fmt: skip
    assert found["cityloom/live/latest/-/loop%2F1"]["quantities"]["speed"]["value"] == 41.5
    assert found["cityloom/live/alarm/tianhe/gas.lel/gas-1"]["state"] == "unacknowledged"


async def test_changes_of_one_alarm_come_in_their_order(embedded_broker: EmbeddedBroker) -> None:
    rig = Rig(embedded_broker.port)
    with MqttPeer(embedded_broker.port, "listener") as peer:
        peer.subscribe("cityloom/live/alarm/#")
        async with rig.running():
            for level in range(45):
                rig.hub.committed(StepResult(transitions=[msgspec.structs.replace(RAISED, level=level)]))
            await asyncio.to_thread(peer.wait_for, 45)
        assert [json.loads(body)["level"] for _, body in peer.received] == list(range(45))


async def test_a_change_before_the_end_is_still_told(embedded_broker: EmbeddedBroker) -> None:
    rig = Rig(embedded_broker.port)
    async with rig.running():
        rig.hub.committed(StepResult(transitions=[msgspec.structs.replace(RAISED, level=3)]))
    assert (rig.publisher.state, rig.publisher.published, rig.hub.subscribers) == ("stopped", 1, 0)


async def test_what_changed_while_the_broker_was_away_is_told_when_it_is_back() -> None:
    port, v4_port = free_ports(2)
    rig = Rig(port)
    async with rig.running(connected=False):
        await eventually(lambda: bool(rig.told.unreachable), "it says that nobody is there")
        assert rig.publisher.state == "waiting"
        rig.hub.committed(StepResult(transitions=[RAISED]))
        rig.hub.committed(StepResult(transitions=[msgspec.structs.replace(RAISED, state="normal", now=T0 + 9)]))
        with EmbeddedBroker(port, v4_port):
            await eventually(lambda: rig.publisher.published == 1, "the state is out")
            found = await asyncio.to_thread(retained, port, bool)

    assert [body["state"] for body in found.values()] == ["normal"]


async def test_a_connection_that_is_cut_while_nothing_happens_is_noticed() -> None:
    port, v4_port = free_ports(2)
    rig = Rig(port)
    with EmbeddedBroker(port, v4_port) as broker:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(rig.publisher.run())
            await eventually(lambda: bool(rig.told.connected), "it publishes")
            await asyncio.to_thread(broker.stop)
            await eventually(lambda: rig.publisher.state == "waiting", "it notices")
            assert rig.hub.subscribers == 0
            rig.publisher.stop()


async def test_a_listener_that_lost_events_tells_all_states_again(embedded_broker: EmbeddedBroker) -> None:
    rig = Rig(embedded_broker.port, queue=10)
    async with rig.running():
        for k in range(50):  # in one go: nothing is taken from the queue meanwhile
            rig.hub.committed(StepResult(transitions=[msgspec.structs.replace(RAISED, asset=f"gas-{k}")]))
        found = await asyncio.to_thread(retained, embedded_broker.port, lambda found: len(found) == 50)

    assert len(found) == 50
    assert rig.told.lagged == [40]
    assert rig.publisher.lost == 40


async def test_alarms_from_before_the_start_are_told_also_those_that_are_over(embedded_broker: EmbeddedBroker) -> None:
    over = msgspec.structs.replace(RAISED, asset="gas-2", state="normal")
    async with Rig(embedded_broker.port, [RAISED, over]).running():
        found = await asyncio.to_thread(retained, embedded_broker.port, lambda found: len(found) == 2)
    assert sorted(body["state"] for body in found.values()) == ["normal", "unacknowledged"]


async def test_records_that_cannot_be_read_do_not_stop_it(embedded_broker: EmbeddedBroker) -> None:
    rig = Rig(embedded_broker.port, Halt("records.db is damaged.", "Put back a backup."))
    async with rig.running():
        rig.hub.committed(StepResult(transitions=[RAISED]))
        await eventually(lambda: rig.publisher.published == 1, "it is out")


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("gas-1", "gas-1"), ("", "-"), ("a/b", "a%2Fb"), ("+#", "%2B%23"), ("$SYS", "%24SYS"), ("a%2Fb", "a%252Fb"),
        ("%24SYS", "%2524SYS"), ("a$", "a$"), ("100%", "100%"),
    ],
)  # fmt: skip
def test_a_name_is_one_level_of_a_topic(name: str, level: str) -> None:
    assert topic_level(name) == level
    event = LiveEvent(1, Kind.ALARM, ("z", "gas.lel", name), "z", {})
    assert live_topic("a/b", event) == f"a/b/alarm/z/gas.lel/{level}"
