"""The live hub of a running gateway and its publisher: what they are made of, and when they are fed and flushed."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.config.content import EngineContent
from gateway.config.sections import SourceSettings
from gateway.config.settings import Settings
from gateway.engine.alarm_model import Transition
from gateway.engine.results import DeviceRecord, StepResult
from gateway.live.hub import LiveHub
from gateway.live.mqtt_client import MqttTarget
from gateway.live.pace import Pace
from gateway.live.publisher import LivePublisher
from gateway.mqtt.backoff import Backoff
from gateway.runtime.sources import options_of
from gateway.runtime.stores import RECORDS
from gateway.stores.alarm_tables import AlarmFilter
from gateway.telemetry.live_events import LiveEventsLost, LivePublisherConnected, LivePublisherUnreachable
from processors.columns import AggregateBatch

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["LiveParts", "target_of"]

_LAST_SECS = 4.0
_CAUGHT_UP_SECS = 5.0
_POLL_SECS = 0.05
_AT_MOST_A_TENTH = 9.0
_MOST_ALARMS = 10_000


class LiveParts:
    """Belongs to one gateway. The hub is there in any case; the publisher where it is enabled."""

    def __init__(self, gateway: "Gateway", content: EngineContent) -> None:
        self._gateway = gateway
        live = gateway.settings.live
        self._titles: dict[str, str] = {}
        self._name(content)
        registry = gateway.engines.zone.registry
        self.hub = LiveHub(
            lambda series: registry.series[series], self._record, epoch=token_hex(4), steps=live.steps,
            most_events=live.most_events, history=live.history, queue=live.queue,
            titles=lambda condition: self._titles.get(condition, ""),
        )  # fmt: skip
        self.publisher: LivePublisher | None = None
        if live.mqtt.enabled:
            self.publisher = LivePublisher(
                self.hub, target_of(gateway.settings, "live"), live.mqtt.topic,
                Backoff(0.5, 30.0, np.random.default_rng()), self, self._alarms,
            )  # fmt: skip
        self._start_position = gateway.outbox.last_position
        self._news = asyncio.Event()
        self._pace = Pace(live.most_per_second, live.interval_ms / 1000)

    def reconfigure(self, content: EngineContent) -> None:
        """Go on under other settings: the gateway's of now."""
        self._name(content)
        live = self._gateway.settings.live
        self.hub.most_events = live.most_events
        self._pace = Pace(live.most_per_second, live.interval_ms / 1000)

    def _name(self, content: EngineContent) -> None:
        self._titles = {str(each["name"]): str(each.get("title", "")) for each in content.conditions}

    def start(self, group: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Set them going."""
        tasks = [group.create_task(self._flush(), name="gateway.live.flush")]
        if self.publisher is not None:
            tasks.append(group.create_task(self.publisher.run(), name="gateway.live.mqtt"))
        return tasks

    async def end(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Nothing more comes: tell what is left, as far as the broker takes it soon."""
        self.hub.flush()
        if self.publisher is not None:
            self.publisher.stop()
            await asyncio.wait(tasks[1:], timeout=_LAST_SECS)
        for task in tasks:
            task.cancel()

    def committed(self, result: StepResult) -> None:
        """A call's outputs are durable: tell of them now, or when an interval has passed since something was told."""
        self.hub.committed(result)
        self._news.set()

    def revised(self, windows: AggregateBatch) -> None:
        """The same of windows that were computed anew."""
        self.hub.revised(windows)
        self._news.set()

    def status(self) -> dict[str, Any]:
        """Figures for `cityloom status`."""
        publisher = self.publisher
        return {
            "subscribers": self.hub.subscribers, "newest_id": self.hub.newest_id,
            "mqtt": None if publisher is None else {
                "state": publisher.state, "problem": publisher.problem, "published": publisher.published,
                "lost": publisher.lost,
            },
        }  # fmt: skip

    async def _flush(self) -> None:
        try:
            while True:
                interval = self._gateway.settings.live.interval_ms / 1000
                if not self.hub.waiting:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(interval):
                            await self._news.wait()
                self._news.clear()
                began = monotonic()
                self.hub.flush(self._pace.take(began))
                # where hundreds of thousands of devices wait, choosing takes ms
                await asyncio.sleep(max(interval, (monotonic() - began) * _AT_MOST_A_TENTH))
        finally:
            if self.publisher is not None:
                self.publisher.stop()  # aiomqtt may swallow a cancellation: it ends all the same

    def _record(self, device: str) -> DeviceRecord | None:
        registry = self._gateway.engines.zone.registry
        index = registry.by_id(device)
        return registry.records[index] if index >= 0 else None

    async def _alarms(self) -> list[Transition]:
        """Where alarms stand by records.db, oldest change first, once it has all from before the start."""
        gateway = self._gateway
        writer = next(each for each in gateway.writers if each.name == RECORDS)
        for _ in range(round(_CAUGHT_UP_SECS / _POLL_SECS)):
            if writer.position >= self._start_position and writer.state == "writing":
                break
            await asyncio.sleep(_POLL_SECS)
        found = await gateway.records.alarms(AlarmFilter(limit=_MOST_ALARMS))
        found += await gateway.records.alarms(AlarmFilter(open=True, limit=_MOST_ALARMS))
        known = {str(each["alarm"]): each for each in found}.values()
        return sorted((_transition(each) for each in known), key=lambda change: change.now)

    # -- PublisherEvents ----------------------------------------------------------------------------------------------

    def live_connected(self, address: str) -> None:
        """See PublisherEvents."""
        self._gateway.telemetry.emit(LivePublisherConnected(address))

    def live_unreachable(self, address: str, problem: str, retry_in: float) -> None:
        """See PublisherEvents."""
        self._gateway.telemetry.emit(LivePublisherUnreachable(address, problem, retry_in))

    def live_lagged(self, lost: int) -> None:
        """See PublisherEvents."""
        self._gateway.telemetry.emit(LiveEventsLost(lost))


def target_of(settings: Settings, part: str) -> MqttTarget:
    """The broker of [mqtt] for a part of ours that publishes, under a client id of its own."""
    base = settings.mqtt
    options = options_of(settings, SourceSettings(**dict(base)), ())
    return MqttTarget(replace(options, client_id=f"{base.client_id}-{part}"))


def _transition(found: dict[str, Any]) -> Transition:
    return Transition(**{name: found[name] for name in Transition.__struct_fields__})
