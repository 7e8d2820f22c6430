"""Subscribing by difference: what we want against what the session at the broker is known to hold.

    session   known to hold         we send
    new       nothing               SUBSCRIBE all wanted
    resumed   what it granted us    SUBSCRIBE what is missing, UNSUBSCRIBE what is no longer wanted
    resumed   unknown (restart)     SUBSCRIBE all wanted: harmless, retain handling 1 repeats no retained message
    living    what it granted us    SUBSCRIBE what is new; when that is answered UNSUBSCRIBE what is no longer wanted
    doubted   (a silent broker)     SUBSCRIBE all wanted

A refused filter is asked for again after a minute, later ever more rarely, and on every connection: the broker's rules
may be mended. It is told once. A broker that hangs up instead of answering such a question twice is not asked again.
What is for ourselves comes last, each alone: the topic of the canary, and the broker's `$SYS` counter, because rumqttd
answers that by hanging up.
"""

from collections.abc import Collection, Iterable, Sequence

import mqtt5

from gateway.config.filters import filters_overlap
from gateway.mqtt.signals import FilterGranted, FilterRefused, QosLowered, Signal, Subscribed, WatchRefused

__all__ = ["DROPPED_TOPIC", "DropCounter", "Subscriptions"]

DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
"""mosquitto's count of messages that it dropped, for all its clients together."""
_FILTERS_A_PACKET = 64
_REFUSED_FROM = 128
_NO_SHARED = 0x9E
_TRIES = 2
_AGAIN_SECS, _AGAIN_MOST_SECS = 60.0, 3600.0


class DropCounter:
    """The broker's counter, over all connections."""

    def __init__(self) -> None:
        self._count: int | None = None

    def more(self, payload: bytes) -> int:
        """How many it dropped since the last time that it told."""
        if not payload.isdigit():
            return 0
        count, before = int(payload[:20]), self._count
        self._count = count
        if before is None:  # what happened before we looked
            return 0
        return count - before if count >= before else count  # the broker began anew


