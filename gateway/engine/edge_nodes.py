"""All Sparkplug edge nodes that speak to this engine: their sessions, who came and went, whom to ask for a birth.

    row -> EdgeNode.take (edge_node.py) -> what to decode | rejected, kept as a dead letter | ignored: a birth, a death
    call -> tick: a trouble that stands longer than the reorder timeout -> a request, as an output (EdgeNote)

A function of the rows and of `now`, as all of the engine: a start repeats the recorded calls and has the same aliases.
A replayed dead letter is named by the newest birth, changes nothing and asks for nothing. Requests to a node are some
time apart, twice as long after each until it is an hour, and are not made while older rows wait to be read: those may
hold what is missing. Bounded: nodes and devices together by twice `engine.max_devices`, or twice
`engine.max_met_devices` where that is less; metrics by MOST_METRICS.
"""

from collections.abc import Sequence
from typing import Any

from gateway.codecs.sparkplug import BIRTHS, LONG_NAME, EdgeTopic, Outcome, parse_topic
from gateway.codecs.sparkplug_wire import Payload, read_payload
from gateway.codecs.tolerant import Unusable
from gateway.config.bounds import Bounds
from gateway.config.content import EngineOptions
from gateway.engine.edge_node import EdgeNode
from gateway.engine.outputs import Outputs
from gateway.engine.registry import Registry
from gateway.engine.results import EdgeNote
from gateway.reasons import Ignored, Rejected
from gateway.rows import RETAIN, Row

__all__ = ["MOST_METRICS", "EdgeNodes"]

MOST_METRICS = 500_000
"""Names that are remembered, of all nodes."""
_SECOND = 1_000_000_000
_BEHIND = 60 * _SECOND
_HOUR = 3600 * _SECOND


class EdgeNodes:
    """Never called concurrently."""

    def __init__(self, most_metrics: int = MOST_METRICS) -> None:
        self.nodes: dict[tuple[str, str], EdgeNode] = {}
        self._most_metrics = most_metrics
        self._metrics = self._devices = 0
        self._troubled: set[tuple[str, str]] = set()
        self._presence: dict[tuple[str, str], int] = {}
        self._registry = Registry()
        self._bounds = Bounds()
        self._most_devices = 0
        self._reorder_ns = self._rebirth_ns = 0

    def configure(self, options: EngineOptions, registry: Registry) -> None:
        """What they may be at most, and whose devices they tell of."""
        self._registry, self._bounds = registry, options.bounds
        self._most_devices = min(options.max_devices, options.max_met_devices or options.max_devices)
        self._reorder_ns, self._rebirth_ns = options.reorder_ns, options.rebirth_ns

    def take(self, row: Row, profile: str, out: Outputs, *, replayed: bool) -> Outcome:
        """A Sparkplug message of a profile, in order of receipt; of a replayed one with its first receipt."""
        if row.flags & RETAIN:
            return Ignored.RETAINED  # nothing of the namespace that we read may be retained; it is of some time ago
        topic = parse_topic(row.topic)
        try:
            payload = read_payload(row.payload, self._bounds)
        except Unusable as unusable:
            return unusable.reason, unusable.detail
        name = topic.group, topic.node
        node = self.nodes.get(name)
        if replayed:
            return (node or EdgeNode()).again(topic, payload, row.received_at)
        full = self._full(node, topic, payload)
        if full:
            return Rejected.NODE_LIMIT, full
        if node is None:
            node = self.nodes[name] = EdgeNode()
        node.source = row.source
        measured = topic.type in BIRTHS or topic.device not in node.devices
        before = (node.held, len(node.devices)) if measured else (0, 0)
        outcome = node.take(topic, profile, payload, row.received_at)
        if measured:
            self._metrics += node.held - before[0]
            self._devices += len(node.devices) - before[1]
        self._after(name, node, profile, row.received_at, out)
        return outcome

    def tick(self, now: int, horizon: int, out: Outputs) -> None:
        """Note who came and went, and ask for births; everything up to `horizon` has been read."""
        # only by now has the registry met those that were born in this call
        for (profile, key), offline_since in self._presence.items():
            index = self._registry.find(profile, key)
            if index >= 0:
                self._registry.offline[index] = offline_since
        self._presence.clear()
        if not self._rebirth_ns or now - horizon > _BEHIND:
            return
        for name in sorted(self._troubled):
            node = self.nodes[name]
            why = node.due(horizon, self._reorder_ns)
            if not why or now - node.asked_at < self._wait(node):
                continue
            node.asked = 1 if now - node.asked_at > 2 * _HOUR else node.asked + 1
            node.asked_at = now
            out.edges.append(EdgeNote("rebirth", *name, "", now, node.source, why))
            out.count("beside", "rebirths_asked")

    def _wait(self, node: EdgeNode) -> int:
        if not node.asked:
            return 0
        return min(self._rebirth_ns << min(node.asked - 1, 20), max(_HOUR, self._rebirth_ns))

    def _full(self, node: EdgeNode | None, topic: EdgeTopic, payload: Payload) -> str:
        """Why a message can't be followed; "": it can."""
        fresh = (node is None) + (node is None or topic.device not in node.devices)
        if fresh and len(self.nodes) + self._devices + fresh > 2 * self._most_devices:
            return (
                "as many edge nodes and their devices are followed as engine.max_devices and engine.max_met_devices "
                "let, twice the lesser of the two: raise it"
            )
        if topic.type in BIRTHS:
            known = 0 if node is None or topic.device not in node.devices else node.devices[topic.device].aliases.weight
            named = sum(1 + len(metric.name or "") // LONG_NAME for metric in payload.metrics)
            if self._metrics - known + named > self._most_metrics:
                return f"births name more than {self._most_metrics} metrics in all"
        return ""

    def _after(self, name: tuple[str, str], node: EdgeNode, profile: str, received_at: int, out: Outputs) -> None:
        if node.lost:
            out.count("beside", "missing", node.lost, profile=profile)
            node.lost = 0
        if node.troubles:
            self._troubled.add(name)
        else:
            self._troubled.discard(name)
        for changed in node.changed:
            device = node.devices[changed]
            key = EdgeTopic(name[0], "", name[1], changed).key
            self._presence[device.profile, key] = device.offline_since
            kind, at = ("offline", device.offline_since) if device.offline_since else ("online", received_at)
            out.edges.append(EdgeNote(kind, *name, changed, at, node.source))
        node.changed.clear()

    def snapshot(self) -> list[list[Any]]:
        """Everything, as plain lists."""
        return [[*name, node.snapshot()] for name, node in self.nodes.items()]

    @classmethod
    def restore(cls, state: Sequence[Sequence[Any]]) -> "EdgeNodes":
        """The nodes that gave `state`."""
        made = cls()
        for group, node, its in state:
            one = made.nodes[group, node] = EdgeNode.restore(its)
            made._metrics += one.held
            made._devices += len(one.devices)
            if one.troubles:
                made._troubled.add((group, node))
        return made
