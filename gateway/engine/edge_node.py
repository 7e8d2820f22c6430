"""One Sparkplug edge node: what its births have named, which message comes next, and whether a birth is wanted.

    NBIRTH --> born: names anew, numbers from its seq on, troubles over; its devices wait for their DBIRTH
    DBIRTH --> that device is born             DDEATH --> it is not, since the payload's time
    NDEATH --> neither node nor devices are, since its receipt; of another bdSeq than the birth's: nothing
    NDATA, DDATA --> named by the births, or rejected

    number = expected        next                      troubles: no birth | an alias or a device that no birth named |
           ahead of it       those between are missing           numbers missing
           missing           one less is                  each stands until what it lacks has come; after the reorder
           behind            a copy: nothing              timeout it is a reason to ask for a rebirth (edge_nodes.py)

Numbers run modulo 256 over all messages of the node but NDEATH; whichever number an NBIRTH has is taken (the text says
zero in one place and 0-255 in another). bdSeq is compared for equality only: stacks restart it at 0. A will that
overtakes the birth of the next session with the same bdSeq is believed; the next data then asks for a rebirth.
Source: Eclipse Sparkplug 3.0, 5.4 (births), 5.6 (deaths), 5.9 (ordering), 6.4 (payloads).
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.codecs.sparkplug import BD_SEQ, Aliases, EdgeTopic, Outcome, resolve
from gateway.codecs.sparkplug_wire import Payload
from gateway.reasons import Ignored

__all__ = ["EdgeDevice", "EdgeNode", "bd_seq_of"]

_NUMBERS, _HALF = 256, 128
_BIRTH, _GAP, _LOST = "birth", "gap", "lost"
_UNBORN_NODE = "no NBIRTH of its edge node has come"
_UNBORN = "no birth of it has come since its edge node's"


@dataclass(slots=True)
class EdgeDevice:
    """A device of a node; the one without a name is the node itself."""

    profile: str
    """Of the newest topic that it spoke on."""
    born: bool = False
    offline_since: int = 0
    """UTC ns of its death; 0: none, or born again."""
    aliases: Aliases = field(default_factory=Aliases)


@dataclass(slots=True)
class EdgeNode:
    """State and rules; times are UTC ns. Never called concurrently."""

    source: int = 0
    """The connection that its newest message came by."""
    born: bool = False
    bd_seq: int | None = None
    heard_since: int = 0
    """Receipt of the first message since the last death; 0: none yet."""
    since: int = 0
    until: int = 0
    """Receipts of the session that the newest births are of; aliases of others may differ. 0: it goes on."""
    expected: int = -1
    """The next number; -1: any."""
    missing: list[int] = field(default_factory=list)
    newest_ms: int = 0
    """The latest payload time of a numbered message."""
    devices: dict[str, EdgeDevice] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    """What is lacking, and since when: `birth`, `gap` (may still fill), `lost`, or of a `device/`."""
    asked_at: int = 0
    asked: int = 0
    """Requests in a row without an hour's peace between them."""
    lost: int = 0
    """Change in the number of missing messages since it was last taken."""
    changed: list[str] = field(default_factory=list)
    """Devices that came or went since it was last taken."""

    @property
    def held(self) -> int:
        """Metrics that are remembered, a long name counted as several."""
        return sum(device.aliases.weight for device in self.devices.values())

    def take(self, topic: EdgeTopic, profile: str, payload: Payload, received_at: int) -> Outcome:
        """A message, in order of receipt."""
        device = self.devices.get(topic.device)
        if device is None:
            device = self.devices[topic.device] = EdgeDevice(profile)
        device.profile = profile
        match topic.type:
            case "NBIRTH":
                self._node_birth(payload, received_at)
            case "NDEATH":
                self._node_death(payload, received_at)
                return Ignored.SESSION
            case _:
                self._count(payload, received_at)
        if topic.type == "DDEATH":
            device.born = False
            told = received_at if payload.ts is None else min(payload.ts * 1_000_000, received_at)
            device.offline_since = max(told, 1)
            self.changed.append(topic.device)
            self.troubles.pop(topic.device + "/", None)
            return Ignored.SESSION
        if topic.type in ("NBIRTH", "DBIRTH"):
            if device.offline_since or not len(device.aliases):
                self.changed.append(topic.device)
            device.aliases, device.born, device.offline_since = Aliases.of(payload.metrics), True, 0
            self.troubles.pop(topic.device + "/", None)
        return self._named(topic, device, payload, received_at)

    def again(self, topic: EdgeTopic, payload: Payload, first_received_at: int) -> Outcome:
        """A message from the dead letters: named by what births say now, and nothing else follows from it."""
        device = self.devices.get(topic.device)
        of_it = self.since and self.since <= first_received_at and (not self.until or first_received_at <= self.until)
        aliases = device.aliases if device is not None and of_it else Aliases()
        if topic.type in ("NBIRTH", "DBIRTH"):
            aliases = Aliases.of(payload.metrics)
        why = "" if len(aliases) else "the birth of its session has not come, or its session is over"
        return resolve(topic, payload, aliases, why)

    def due(self, horizon: int, reorder_ns: int) -> str:
        """The trouble that has stood longer than messages overtake each other, seen at `horizon`; "": none."""
        if not self.troubles:
            return ""
        what = min(self.troubles, key=lambda name: (self.troubles[name], name))
        if horizon - self.troubles[what] < reorder_ns:
            return ""
        if what in (_GAP, _LOST):  # only a node that is born has any
            return "numbered messages are missing"
        if not self.born:
            return "its birth is missing"
        return f"the birth of {what[:-1] or 'the node'} is missing or lacks an alias"

    def _node_birth(self, payload: Payload, received_at: int) -> None:
        bd_seq = bd_seq_of(payload)
        if not self.born or bd_seq != self.bd_seq:
            # what came without a birth and without a death before this is of this session
            self.since = received_at if self.born else self.heard_since or received_at
            self.until = 0
            for device in self.devices.values():
                device.aliases = Aliases()
        self.heard_since = self.heard_since or received_at
        self.born, self.bd_seq = True, bd_seq
        self.expected = -1 if payload.seq is None else (payload.seq + 1) % _NUMBERS
        self.missing.clear()
        self.troubles.clear()
        self.newest_ms = payload.ts or 0
        for device in self.devices.values():
            device.born = False

    def _node_death(self, payload: Payload, received_at: int) -> None:
        bd_seq = bd_seq_of(payload)
        if self.born and None not in (bd_seq, self.bd_seq) and bd_seq != self.bd_seq:
            return
        self.born, self.expected, self.heard_since = False, -1, 0
        self.until = self.until or received_at
        self.missing.clear()
        self.troubles.clear()
        for name, device in self.devices.items():
            device.born = False
            if not device.offline_since:
                device.offline_since = received_at
                self.changed.append(name)

    def _named(self, topic: EdgeTopic, device: EdgeDevice, payload: Payload, received_at: int) -> Outcome:
        self.heard_since = self.heard_since or received_at
        if not self.born:
            self.troubles.setdefault(_BIRTH, received_at)
        why = "" if device.born else _UNBORN if self.born else _UNBORN_NODE
        outcome = resolve(topic, payload, device.aliases if device.born else Aliases(), why)
        unnamed = isinstance(outcome, tuple) or (not isinstance(outcome, Ignored) and bool(outcome.unknown))
        if not device.born or (unnamed and topic.type in ("NDATA", "DDATA")):
            self.troubles.setdefault(topic.device + "/", received_at)
        return outcome

    def _count(self, payload: Payload, received_at: int) -> None:
        """Follow the number of a message that is no NBIRTH."""
        if payload.seq is None or not self.born:
            return
        number, told = payload.seq % _NUMBERS, payload.ts or 0
        if self.expected < 0:
            self.expected = number
        ahead = (number - self.expected) % _NUMBERS
        if number in self.missing:
            self.missing.remove(number)
            self.lost -= 1
            if not self.missing:
                self.troubles.pop(_GAP, None)
        # a number from behind with a later time is no copy: more than half a round was lost
        elif ahead < _HALF or told > self.newest_ms:
            self.expected = (number + 1) % _NUMBERS
            self.lost += ahead
            if ahead:
                self.missing += [(number - k) % _NUMBERS for k in range(ahead, 0, -1)]
                self.troubles.setdefault(_GAP, received_at)
            if self.missing:
                self._give_up(received_at)
        self.newest_ms = max(self.newest_ms, told)

    def _give_up(self, received_at: int) -> None:
        """Numbers of half a round ago don't come any more: theirs would be taken for new ones."""
        still = [number for number in self.missing if (self.expected - number) % _NUMBERS <= _HALF]
        if len(still) < len(self.missing):
            self.troubles.setdefault(_LOST, self.troubles.get(_GAP, received_at))
            self.missing = still

    def snapshot(self) -> list[Any]:
        """Everything, as plain lists."""
        devices = [
            [name, each.profile, each.born, each.offline_since, list(each.aliases.names.items()),
             list(each.aliases.types.items())]
            for name, each in self.devices.items()
        ]  # fmt: skip
        return [
            self.source, self.born, self.bd_seq, self.heard_since, self.since, self.until, self.expected,
            list(self.missing), self.newest_ms, devices, list(self.troubles.items()), self.asked_at, self.asked,
        ]  # fmt: skip

    @classmethod
    def restore(cls, state: list[Any]) -> "EdgeNode":
        """The node that gave `state`."""
        source, born, bd_seq, heard_since, since, until, expected, missing, *rest = state
        newest_ms, devices, troubles, asked_at, asked = rest
        known = {
            name: EdgeDevice(profile, alive, offline, Aliases(dict(names), dict(types)))
            for name, profile, alive, offline, names, types in devices
        }
        return cls(
            source, born, bd_seq, heard_since, since, until, expected, list(missing), newest_ms, known, dict(troubles),
            asked_at, asked,
        )  # fmt: skip


def bd_seq_of(payload: Payload) -> int | None:
    """The number that pairs a node's birth with its death; None: it tells none."""
    for metric in payload.metrics:
        if metric.name == BD_SEQ and isinstance(metric.value, int):
            return int(metric.value)
    return None