class Subscriptions:
    """The filters of one session, over all its connections."""

    def __init__(
        self, wanted: Sequence[str], qos: int, *, watch: bool, known: Collection[str] = (), canary: str = ""
    ) -> None:
        """known: filters that an earlier process may have left in the session; canary: a topic of our own."""
        self.wanted = tuple(wanted)
        self.refused: dict[str, int] = {}
        self.canary_code: int | None = None
        """The broker's answer about the canary's topic on this connection, once it came."""
        self._canary = canary
        self._canary_id = 0
        self._canary_held = False
        self._qos = mqtt5.QoS(qos)
        self._watch = watch
        self._granted: set[str] = set()
        self._left_over = set(known) - {*wanted, canary}
        self._asked: dict[int, list[str]] = {}
        self._again: dict[int, list[str]] = {}
        self._again_at: float | None = None
        self._again_secs = _AGAIN_SECS
        self._again_cut = 0
        self._unasked: dict[int, list[str]] = {}
        self._watch_id = 0
        self._watch_cut = 0
        self._watch_granted = False
        self._ready = False
        self._next_id = 0

    @property
    def settled(self) -> bool:
        """Everything that was asked of the broker on this connection has its answer."""
        return self._ready and not self._asked and not self._unasked

    @property
    def session_filters(self) -> list[str]:
        """What the session at the broker may hold; a next process gets it as `known`."""
        return sorted(self._granted | self._left_over | ({self._canary} if self._canary_held else set()))

    def doubt(self) -> None:
        """The broker may have lost what it granted: ask for everything on the next connection."""
        self._granted.clear()

    def begin(self, *, session_present: bool, shared: bool = True) -> tuple[bytes, list[Signal]]:
        """After CONNACK: the packets to send. shared: the broker does shared subscriptions."""
        signals: list[Signal] = []
        if self._watch_id:  # no answer before the connection ended: a cut, or the broker's way to refuse
            self._watch_cut += 1
            if self._watch_cut == _TRIES:
                self._watch = False
                signals.append(WatchRefused())
        self._again_cut += bool(self._again)
        if not session_present:
            self._granted.clear()
            self._left_over.clear()
            self._watch_granted = self._canary_held = False
        self._asked.clear()
        self._again.clear()
        self._again_at = None
        self._unasked.clear()
        self._watch_id = self._canary_id = 0
        self.canary_code = None
        self._ready = False
        missing = [pattern for pattern in self.wanted if pattern not in self._granted]
        if not shared:
            signals += self._refuse([pattern for pattern in missing if pattern.startswith("$share/")], _NO_SHARED)
            missing = [pattern for pattern in missing if not pattern.startswith("$share/")]
        if self._again_cut >= _TRIES:
            missing = [pattern for pattern in missing if pattern not in self.refused]
        packets = self._subscribe(missing, self._asked) + self._unsubscribe(self._left_over.difference(self.wanted))
        more, ready = self._finish()
        return packets + more, signals + ready

    def change(self, wanted: Sequence[str]) -> bytes:
        """Want other filters from now on: the packets to send on an open session; on a closed one `begin` asks.

        What was refused is asked again, for the broker's rules may have changed too.
        """
        self.wanted = tuple(wanted)
        self.refused = {pattern: code for pattern, code in self.refused.items() if code == _NO_SHARED}
        self._again_cut = 0
        self._left_over |= self._granted - set(wanted)
        self._granted &= set(wanted)
        return self._go_on() if self._ready else b""  # else what is on its way is answered first

    def _go_on(self) -> bytes:
        """Ask for what is missing; once all of it is answered, give up what nobody wants."""
        due = {pattern for some in self._asked.values() for pattern in some}
        known = self._granted | self.refused.keys() | due
        packets = self._subscribe([pattern for pattern in self.wanted if pattern not in known], self._asked)
        if self._asked:
            return packets
        # what a refused filter was to take the place of stays
        return self._unsubscribe(
            pattern for pattern in self._left_over.difference(self.wanted)
            if not any(filters_overlap(pattern, refused) for refused in self.refused)
        )  # fmt: skip

    def _subscribe(self, patterns: Sequence[str], due: dict[int, list[str]]) -> bytes:
        packets = []
        for some in _parts(patterns):
            packet_id = self.packet_id()
            due[packet_id] = some
            packets.append(mqtt5.SubscribePacket(packet_id, [self._filter(pattern) for pattern in some]).write())
        return b"".join(packets)

    def _unsubscribe(self, patterns: Iterable[str]) -> bytes:
        packets = []
        due = {pattern for some in self._unasked.values() for pattern in some}
        for pattern in sorted(set(patterns) - due):
            packet_id = self.packet_id()
            self._unasked[packet_id] = [pattern]  # one each: rumqttd has one answer for several
            packets.append(mqtt5.UnsubscribePacket(packet_id, [pattern]).write())
        return b"".join(packets)

    def tick(self, now: float) -> bytes:
        """Ask again for what was refused, where it is time. now: monotonic seconds."""
        refused = [pattern for pattern, code in self.refused.items() if code != _NO_SHARED]
        if not self._ready or not refused or self._again or self._again_cut >= _TRIES:
            return b""
        if self._again_at is None:
            self._again_at = now + self._again_secs
        if now < self._again_at:
            return b""
        self._again_at = None
        self._again_secs = min(2 * self._again_secs, _AGAIN_MOST_SECS)
        return self._subscribe(refused, self._again)

    def on_suback(self, packet: mqtt5.SubAckPacket) -> tuple[bytes, list[Signal]]:
        """What to send next, and what was refused. Raises ValueError on an answer to nothing that was asked."""
        codes = [int(code) for code in packet.reason_codes]
        if packet.packet_id == self._watch_id:
            self._watch_id = 0
            self._watch_granted = all(code < _REFUSED_FROM for code in codes)
            self._watch = self._watch_granted
            return b"", [] if self._watch_granted else [WatchRefused()]
        if packet.packet_id == self._canary_id and len(codes) == 1:
            self._canary_id = 0
            self.canary_code = codes[0]
            self._canary_held = codes[0] < _REFUSED_FROM
            return b"", []
        asked = self._asked.pop(packet.packet_id, None) or self._again.pop(packet.packet_id, None)
        if asked is None or len(asked) != len(codes):
            raise ValueError("a SUBACK that answers nothing")
        signals: list[Signal] = []
        for pattern, code in zip(asked, codes, strict=True):
            if pattern not in self.wanted:  # a change came before the answer
                self._left_over |= {pattern} if code < _REFUSED_FROM else set()
                continue
            if code >= _REFUSED_FROM:
                signals += self._refuse([pattern], code)
                continue
            if self.refused.pop(pattern, None) is not None:
                signals.append(FilterGranted(pattern))
            self._granted.add(pattern)
            self._left_over.discard(pattern)
            if code < int(self._qos):
                signals.append(QosLowered(pattern))
        more, ready = self._finish()
        return more, signals + ready

    def on_unsuback(self, packet: mqtt5.UnsubAckPacket) -> None:
        """Raises ValueError on an answer to nothing that was asked."""
        asked = self._unasked.pop(packet.packet_id, None)
        if asked is None or len(asked) != len(packet.reason_codes):
            raise ValueError("an UNSUBACK that answers nothing")
        for pattern, code in zip(asked, packet.reason_codes, strict=True):
            if int(code) < _REFUSED_FROM:
                self._left_over.discard(pattern)

    def packet_id(self) -> int:
        """The next one of ours; all that we send share them."""
        self._next_id = self._next_id % 65_535 + 1
        return self._next_id

    def _refuse(self, patterns: Iterable[str], code: int) -> list[Signal]:
        """Note it; what to tell of it: nothing where it was told."""
        signals: list[Signal] = []
        for pattern in patterns:
            if self.refused.get(pattern) != code:
                signals.append(FilterRefused(pattern, code))
            self.refused[pattern] = code
            self._granted.discard(pattern)
        return signals

    def _finish(self) -> tuple[bytes, list[Signal]]:
        if self._asked:
            return b"", []
        packets = self._go_on()
        if self._ready or self._asked:
            return packets, []
        self._ready = True
        if self._canary:
            self._canary_id = self.packet_id()
            packets += _at_most_once(self._canary_id, self._canary)
        if self._watch and not self._watch_granted:
            self._watch_id = self.packet_id()
            packets += _at_most_once(self._watch_id, DROPPED_TOPIC)
        return packets, [Subscribed(len(self._granted))]

    def _filter(self, pattern: str) -> mqtt5.TopicFilter:
        return mqtt5.TopicFilter(
            pattern,
            max_qos=self._qos,
            retain_as_published=False,  # RETAIN then means: a stored message, not a fresh one that was published so
            retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
        )


def _at_most_once(packet_id: int, pattern: str) -> bytes:
    return mqtt5.SubscribePacket(packet_id, [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_MOST_ONCE)]).write()


def _parts(patterns: Iterable[str]) -> list[list[str]]:
    whole = list(patterns)
    return [whole[at : at + _FILTERS_A_PACKET] for at in range(0, len(whole), _FILTERS_A_PACKET)]
