"""What a running gateway does about Sparkplug edge nodes: it asks for births, and tells who came and went."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway.config.connections import connections_of
from gateway.engine.results import EdgeNote, StepResult
from gateway.live.mqtt_client import MqttTarget
from gateway.live.rebirths import RebirthPublisher
from gateway.runtime.sources import options_of
from gateway.telemetry.edge_events import EdgeNodeBorn, EdgeNodeDied, RebirthFailed, RebirthRequested

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["RebirthParts"]


class RebirthParts:
    """Belongs to one gateway. A gateway without sources, which replays a recording, asks nobody."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._targets: dict[int, MqttTarget] = {}
        self.reconfigure()
        self.publisher = RebirthPublisher(self._targets, gateway.clock.now, self)

    def reconfigure(self) -> None:
        """Ask at the brokers that the gateway's settings name by now."""
        settings = self._gateway.settings
        self._targets.clear()
        # by the numbers that rows bear, also those of retired connections
        numbers = {source.name: source.source for source in self._gateway.sources}
        for connection in connections_of(settings.sources, numbers, numbers):
            options = options_of(settings, connection.source, ())
            self._targets[connection.number] = MqttTarget(replace(options, client_id=f"{options.client_id}-rebirth"))

    def start(self, group: asyncio.TaskGroup) -> "asyncio.Task[None]":
        """Set it going; to be cancelled."""
        return group.create_task(self.publisher.run(), name="gateway.live.rebirths")

    def committed(self, result: StepResult) -> None:
        """A call's outputs are durable."""
        if not result.edges:
            return
        if self._gateway.sources:
            self.publisher.ask(result.edges)
        for note in result.edges:
            self._tell(note)

    def status(self) -> dict[str, Any]:
        """Figures for `cityloom status`."""
        nodes = list(self._gateway.engines.zone.edge_nodes.nodes.values())  # the engine's thread meets others meanwhile
        born = sum(node.born for node in nodes)
        return {
            "edge_nodes": len(nodes), "born": born, "asked": self.publisher.asked, "failed": self.publisher.failed,
        }  # fmt: skip

    def _tell(self, note: EdgeNote) -> None:
        name = "/".join(part for part in (note.group, note.node, note.device) if part)
        if note.kind == "offline":
            self._gateway.telemetry.emit(EdgeNodeDied(name, note.at))
        elif note.kind == "online":
            self._gateway.telemetry.emit(EdgeNodeBorn(name, note.at))

    # -- RebirthEvents ------------------------------------------------------------------------------------------------

    def rebirth_asked(self, node: str, why: str) -> None:
        """See RebirthEvents."""
        self._gateway.telemetry.emit(RebirthRequested(node, why))

    def rebirth_failed(self, node: str, problem: str) -> None:
        """See RebirthEvents."""
        self._gateway.telemetry.emit(RebirthFailed(node, problem))
