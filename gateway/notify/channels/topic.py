"""Messages on MQTT at QoS 1, not retained: <topic>/<zone>. The payload is the message's data, with its id in it."""

import aiomqtt
import msgspec

from gateway.errors import GatewayError
from gateway.live.mqtt_client import MqttTarget, publishing_client, topic_level
from gateway.notify.channels.base import Undelivered
from gateway.notify.render import Rendered

__all__ = ["TopicChannel"]


class TopicChannel:
    """A `Channel`. A connection a message: they are few."""

    def __init__(self, name: str, target: MqttTarget, topic: str) -> None:
        self.name = name
        self._target, self._topic = target, topic

    async def send(self, message: Rendered) -> None:
        """See Channel."""
        topic = f"{self._topic}/{topic_level(message.zone)}"
        try:
            async with publishing_client(self._target) as client:
                await client.publish(topic, msgspec.json.encode(message.data), qos=1)
        except (aiomqtt.MqttError, OSError, GatewayError) as error:
            raise Undelivered(f"{self._target.address}: {error}") from error

    async def close(self) -> None:
        """See Channel."""
