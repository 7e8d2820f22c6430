"""The canary on a session: beside the messages, in none of their counts, and blamed on nobody who is not to blame."""

from typing import Any

import mqtt5

from gateway.mqtt.canary import CanaryState
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session
from gateway.mqtt.signals import CanaryRefused, CanaryReturned, CanarySilent, Signal, Silent, Subscribed
from gateway.rows import Row

TOPIC = "cityloom/canary/loom"


class Broker:
    """Answers a session as it is told. passing: it passes on what is published."""

    def __init__(self, **changes: Any) -> None:
        values: dict[str, Any] = {
            "host": "-", "client_id": "loom", "filters": ("city/#",), "receive_maximum": 4, "canary_topic": TOPIC,
        }  # fmt: skip
        self.session = Session(MqttOptions(**(values | changes)), 5, canary_token="t", canary_proven=True)
        self.passing = True
        self.suback = self.puback = 0
        self.now = 0.0
        self.signals: list[Signal] = []
        self.subscribed: list[str] = []
        self.published: list[mqtt5.PublishPacket] = []

    def state(self) -> CanaryState:
        return self.session.canary.state

    def connect(self, *, session_present: bool = False, **connack: Any) -> None:
        self.session.disconnected()
        self.session.connect(self.now)
        self.hear(mqtt5.ConnAckPacket(session_present=session_present, **connack))

    def hear(self, *packets: mqtt5.Packet) -> None:
        """The session hears these, and answers are exchanged until nobody has anything to say."""
        self.signals += self.session.receive(b"".join(p.write() for p in packets), 1000, self.now)
        data = self.session.data_to_send()
        while data:
            packet, used = mqtt5.read(memoryview(data))
            data = data[used:]
            for answer in self._answers(packet):
                self.signals += self.session.receive(answer.write(), 1000, self.now)
            data += self.session.data_to_send()

    def _answers(self, packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.SubscribePacket():
                self.subscribed += [f.pattern for f in packet.topic_filters]
                codes = [self.suback if f.pattern == TOPIC else int(f.max_qos) for f in packet.topic_filters]
                return [mqtt5.SubAckPacket(packet.packet_id, [mqtt5.SubAckReasonCode(code) for code in codes])]
            case mqtt5.PublishPacket():
                self.published.append(packet)
                answers: list[mqtt5.Packet] = []
                if packet.packet_id is not None:
                    code = mqtt5.PubAckReasonCode(self.puback)
                    answers.append(mqtt5.PubAckPacket(packet.packet_id, reason_code=code))
                return [*answers, mqtt5.PublishPacket(packet.topic, packet.payload)] if self.passing else answers
            case mqtt5.PingReqPacket():
                return [mqtt5.PingRespPacket()]
            case _:
                return []

    def pass_time(self, secs: float, *, reading: bool = True) -> None:
        """Look four times a second."""
        for _ in range(int(secs * 4)):
            self.now += 0.25
            if not reading:
                self.session.heard(self.now - 0.001)  # as the connection does: a little before
            self.signals += self.session.tick(1000, self.now)
            self.hear()

    def told(self, *kinds: type) -> list[Signal]:
        return [signal for signal in self.signals if isinstance(signal, kinds)]


def _rows(session: Session) -> list[Row]:
    handover = session.take()
    return [] if handover is None else list(handover.rows)


def test_it_goes_out_when_the_filters_are_subscribed_and_returns_as_no_message() -> None:
    broker = Broker()
    broker.connect()
    assert broker.subscribed == ["city/#", TOPIC]
    assert broker.told(Subscribed, CanaryReturned) == [Subscribed(1), CanaryReturned()]
    broker.pass_time(100.0)
    assert 9 <= len(broker.published) <= 11
    assert (broker.session.inflow.received, broker.session.take()) == (0, None)
    assert broker.told(CanarySilent) == []


def test_between_messages_at_qos_0_it_is_none_of_them() -> None:
    broker = Broker(qos=0)
    broker.connect()
    payload = broker.published[0].payload
    stream = [
        mqtt5.PublishPacket("city/a", b"1"),
        mqtt5.PublishPacket(TOPIC, payload),
        mqtt5.PublishPacket("city/a", b"2"),
    ]
    broker.hear(*stream)
    assert [row.payload for row in _rows(broker.session)] == [b"1", b"2"]
    assert broker.session.inflow.received == 2
    broker.session.shed_qos0 = True
    broker.session.close()
    broker.hear(*stream)
    assert (broker.session.inflow.received, broker.session.inflow.shed) == (4, 2)  # the two messages of the city


def test_silence_is_told_and_everything_is_subscribed_again_on_the_next_connection() -> None:
    broker = Broker()
    broker.connect()
    broker.passing = False
    broker.pass_time(45.0)
    assert len(broker.told(CanarySilent)) == 1
    assert broker.state() is CanaryState.SILENT
    broker.subscribed.clear()
    broker.passing = True
    broker.connect(session_present=True)
    assert broker.subscribed == ["city/#", TOPIC]
    assert broker.state() is CanaryState.RETURNING
    broker.subscribed.clear()
    broker.connect(session_present=True)
    assert broker.subscribed == [TOPIC]  # by difference again


def test_a_network_that_is_cut_half_open_is_found_though_it_goes_out_again_and_again() -> None:
    broker = Broker(keep_alive_secs=30, canary_secs=1.0)
    broker.connect()
    cut_at = broker.now
    while not broker.told(Silent):
        broker.now += 0.25
        broker.signals += broker.session.tick(1000, broker.now)
        broker.session.data_to_send()  # and nobody hears it
        assert broker.now - cut_at < 31.0
    assert broker.told(CanarySilent) == []


def test_it_is_not_missed_while_acknowledgements_of_ours_are_stuck() -> None:
    broker = Broker()
    broker.connect()
    broker.passing = False
    broker.hear(mqtt5.PublishPacket("city/a", b"1", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=1))
    broker.pass_time(300.0)  # the inbox is full: nothing is durable
    assert broker.told(CanarySilent) == []
    assert len(_rows(broker.session)) == 1
    broker.session.acknowledge(1)
    broker.pass_time(40.0)
    assert len(broker.told(CanarySilent)) == 1


def test_it_is_missed_while_messages_come_and_are_acknowledged() -> None:
    broker = Broker()
    broker.connect()
    broker.passing = False
    for packet_id in range(1, 161):
        broker.hear(mqtt5.PublishPacket("city/a", b"%d" % packet_id, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id))
        broker.session.acknowledge(len(_rows(broker.session)))
        broker.pass_time(0.25)
    assert len(broker.told(CanarySilent)) == 1


def test_it_is_not_missed_while_we_do_not_read() -> None:
    broker = Broker()
    broker.connect()
    broker.passing = False
    broker.pass_time(300.0, reading=False)
    assert broker.told(CanarySilent) == []


def test_a_broker_whose_rules_forbid_it_is_used_without_it() -> None:
    subscribing, publishing = Broker(), Broker()
    subscribing.suback = publishing.puback = 0x87
    for broker, doing in ((subscribing, "subscribe"), (publishing, "publish")):
        broker.passing = False
        broker.connect()
        broker.pass_time(100.0)
        assert broker.told(CanaryRefused, CanarySilent) == [CanaryRefused(doing, 0x87)]
        assert broker.state() is CanaryState.REFUSED


def test_at_a_broker_without_qos_1_it_asks_for_no_puback() -> None:
    broker = Broker(qos=0)
    broker.connect(max_qos=mqtt5.QoS.AT_MOST_ONCE)
    assert [packet.qos for packet in broker.published] == [mqtt5.QoS.AT_MOST_ONCE]


def test_where_there_is_none_nothing_is_published() -> None:
    broker = Broker(canary_topic="")
    broker.connect()
    broker.pass_time(100.0)
    assert (broker.subscribed, broker.published) == (["city/#"], [])
    assert broker.state() is CanaryState.OFF
