"""Other filters on a session that lives: what is new first, what nobody wants after it was granted."""

import mqtt5
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.signals import FilterRefused
from gateway.mqtt.subscriptions import Subscriptions

_REFUSED = 135


class Broker:
    """Keeps a session's filters, answers in order, refuses some."""

    def __init__(self, refuses: frozenset[str] = frozenset()) -> None:
        self.refuses = refuses
        self.holds: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.waiting: list[mqtt5.SubscribePacket | mqtt5.UnsubscribePacket] = []

    def take(self, data: bytes) -> None:
        """Packets come; the session changes at once, as they do."""
        while data:
            packet, used = mqtt5.read(memoryview(data))
            data = data[used:]
            assert isinstance(packet, mqtt5.SubscribePacket | mqtt5.UnsubscribePacket)
            self.waiting.append(packet)
            if isinstance(packet, mqtt5.SubscribePacket):
                self.asked += [("+", each.pattern) for each in packet.topic_filters]
                self.holds |= {each.pattern for each in packet.topic_filters} - self.refuses
            else:
                self.asked += [("-", each) for each in packet.patterns]
                self.holds -= set(packet.patterns)

    def answer(self, subscriptions: Subscriptions) -> list[object]:
        """One answer, the oldest; its signals."""
        packet = self.waiting.pop(0)
        if isinstance(packet, mqtt5.UnsubscribePacket):
            done = [mqtt5.UnsubAckReasonCode.SUCCESS] * len(packet.patterns)
            subscriptions.on_unsuback(mqtt5.UnsubAckPacket(packet.packet_id, done))
            return []
        codes = [_REFUSED if each.pattern in self.refuses else 1 for each in packet.topic_filters]
        granted = [mqtt5.SubAckReasonCode(code) for code in codes]
        data, signals = subscriptions.on_suback(mqtt5.SubAckPacket(packet.packet_id, granted))
        self.take(data)
        return list(signals)

    def settle(self, subscriptions: Subscriptions) -> list[object]:
        """All answers."""
        out: list[object] = []
        while self.waiting:
            out += self.answer(subscriptions)
        return out


def _open(*wanted: str, refuses: frozenset[str] = frozenset()) -> tuple[Subscriptions, Broker]:
    subscriptions, broker = Subscriptions(wanted, 1, watch=False), Broker(refuses)
    broker.take(subscriptions.begin(session_present=False)[0])
    broker.settle(subscriptions)
    broker.asked.clear()
    return subscriptions, broker


def test_what_is_no_longer_wanted_is_given_up_once_what_is_new_was_granted() -> None:
    subscriptions, broker = _open("a/+", "b")
    broker.take(subscriptions.change(["a/#", "b"]))
    assert broker.asked == [("+", "a/#")]
    assert not subscriptions.settled
    broker.settle(subscriptions)
    assert broker.asked == [("+", "a/#"), ("-", "a/+")]
    assert subscriptions.settled
    assert subscriptions.session_filters == ["a/#", "b"]


def test_each_filter_is_given_up_by_itself_for_a_broker_that_has_one_answer_for_several() -> None:
    subscriptions, broker = _open("a", "b", "c")
    broker.take(subscriptions.change(["c"]))
    assert [len(packet.patterns) for packet in broker.waiting if isinstance(packet, mqtt5.UnsubscribePacket)] == [1, 1]


def test_fewer_filters_are_given_up_at_once_and_the_same_ones_ask_for_nothing() -> None:
    subscriptions, broker = _open("a", "b")
    broker.take(subscriptions.change(["a"]))
    assert broker.asked == [("-", "b")]
    broker.settle(subscriptions)
    assert subscriptions.change(["a"]) == b""
    assert subscriptions.settled


def test_what_a_refused_filter_was_to_take_the_place_of_stays() -> None:
    subscriptions, broker = _open("a/x", "b", refuses=frozenset({"a/#"}))
    broker.take(subscriptions.change(["a/#"]))
    assert FilterRefused("a/#", _REFUSED) in broker.settle(subscriptions)
    assert broker.holds == {"a/x"}
    assert subscriptions.session_filters == ["a/x"]


def test_a_refused_filter_is_asked_again_by_the_next_change() -> None:
    subscriptions, broker = _open("a", "b", refuses=frozenset({"b"}))
    broker.refuses = frozenset()
    broker.take(subscriptions.change(["a", "b"]))
    broker.settle(subscriptions)
    assert (broker.holds, subscriptions.refused) == ({"a", "b"}, {})


def test_a_filter_that_is_wanted_given_up_and_wanted_before_the_first_answer_is_not_forgotten() -> None:
    subscriptions, broker = Subscriptions(["a"], 1, watch=False), Broker()
    broker.take(subscriptions.begin(session_present=False)[0])
    broker.take(subscriptions.change(["b"]))
    broker.answer(subscriptions)
    for wanted in (["a"], list[str]()):
        broker.take(subscriptions.change(wanted))
    broker.settle(subscriptions)
    assert broker.holds == set()


def test_a_change_while_disconnected_is_made_by_the_next_connection() -> None:
    subscriptions, broker = _open("a", "b")
    subscriptions.change(["b", "c"])  # nothing of it is sent
    broker.waiting.clear()
    broker.take(subscriptions.begin(session_present=True)[0])
    broker.settle(subscriptions)
    assert broker.holds == {"b", "c"}
    assert subscriptions.session_filters == ["b", "c"]


@given(
    st.lists(st.one_of(st.frozensets(st.sampled_from("abcde")), st.just("answer")), max_size=20),
    st.frozensets(st.sampled_from("abcde"), max_size=2),
)
def test_after_any_changes_and_answers_the_session_holds_what_was_wanted_last(
    course: list[frozenset[str] | str], refuses: frozenset[str]
) -> None:
    subscriptions, broker = Subscriptions(["a"], 1, watch=False), Broker(refuses)
    broker.take(subscriptions.begin(session_present=False)[0])
    wanted = frozenset("a")
    for step in course:
        if isinstance(step, frozenset):
            wanted = step
            broker.take(subscriptions.change(sorted(step)))
        elif broker.waiting:
            broker.answer(subscriptions)
    broker.settle(subscriptions)
    assert broker.holds == wanted - refuses
    assert set(subscriptions.session_filters) == wanted - refuses
    assert set(subscriptions.refused) == wanted & refuses
    assert subscriptions.settled
