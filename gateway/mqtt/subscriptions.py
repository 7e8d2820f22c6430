"""Subscribing by difference: what we want against what the session at the broker is known to hold.

    session   known to hold         we send
    new       nothing               SUBSCRIBE all wanted
    resumed   what it granted us    SUBSCRIBE what is missing, UNSUBSCRIBE what is no longer wanted
    resumed   unknown (restart)     SUBSCRIBE all wanted: harmless, retain handling 1 repeats no retained message

A refused filter stays refused: asking again gives the same answer until somebody changes the broker's rules, and then a
restart asks again. The broker's `$SYS` counter is asked for last and alone, because rumqttd answers by hanging up.
"""

from collections.abc import Collection, Iterable, Sequence

import mqtt5

from gateway.mqtt.signals import FilterRefused, QosLowered, Signal, Subscribed, WatchRefused

__all__ = ["DROPPED_TOPIC", "Subscriptions"]

DROPPED_TOPIC = "$SYS/broker/publish/messages/dropped"
"""mosquitto's count of messages that it dropped, for all its clients together."""
_FILTERS_A_PACKET = 64
_REFUSED_FROM = 128
_WATCH_TRIES = 2


class Subscriptions:
    """The filters of one session, over all its connections."""

    def __init__(self, wanted: Sequence[str], qos: int, *, watch: bool, known: Collection[str] = ()) -> None:
        """known: filters that an earlier process may have left in the session."""
        self.wanted = tuple(wanted)
        self.refused: dict[str, int] = {}
        self._qos = mqtt5.QoS(qos)
        self._watch = watch
        self._granted: set[str] = set()
        self._left_over = set(known) - set(wanted)
        self._asked: dict[int, list[str]] = {}
        self._unasked: dict[int, list[str]] = {}
        self._watch_id = 0
        self._watch_cut = 0
        self._watch_granted = False
        self._ready = False
        self._next_id = 0

    @property
    def session_filters(self) -> list[str]:
        """What the session at the broker may hold; a next process gets it as `known`."""
        return sorted(self._granted | self._left_over)

    def begin(self, *, session_present: bool) -> tuple[bytes, list[Signal]]:
        """After CONNACK: the packets to send."""
        signals: list[Signal] = []
        if self._watch_id:  # no answer before the connection ended: a cut, or the broker's way to refuse
            self._watch_cut += 1
            if self._watch_cut == _WATCH_TRIES:
                self._watch = False
                signals.append(WatchRefused())
        if not session_present:
            self._granted.clear()
            self._left_over.clear()
            self._watch_granted = False
        self._asked.clear()
        self._unasked.clear()
        self._watch_id = 0
        self._ready = False
        packets = []
        missing = [pattern for pattern in self.wanted if pattern not in self._granted and pattern not in self.refused]
        for some in _parts(missing):
            packet_id = self._packet_id()
            self._asked[packet_id] = some
            packets.append(mqtt5.SubscribePacket(packet_id, [self._filter(pattern) for pattern in some]).write())
        for some in _parts(sorted(self._left_over)):
            packet_id = self._packet_id()
            self._unasked[packet_id] = some
            packets.append(mqtt5.UnsubscribePacket(packet_id, some).write())
        more, ready = self._finish()
        return b"".join(packets) + more, signals + ready

    def on_suback(self, packet: mqtt5.SubAckPacket) -> tuple[bytes, list[Signal]]:
        """What to send next, and what was refused. Raises ValueError on an answer to nothing that was asked."""
        codes = [int(code) for code in packet.reason_codes]
        if packet.packet_id == self._watch_id:
            self._watch_id = 0
            self._watch_granted = all(code < _REFUSED_FROM for code in codes)
            self._watch = self._watch_granted
            return b"", [] if self._watch_granted else [WatchRefused()]
        asked = self._asked.pop(packet.packet_id, None)
        if asked is None or len(asked) != len(codes):
            raise ValueError("a SUBACK that answers nothing")
        signals: list[Signal] = []
        for pattern, code in zip(asked, codes, strict=True):
            if code >= _REFUSED_FROM:
                self.refused[pattern] = code
                signals.append(FilterRefused(pattern, code))
                continue
            self._granted.add(pattern)
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

    def _finish(self) -> tuple[bytes, list[Signal]]:
        if self._ready or self._asked:
            return b"", []
        self._ready = True
        packets = b""
        if self._watch and not self._watch_granted:
            self._watch_id = self._packet_id()
            at_most_once = mqtt5.TopicFilter(DROPPED_TOPIC, max_qos=mqtt5.QoS.AT_MOST_ONCE)
            packets = mqtt5.SubscribePacket(self._watch_id, [at_most_once]).write()
        return packets, [Subscribed(len(self._granted))]

    def _filter(self, pattern: str) -> mqtt5.TopicFilter:
        return mqtt5.TopicFilter(
            pattern,
            max_qos=self._qos,
            retain_as_published=False,  # RETAIN then means: a stored message, not a fresh one that was published so
            retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
        )

    def _packet_id(self) -> int:
        self._next_id = self._next_id % 65_535 + 1
        return self._next_id


def _parts(patterns: Iterable[str]) -> list[list[str]]:
    whole = list(patterns)
    return [whole[at : at + _FILTERS_A_PACKET] for at in range(0, len(whole), _FILTERS_A_PACKET)]
