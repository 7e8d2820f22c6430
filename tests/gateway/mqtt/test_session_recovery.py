"""A session against a model broker that is cut, and a process that dies, at any moment: nothing is lost, ever."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mqtt.inflow import Handover
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.session import Session
from gateway.rows import QOS1
from tests.support.model_broker import ModelBroker

FILTERS = ("a/#", "b/#")
TOPICS = ("a/1", "b/1", "a/2")


@dataclass
class Journal:
    """What survives a crash of the process: one commit takes whole hand-overs, rows with their figures."""

    rows: list[tuple[str, bytes]] = field(default_factory=list)
    received: int = 0
    redelivered: int = 0
    confirmed: int = 0


class World:
    """The broker, the wire, the process and its journal."""

    def __init__(self, window: int, *, by_filter: bool) -> None:
        # brokers neither keep to what we ask for nor always use it up
        self.options = MqttOptions(host="-", client_id="c", filters=FILTERS, receive_maximum=4)
        self.broker = ModelBroker(window, by_filter=by_filter)
        self.journal = Journal()
        self.published: list[tuple[str, bytes]] = []
        self.to_broker: list[bytes] = []
        self.pending: list[Handover] = []
        self.now = 0.0
        self.unproven = 0
        """Messages that could be taken for redelivered ones, over all connections."""
        self.begin_process()

    def begin_process(self) -> None:
        confirmed = self.journal.confirmed
        self.pending = []
        self.session = Session(
            self.options,
            1,
            unconfirmed=self.journal.rows[confirmed:],
            confirmed=confirmed,
            had_session=bool(self.journal.rows),
            known_filters=FILTERS,
        )
        self.connect()

    def connect(self) -> None:
        self.unproven += len(self.session.inflow._unconfirmed)
        self.session.connect(self.now)
        self.flush()

    def flush(self) -> None:
        """What the session wants to say goes on the wire; what it gives goes to the intake."""
        if data := self.session.data_to_send():
            self.to_broker.append(data)
        if (handover := self.session.take()) is not None:
            self.pending.append(handover)

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, payload))
        self.broker.publish(topic, payload)

    def wire_up(self, count: int) -> None:
        for _ in range(min(count, len(self.to_broker))):
            self.broker.take_bytes(self.to_broker.pop(0))

    def wire_down(self, count: int) -> None:
        sent = [self.broker.to_client.popleft() for _ in range(min(count, len(self.broker.to_client)))]
        if sent:
            signals = self.session.receive(b"".join(sent), 1_000, self.now)
            assert not [s for s in signals if type(s).__name__ in ("Failed", "SessionLost", "Silent")]
            self.flush()

    def flow(self) -> None:
        for _ in range(2):
            self.wire_up(1000)
            self.wire_down(1000)

    def commit(self) -> None:
        if not self.pending:
            return
        handover = self.pending.pop(0)
        self.journal.rows += [(row.topic, row.payload) for row in handover.rows if row.flags & QOS1]
        self.journal.received += handover.received
        self.journal.redelivered += handover.redelivered
        self.session.acknowledge(len(handover.rows))
        self.flush()
        assert self.journal.confirmed <= self.session.inflow.confirmed <= len(self.journal.rows)
        self.journal.confirmed = self.session.inflow.confirmed

    def cut(self) -> None:
        self.broker.cut()
        self.to_broker.clear()
        self.session.disconnected()
        self.flush()
        self.connect()

    def crash(self) -> None:
        self.broker.cut()
        self.to_broker.clear()
        self.begin_process()

    def tick(self, seconds: float) -> None:
        self.now += seconds
        silent = self.session.tick(1_000, self.now)
        self.flush()
        if silent:
            self.cut()

    def drain(self) -> None:
        """No more trouble: run until nobody has anything to do."""
        for _ in range(200):
            while self.to_broker or self.broker.to_client or self.pending:
                self.wire_up(1000)
                self.wire_down(1000)
                self.commit()
            if not self.broker.unacknowledged and not self.broker.queue and not self.session.inflow.held:
                return
            self.tick(0.5)
        raise AssertionError("it never comes to rest")

    def check_books(self) -> None:
        """The ledger's first line, for what is persisted and for what is under way."""
        assert self.journal.received == self.journal.redelivered + len(self.journal.rows)
        inflow = self.session.inflow
        handed = sum(len(handover.rows) for handover in self.pending)
        assert inflow.waiting == handed
        assert inflow.in_flight <= self.broker.window


_publish = st.tuples(st.just("publish"), st.integers(0, 2), st.integers(1, 3))
_flow = st.tuples(st.just("flow"))  # everything under way arrives, an answer to it too
_steps = st.one_of(
    _publish,
    _publish,
    _flow,
    _flow,
    st.tuples(st.just("up"), st.integers(1, 3)),
    st.tuples(st.just("down"), st.integers(1, 4)),
    st.tuples(st.just("commit")),
    st.tuples(st.just("cut")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("tick")),
)
_stories = st.lists(_steps, min_size=15, max_size=60)


def _play(world: World, story: list[tuple[object, ...]], *, contents: int, tick_secs: float) -> None:
    serial = 0
    world.flow()
    for name, *values in story:
        match name, values:
            case "publish", [int(topic), int(count)]:
                for _ in range(count):
                    serial += 1
                    world.publish(TOPICS[topic], b"%d" % (serial % contents))
            case "up", [int(count)]:
                world.wire_up(count)
            case "down", [int(count)]:
                world.wire_down(count)
            case "flow", _:
                world.flow()
            case "commit", _:
                world.commit()
            case "cut", _:
                world.cut()
            case "crash", _:
                world.crash()
            case _:
                world.tick(tick_secs)
        world.check_books()
    world.drain()
    world.check_books()


def _orders(rows: list[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    return {topic: [payload for t, payload in rows if t == topic] for topic in TOPICS}


@settings(max_examples=400, deadline=None)
@given(story=_stories, window=st.integers(1, 6), by_filter=st.booleans())
def test_distinct_messages_are_journaled_once_and_in_order(
    story: list[tuple[object, ...]], window: int, by_filter: bool
) -> None:
    world = World(window, by_filter=by_filter)
    _play(world, story, contents=1 << 30, tick_secs=0.01)
    assert Counter(world.journal.rows) == Counter(world.published)
    assert _orders(world.journal.rows) == _orders(world.published)


@settings(max_examples=400, deadline=None)
@given(story=_stories, window=st.integers(1, 6), by_filter=st.booleans())
def test_a_quiet_time_may_duplicate_but_never_loses(
    story: list[tuple[object, ...]], window: int, by_filter: bool
) -> None:
    world = World(window, by_filter=by_filter)
    _play(world, story, contents=1 << 30, tick_secs=3.0)
    assert set(world.journal.rows) == set(world.published)


@settings(max_examples=400, deadline=None)
@given(story=_stories, window=st.integers(1, 6), by_filter=st.booleans(), contents=st.integers(1, 3))
def test_repeated_contents_are_lost_only_where_an_equal_one_is_unproven(
    story: list[tuple[object, ...]], window: int, by_filter: bool, contents: int
) -> None:
    world = World(window, by_filter=by_filter)
    _play(world, story, contents=contents, tick_secs=0.01)
    assert set(world.journal.rows) == set(world.published)
    # each reconnect can take at most what is unproven then for redelivered ones
    missing = Counter(world.published) - Counter(world.journal.rows)
    assert missing.total() <= world.unproven
