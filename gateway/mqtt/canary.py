"""A message to ourselves: does the broker still pass on what is published? Pure: no I/O, no clock.

A broker can be connected, answer pings and yet pass nothing on: a subscription silently gone, a cluster node half dead.
So a small message is published now and then on a topic of our own, which this connection has subscribed to.

    publish (QoS 1) + PINGREQ -->  broker  --> PINGRESP: all that the broker sent before it has come through
                                           --> the message itself, at QoS 0: it takes no place in the receive window
    PINGRESP and then no message for `patience` seconds: silent.   PUBACK with a reason code: we may not publish it.

Starting with the PINGRESP, a slow link, a delay or a backlog in front of it costs nothing of the patience. Time in
which we hold the broker up ourselves (reading stopped, PUBACKs owed and none leaving) doesn't count, nor does more than
a second between two looks: we were stopped then. Any return clears what is out: a single one may be lost, as QoS 0 may.

One that never came back, in this run or an earlier one, proves nothing: the broker's rules may forbid it, and mosquitto
says nothing when they do. It is tried on two connections and then not relied upon; it counts from its first return on.
Where publishing is refused it ends for this run: mosquitto 2.0.11 says so and hangs up, others just hang up.
"""

from enum import StrEnum

import mqtt5

from gateway.mqtt.signals import CanaryRefused, CanaryReturned, CanarySilent, CanaryUnproven, Signal

__all__ = ["Canary", "CanaryState"]

_CUTS = 3
"""Connections in a row that ended before the PUBACK came: the broker's way to refuse."""
_TRIES = 2
"""Connections on which one that never came back is waited for."""
_LONGEST_LOOK_SECS = 1.0
_REFUSED_FROM = 128


class CanaryState(StrEnum):
    """What the canary of a connection says."""

    OFF = "off"
    WAITING = "waiting"
    """None has come back on this connection yet."""
    RETURNING = "returning"
    SILENT = "silent"
    """It did not come back, though it did before: the connection is made anew until it does."""
    UNPROVEN = "unproven"
    """It never came back: not relied upon."""
    REFUSED = "refused"
    """The broker's rules forbid it: not relied upon."""


class Canary:
    """Of one session, over all its connections. topic empty: off. token: tells our messages from any other."""

    def __init__(self, topic: str, every: float, patience: float, token: str, *, proven: bool) -> None:
        """every: seconds between two; proven: one came back in an earlier run."""
        self.topic = topic
        self.state = CanaryState.WAITING if topic else CanaryState.OFF
        self.proven = proven
        """One came back once, so that it can."""
        self._every = every
        self._patience = patience
        self._token = token
        self._serial, self._first = 0, 1
        self.asked = False
        """Whether the broker answered the subscription on this connection."""
        self._open = False
        self._sent_at = self._out_since = self._looked_at = 0.0
        self._out = False
        self._waited = 0.0
        self._in_vain = 0
        self._packet_id = 0
        self._told = False
        self._cut = 0
        self._ended = False

    def begin(self) -> None:
        """A connection begins, or is gone."""
        self._cut = self._cut + 1 if self._packet_id else self._cut
        self.asked = self._open = self._out = False
        self._first = self._serial + 1
        self._packet_id = 0
        if self.state is CanaryState.RETURNING:
            self.state = CanaryState.WAITING

    def subscribed(self, code: int) -> list[Signal]:
        """The broker answered the subscription of `topic`."""
        self.asked = True
        if code >= _REFUSED_FROM:
            return self._refused("subscribe", code)
        if self._cut >= _CUTS:
            self._ended = True
            return self._refused("publish", None)
        if self._ended:
            return []
        self._open = True
        if self.state is CanaryState.REFUSED:
            self.state = CanaryState.WAITING
        return []

    def due(self, now: float) -> bool:
        """Whether to publish the next one."""
        return self._open and (self._serial < self._first or now - self._sent_at >= self._every)

    def packet(self, packet_id: int, now: float, *, acknowledged: bool) -> bytes:
        """The next one to send, with a PINGREQ behind it. acknowledged: at QoS 1, where the last has its PUBACK."""
        self._serial += 1
        self._sent_at = now
        if not self._out:
            self._out, self._out_since, self._looked_at, self._waited = True, now, now, 0.0
        acknowledged = acknowledged and not self._packet_id
        if acknowledged:
            self._packet_id = packet_id
        return mqtt5.PublishPacket(
            self.topic,
            f"{self._token} {self._serial}".encode(),
            qos=mqtt5.QoS.AT_LEAST_ONCE if acknowledged else mqtt5.QoS.AT_MOST_ONCE,
            packet_id=packet_id if acknowledged else None,
            message_expiry_interval=max(1, round(self._patience)),
        ).write()

    def answered(self, packet_id: int, code: int) -> list[Signal]:
        """A PUBACK. Raises ValueError where it is not ours: we publish nothing else."""
        if not self._packet_id or packet_id != self._packet_id:
            raise ValueError("a PUBACK that answers nothing")
        self._packet_id = self._cut = 0
        if code < _REFUSED_FROM:
            return []
        self._ended = True
        return self._refused("publish", code)

    def came(self, payload: bytes) -> list[Signal]:
        """A message on `topic`. One that is none of this connection's means nothing."""
        token, _, serial = payload[:100].decode("ascii", "replace").partition(" ")
        if token != self._token or not serial.isdecimal() or not self._first <= int(serial) <= self._serial:
            return []
        before, self.state = self.state, CanaryState.RETURNING
        self._out = False
        self._in_vain = 0
        self.proven = True
        return [] if before is CanaryState.RETURNING else [CanaryReturned()]

    def look(self, now: float, answered_at: float, *, held_up: bool) -> list[Signal]:
        """Whether the broker is silent. Call it a few times a second.

        answered_at: when the newest answered PINGREQ was sent; held_up: by ourselves.
        """
        if not self._out:
            return []
        passed, self._looked_at = now - self._looked_at, now
        if answered_at < self._out_since or held_up:
            return []
        self._waited += min(passed, _LONGEST_LOOK_SECS)
        if self._waited < self._patience:
            return []
        self._out = False
        self._in_vain += 1
        if self.proven or self._in_vain < _TRIES:
            self._open = False
            self.state = CanaryState.SILENT
            what = f"answers pings, but what we publish on {self.topic} has not come back for {self._patience:g} s"
            return [CanarySilent(f"the broker {what}")]
        self.state = CanaryState.UNPROVEN
        return self._once(CanaryUnproven())

    def _refused(self, doing: str, code: int | None) -> list[Signal]:
        self._open = self._out = False
        self.state = CanaryState.REFUSED
        return self._once(CanaryRefused(doing, code))

    def _once(self, signal: Signal) -> list[Signal]:
        told, self._told = self._told, True
        return [] if told else [signal]
