"""A load keeps its schedule whatever the broker does, and knows the fate of each message."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from device_sims.clients.endpoint import Endpoint, Tls
from device_sims.load.run import LoadPlan, LoadRun
from tests.perf.ack_sink import running_sink
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.certificates import make_certificates
from tests.support.cutting_proxy import CuttingProxy
from tests.support.mosquitto import free_port
from tests.support.mqtt_peer import MqttPeer

DEADLINE = 60


def _balanced(load: LoadRun) -> bool:
    """Each message that was due has one fate, each counted where it happens."""
    total = load.total
    return load.due == total("sent") + total("overflowed") + total("unsent") and total("sent") == (
        total("acked") + total("refused") + total("unanswered")
    )


async def test_every_message_is_sent_when_due_and_acknowledged() -> None:
    with running_sink() as (port, told):
        load = LoadRun(LoadPlan(Endpoint("127.0.0.1", port), 1000, 20_000, 3, for_secs=1.0))
        await asyncio.wait_for(load.run(), DEADLINE)
    assert load.due == load.total("acked") == 20_000
    assert told["messages"] == 20_000
    assert told["connections"] == 3
    assert load.total("strays") == load.total("resent") == load.total("overflowed") == 0
    assert _balanced(load)
    for times in (load.times.due_to_send, load.times.send_to_ack, load.times.due_to_ack):
        assert times.count == 20_000
    assert load.secs >= 0.99, "the schedule is as long as it should be"


async def test_a_slow_receiver_slows_neither_the_clock_nor_hides_its_slowness() -> None:
    with running_sink("--rate", "1000", "--receive-max", "50") as (port, told):
        plan = LoadPlan(Endpoint("127.0.0.1", port), 100, 2000, messages=2000, queue=10_000)
        load = LoadRun(plan)
        await asyncio.wait_for(load.run(), DEADLINE)
    assert load.total("acked") == 2000
    assert told["most_in_flight"] <= 50, "the broker's receive maximum"
    # half of what is due each second is taken: the last message waits about a second
    assert load.deepest > 500
    assert load.times.due_to_send.quantile_ms(0.99) > 500
    assert load.times.due_to_ack.quantile_ms(0.99) > 500
    assert load.times.send_to_ack.quantile_ms(0.5) < 200, "which sent-to-acknowledged alone doesn't see"
    assert _balanced(load)


async def test_what_exceeds_the_queue_is_counted_and_the_newest_are_sent() -> None:
    with running_sink("--rate", "200", "--receive-max", "10") as (port, told):
        load = LoadRun(LoadPlan(Endpoint("127.0.0.1", port), 100, 5000, messages=3000, queue=100))
        await asyncio.wait_for(load.run(), DEADLINE)
    assert load.total("overflowed") > 2000
    assert load.total("acked") + load.total("overflowed") == load.due == 3000
    assert told["messages"] == load.total("sent") == load.times.due_to_ack.count
    assert _balanced(load)


async def test_after_cuts_every_message_has_arrived_with_its_own_payload() -> None:
    with running_embedded() as broker:
        async with CuttingProxy(broker.port) as proxy:
            said: list[str] = []
            load = LoadRun(LoadPlan(Endpoint("127.0.0.1", proxy.port), 50, 3000, 2, messages=6000), said.append)
            with MqttPeer(broker.port, "watcher") as peer:
                peer.subscribe("city/#")
                running = asyncio.create_task(load.run())
                for passed in (100_000, 250_000, 400_000):
                    async with asyncio.timeout(DEADLINE):
                        while proxy.passed < passed:  # noqa: ASYNC110 - it has no event
                            await asyncio.sleep(0)
                    proxy.cut()
                await asyncio.wait_for(running, DEADLINE)
                distinct: set[tuple[str, bytes]] = set()
                while len(distinct) < 6000:
                    await asyncio.to_thread(peer.wait_for, len(peer.received) + (len(distinct) > 0))
                    distinct = set(peer.received)
                times = Counter(peer.received)
    assert load.total("acked") == load.total("sent") == load.due == 6000
    assert load.total("resent") > 0
    assert load.reconnects >= 3
    assert len(distinct) == 6000, "what was sent again bears the bytes of the first time"
    assert sum(times.values()) - 6000 <= load.total("resent")
    stamps: dict[str, list[int]] = {}
    for topic, payload in times:
        stamps.setdefault(topic, []).append(json.loads(payload)["ts"])
    assert len(stamps) == 50
    for seen in stamps.values():
        assert len(set(seen)) == len(seen) == 120
        steps = {b - a for a, b in zip(sorted(seen), sorted(seen)[1:], strict=False)}
        assert steps <= {16, 17}, "event time is due time: each device speaks every 16.7 ms, whenever it was sent"
    assert "no connection to the broker" in said[0]
    assert any(sentence.startswith("connected") for sentence in said)
    assert _balanced(load)


async def test_an_absent_broker_is_said_and_waited_for_and_the_clock_begins_with_it(tmp_path: Path) -> None:
    broker = PlainMosquitto(tmp_path)
    heard = asyncio.Event()
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        heard.set()

    load = LoadRun(LoadPlan(Endpoint("127.0.0.1", broker.port), 100, 1000, 2, messages=500), say)
    running = asyncio.create_task(load.run())
    try:
        await asyncio.wait_for(heard.wait(), DEADLINE)
        assert load.due == 0
        await asyncio.to_thread(broker.start)
        await asyncio.wait_for(running, DEADLINE)
    finally:
        running.cancel()
        broker.kill()
    assert f"no connection to the broker at 127.0.0.1:{broker.port}" in said[0]
    assert load.total("acked") == 500
    assert load.total("resent") == load.total("overflowed") == 0


async def test_a_broker_that_dies_slows_no_clock_and_what_is_lost_is_known(tmp_path: Path) -> None:
    with PlainMosquitto.running(tmp_path) as broker:
        plan = LoadPlan(Endpoint("127.0.0.1", broker.port), 100, 2000, messages=3000, drain_secs=0.5)
        load = LoadRun(plan)
        running = asyncio.create_task(load.run())
        async with asyncio.timeout(DEADLINE):
            while load.total("acked") < 200:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0)
        await asyncio.to_thread(broker.kill)
        await asyncio.wait_for(running, DEADLINE)
    assert load.due == 3000
    assert load.total("unsent") > 1000
    assert load.total("acked") < 3000
    assert _balanced(load)


async def test_refused_messages_are_neither_acknowledged_nor_sent_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules.acl"
    rules.write_text("topic write city/tianhe/#\n", encoding="utf-8")
    # mosquitto 2.0.11 cuts whom it refuses where the queue has no bound
    with PlainMosquitto.running(tmp_path, f"acl_file {rules}\nmax_queued_messages 1000") as broker:
        plan = LoadPlan(Endpoint("127.0.0.1", broker.port), 10, 1000, messages=100, zones=("tianhe", "yuexiu"))
        load = LoadRun(plan)
        await asyncio.wait_for(load.run(), DEADLINE)
    assert (load.total("acked"), load.total("refused"), load.total("resent")) == (50, 50, 0)
    assert _balanced(load)


async def test_qos_0_is_written_and_no_more() -> None:
    with running_embedded() as broker, MqttPeer(broker.port, "watcher-0") as peer:
        peer.subscribe("city/#")
        load = LoadRun(LoadPlan(Endpoint("127.0.0.1", broker.port), 10, 1000, messages=300, qos=0))
        await asyncio.wait_for(load.run(), DEADLINE)
        await asyncio.to_thread(peer.wait_for, 300)
    assert load.total("sent") == load.due == 300
    assert load.total("acked") == load.times.send_to_ack.count == 0
    assert load.secs >= 0.29


async def test_mutual_tls(tmp_path: Path) -> None:
    folder = make_certificates(tmp_path / "tls", "localhost")
    files = f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key"
    with PlainMosquitto.running(tmp_path, listener=f"{files}\nrequire_certificate true") as broker:
        tls = Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key")
        load = LoadRun(LoadPlan(Endpoint("localhost", broker.port, tls=tls), 100, 2000, 2, messages=1000))
        await asyncio.wait_for(load.run(), DEADLINE)
    assert load.total("acked") == 1000


async def test_to_stop_sends_what_is_due_and_to_stop_again_leaves() -> None:
    with running_sink() as (port, _):
        load = LoadRun(LoadPlan(Endpoint("127.0.0.1", port), 100, 1000))
        running = asyncio.create_task(load.run())
        async with asyncio.timeout(DEADLINE):
            while load.total("acked") < 50:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0)
        assert load.stop() is False
        await asyncio.wait_for(running, DEADLINE)
        assert load.total("acked") == load.due >= 50
    waiting = LoadRun(LoadPlan(Endpoint("127.0.0.1", free_port()), 100, 1000))
    running = asyncio.create_task(waiting.run())
    await asyncio.sleep(0)
    assert waiting.stop() is True, "nothing has begun"
    await asyncio.wait_for(running, DEADLINE)


async def test_without_a_rate_it_goes_as_fast_as_the_broker_takes_it_and_no_time_repeats() -> None:
    with running_embedded() as broker, MqttPeer(broker.port, "watcher-f") as peer:
        peer.subscribe("city/#")
        load = LoadRun(LoadPlan(Endpoint("127.0.0.1", broker.port), 5, 0, messages=2000))
        await asyncio.wait_for(load.run(), DEADLINE)
        await asyncio.to_thread(peer.wait_for, 2000)
        assert len(set(peer.received)) == 2000
    assert load.total("acked") == 2000
    assert load.times.due_to_send.count == 0


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ({"qos": 2}, "QoS 0 or 1"), ({"rate": 0}, "number of messages"), ({"queue": 1, "connections": 2}, "room"),
        ({"rate": 200_000}, "at least 201 devices"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(plan: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LoadRun(LoadPlan(**{"endpoint": Endpoint("127.0.0.1", 1), "devices": 10, "rate": 10, **plan}))  # type: ignore[arg-type]
