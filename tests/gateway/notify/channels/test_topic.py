"""Notifications on MQTT, with a real broker."""

import asyncio
import json

import pytest

from gateway.live.mqtt_client import MqttTarget
from gateway.mqtt.options import MqttOptions
from gateway.notify.channels.base import Undelivered
from gateway.notify.channels.topic import TopicChannel
from gateway.runtime.broker import EmbeddedBroker
from tests.gateway.notify.support import rendered
from tests.support.mqtt_peer import MqttPeer


def channel(port: int) -> TopicChannel:
    target = MqttTarget(MqttOptions(host="127.0.0.1", port=port, client_id="notify-test"), 3.0)
    return TopicChannel("board", target, "cityloom/notifications")


async def test_a_message_comes_under_its_zone(embedded_broker: EmbeddedBroker) -> None:
    with MqttPeer(embedded_broker.port, "board") as peer:
        peer.subscribe("cityloom/notifications/#")
        await channel(embedded_broker.port).send(rendered())
        await asyncio.to_thread(peer.wait_for, 1)
        ((topic, body),) = peer.received

    assert topic == "cityloom/notifications/tianhe"
    data = json.loads(body)
    assert (data["message"], data["subject"]) == (rendered().id, "[high] Combustible gas at gas-a1 (tianhe)")


async def test_a_broker_that_is_not_there_is_trouble(free_port: int) -> None:
    with pytest.raises(Undelivered) as error:
        await channel(free_port).send(rendered())
    assert not error.value.refused
