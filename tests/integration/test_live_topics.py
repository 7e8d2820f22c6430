"""A running gateway's live topics: what comes in goes out, and what goes out does not come in."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigErrors
from gateway.live.events import Interest, Kind
from gateway.runtime.broker import EmbeddedBroker
from gateway.stores.base import Block, Refused
from tests.support.brokers import running_embedded
from tests.support.mqtt_peer import MqttPeer
from tests.support.running import eventually, running_gateway, settings_of, settled

LIVE = {"live": {"interval_ms": 50, "mqtt": {"enabled": True}}}


def _reading(lel: float) -> bytes:
    return json.dumps({"ts": time.time(), "lel": lel}).encode()


def _send(port: int, *readings: tuple[str, float]) -> None:
    with MqttPeer(port, "device") as peer:
        peer.publish_many([(f"city/tianhe/gas/detector/{name}/reading", _reading(lel)) for name, lel in readings])


def _retained(port: int, topic: str) -> dict[str, Any]:
    with MqttPeer(port, "stranger") as peer:
        peer.subscribe(topic)
        peer.wait_for(1)
        found: dict[str, Any] = json.loads(peer.received[-1][1])
        return found


async def test_readings_and_alarms_go_out_and_never_come_in_again(data_folder: Path) -> None:
    with running_embedded() as broker:
        async with running_gateway(settings_of(data_folder, broker.port, **LIVE)) as gateway:
            publisher = gateway.live_parts.publisher
            assert publisher is not None
            await eventually(lambda: publisher.state == "publishing", "it publishes")
            await asyncio.to_thread(_send, broker.port, ("gas-9001", 60.0))

            alarm = await asyncio.to_thread(_retained, broker.port, "cityloom/live/alarm/tianhe/gas.lel/gas-9001")
            latest = await asyncio.to_thread(_retained, broker.port, "cityloom/live/latest/tianhe/gas-9001")

            assert (alarm["state"], alarm["priority"], alarm["value"]) == ("unacknowledged", 1, 60.0)
            assert alarm["title"] == "Combustible gas"
            assert (latest["quantities"]["lel"]["value"], latest["quantities"]["lel"]["unit"]) == (60.0, "%LEL")
            ledger = await settled(gateway, 1)
            assert ledger["messages"]["received"] == 1
            status = await gateway.desk.status()
            assert status["live_hub"]["mqtt"]["state"] == "publishing"
        # and after a restart the alarm still stands, while what is over is said to be so
        async with running_gateway(settings_of(data_folder, broker.port, **LIVE)) as gateway:
            await asyncio.to_thread(_send, broker.port, ("gas-9001", 0.0))
            states = [alarm.data["state"] for alarm in gateway.live_parts.hub.alarm_states()]
            assert states == ["unacknowledged"]


async def test_a_listener_in_the_process_hears_of_a_device(embedded: EmbeddedBroker, data_folder: Path) -> None:
    settings = settings_of(data_folder, embedded.port, live={"interval_ms": 50})
    async with running_gateway(settings) as gateway:
        assert gateway.live_parts.publisher is None
        listener = gateway.live_parts.hub.subscribe(Interest(frozenset((Kind.LATEST,))))
        await asyncio.to_thread(_send, embedded.port, ("gas-9002", 1.5))
        async with asyncio.timeout(20):
            event = await listener.next()
    assert event is not None
    assert event.data["quantities"]["lel"]["value"] == 1.5


async def test_where_alarms_stand_is_told_with_all_that_was_told_before(
    embedded: EmbeddedBroker, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_gateway(settings_of(data_folder, embedded.port, live={"interval_ms": 50})) as gateway:
        may_write, write = asyncio.Event(), gateway.records.write

        async def held(block: Block) -> list[Refused]:
            await may_write.wait()
            return await write(block)

        monkeypatch.setattr(gateway.records, "write", held)
        listener = gateway.live_parts.hub.subscribe(Interest(frozenset((Kind.ALARM,))))
        await asyncio.to_thread(_send, embedded.port, ("gas-9003", 60.0))
        async with asyncio.timeout(20):
            event = await listener.next()
        assert event is not None
        assert await gateway.desk.alarms() == []
        asked = asyncio.create_task(gateway.desk.alarms(settled=True))
        assert not (await asyncio.wait([asked], timeout=0.2))[0]
        may_write.set()
        assert [alarm["asset"] for alarm in await asked] == ["gas-9003"]


@pytest.fixture
def embedded() -> Any:
    with running_embedded() as broker:
        yield broker


@pytest.mark.parametrize("heard", ["#", "cityloom/#", "+/live/latest/#"])
async def test_a_filter_that_would_hear_our_own_topics_is_refused(heard: str, data_folder: Path) -> None:
    with pytest.raises(ConfigErrors, match="we would hear ourselves") as error:
        async with running_gateway(settings_of(data_folder, 1, mqtt={"filters": [heard]}, **LIVE), connected=False):
            pass
    assert error.value.key == "live.mqtt.topic"
    assert repr(heard) in error.value.problem
