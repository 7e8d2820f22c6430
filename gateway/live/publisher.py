"""What the live hub tells, on MQTT: retained, so that who subscribes knows at once where everything stands.

    cityloom/live/latest/<zone>/<device>                  newest reading of every quantity          QoS 0
    cityloom/live/aggregate/<zone>/<device>/<step>        newest window of every quantity           QoS 0
    cityloom/live/alarm/<zone>/<condition>/<asset>        where an alarm stands, normal ones too    QoS 1

One more subscriber of the hub, with a connection of its own: a broker that is away or slow costs a gap, which is mended
by telling everything again. While it is away nothing is gathered for it. README.md has the payloads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import aiomqtt
import msgspec

from gateway.engine.alarm_model import Transition
from gateway.errors import GatewayError, StoreError
from gateway.live.events import Interest, Kind, LiveEvent
from gateway.live.hub import LiveHub
from gateway.live.mqtt_client import MqttTarget, publishing_client, topic_level, watch
from gateway.live.subscription import Subscription
from gateway.mqtt.backoff import Backoff

__all__ = ["LivePublisher", "PublisherEvents", "live_topic"]

_TOGETHER = 20
"""Messages on their way at once: what brokers allow at least. One by one each would wait for its own wake-up."""
_LAST_SECS = 2.0
"""For what is queued when it is stopped."""
_encode = msgspec.json.Encoder().encode


class PublisherEvents(Protocol):
    """Who is told how the connection does."""

    def live_connected(self, address: str) -> None:
        """It publishes."""
        ...

    def live_unreachable(self, address: str, problem: str, retry_in: float) -> None:
        """It doesn't; tried again by backoff."""
        ...

    def live_lagged(self, lost: int) -> None:
        """The broker took so long that events were lost; everything is told again."""
        ...


def live_topic(prefix: str, event: LiveEvent) -> str:
    """The topic of an event; names are escaped level by level."""
    levels = (topic_level(level) for level in event.levels)
    return "/".join((prefix, str(event.kind), *levels))


class LivePublisher:
    """`run` until `stop`. `alarms`: where alarms stand by the records, for those that changed before this run."""

    def __init__(
        self, hub: LiveHub, target: MqttTarget, prefix: str, backoff: Backoff, events: PublisherEvents,
        alarms: Callable[[], Awaitable[Sequence[Transition]]],
    ) -> None:  # fmt: skip
        self.state = "starting"
        self.problem = ""
        self.published = 0
        self.lost = 0
        self._hub, self._target, self._prefix = hub, target, prefix
        self._backoff, self._events, self._alarms = backoff, events, alarms
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Connect, publish, connect again."""
        while not self._stopping.is_set():
            problem = "the connection was closed"
            try:
                async with publishing_client(self._target) as client:
                    await self._serve(client)
            except* (aiomqtt.MqttError, OSError, GatewayError) as errors:
                problem = str(errors.exceptions[0]) or problem
            if self._stopping.is_set():
                break
            wait = self._backoff.next_delay()
            self.state, self.problem = "waiting", problem
            self._events.live_unreachable(self._target.address, problem, wait)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopping.wait()
        self.state = "stopped"

    def stop(self) -> None:
        """Publish what is queued, then end."""
        self._stopping.set()

    async def _serve(self, client: aiomqtt.Client) -> None:
        subscription = self._hub.subscribe(Interest(frozenset((Kind.LATEST, Kind.AGGREGATE, Kind.ALARM))))
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(watch(client))
                stopping = tasks.create_task(self._until_stopped(subscription.close))
                with suppress(StoreError):  # records.db is away: what this run has seen goes out
                    self._hub.standing(await self._alarms())
                await self._everything(client)
                self.state, self.problem = "publishing", ""
                self._backoff.reset()
                self._events.live_connected(self._target.address)
                while batch := await self._some(subscription):
                    gaps = [event for event in batch if event.kind is Kind.GAP]
                    await self._publish(client, [event for event in batch if event.kind is not Kind.GAP])
                    for gap in gaps:
                        await self._mend(client, gap)
                watching.cancel()
                stopping.cancel()
        finally:
            self._hub.unsubscribe(subscription)

    async def _until_stopped(self, close: Callable[[], None]) -> None:
        await self._stopping.wait()
        close()
        await asyncio.sleep(_LAST_SECS)
        raise aiomqtt.MqttError("the broker did not take the last messages in time")

    async def _everything(self, client: aiomqtt.Client) -> None:
        self._hub.refresh()
        states = self._hub.alarm_states()
        for at in range(0, len(states), _TOGETHER):
            await self._publish(client, states[at : at + _TOGETHER])

    async def _mend(self, client: aiomqtt.Client, gap: LiveEvent) -> None:
        lost = gap.data["lost"]
        if lost:
            self.lost += lost
            self._events.live_lagged(lost)
            await self._everything(client)

    @staticmethod
    async def _some(subscription: Subscription) -> list[LiveEvent]:
        """What is there, as much as goes together; waits for the first. Empty: it was closed."""
        first = await subscription.next()
        batch = [] if first is None else [first]
        while batch and len(batch) < _TOGETHER and (event := subscription.take()) is not None:
            batch.append(event)
        return batch

    async def _publish(self, client: aiomqtt.Client, events: Sequence[LiveEvent]) -> None:
        """In their order, without waiting for each."""
        await asyncio.gather(
            *(
                client.publish(
                    live_topic(self._prefix, event), _encode(event.data), retain=True,
                    qos=1 if event.kind is Kind.ALARM else 0,
                )
                for event in events
            )
        )  # fmt: skip
        self.published += len(events)
