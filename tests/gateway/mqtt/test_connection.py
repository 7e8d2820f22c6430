"""A source against real brokers: through cuts, restarts, absence, refusal and TLS."""

import asyncio
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiomqtt
import mqtt5
import numpy as np
import pytest
import uvloop

from gateway.errors import GatewayError
from gateway.mqtt.connection import MqttSource
from gateway.mqtt.options import TlsOptions
from gateway.rows import RETAIN, Rows
from gateway.runtime.ports import free_ports
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.mqtt_peer import MqttPeer
from tests.support.mqtt_source import (
    DEADLINE_SECS,
    MemorySink,
    RecordingEvents,
    Stamps,
    messages,
    options,
    publish,
    running,
    scripted_broker,
    until,
)
from tests.support.proxy import Proxy


async def test_every_message_is_handed_out_once_in_order_of_its_topic(broker_port: int) -> None:
    sink = MemorySink()
    async with running(MqttSource(options(broker_port), 3, sink, Stamps())) as source:
        await until(lambda: source.subscribed, "subscribed")
        await publish(broker_port, messages(500))
        await until(lambda: len(sink.rows) == 500, "all rows")
    assert Counter(sink.messages) == Counter(messages(500))
    stamps = [row.received_at for row in sink.rows]
    assert stamps == sorted(set(stamps))
    assert {row.source for row in sink.rows} == {3}
    assert (sink.received, sink.redelivered, sink.shed) == (500, 0, 0)
    assert (source.waiting, source.in_flight, source.state) == (0, 0, "stopped")
    assert source.confirmed_count == 500  # the clean stop waited for the proof


async def test_what_comes_while_we_are_stopped_is_there_afterwards(broker_port: int) -> None:
    first, second = MemorySink(), MemorySink()
    async with running(MqttSource(options(broker_port), 1, first, Stamps())) as source:
        await until(lambda: source.subscribed, "subscribed")
        await publish(broker_port, messages(50))
        await until(lambda: len(first.rows) == 50, "the first rows")
    await publish(broker_port, messages(300, first=50))
    events = RecordingEvents()
    again = MqttSource(options(broker_port), 1, second, Stamps(), had_session=True, events=events)
    async with running(again):
        await until(lambda: len(second.rows) == 300, "what waited")
    assert Counter(second.messages) == Counter(messages(300, first=50))
    assert "session_lost" not in events.names()
    assert [values[1] for values in events.of("connected")] == [True]


def test_it_runs_on_uvloop_too(embedded_broker: Any) -> None:
    async def story() -> None:
        sink = MemorySink()
        async with running(MqttSource(options(embedded_broker.port), 1, sink, Stamps())) as source:
            await until(lambda: source.subscribed, "subscribed")
            with MqttPeer(embedded_broker.port, "device") as device:
                device.publish_many(messages(300))
            await until(lambda: len(sink.rows) == 300, "rows")
        assert (source.waiting, source.confirmed_count) == (0, 300)

    uvloop.run(story())


def _through(source: MqttSource, sink: MemorySink, reconnects: int, rows: int) -> bool:
    return source.subscribed and source.reconnects == reconnects and len(sink.rows) >= rows


async def test_twenty_cuts_lose_and_duplicate_nothing(broker_port: int) -> None:
    sink, events = MemorySink(), RecordingEvents()
    wanted = [(f"city/{serial % 5}/x", b"%d" % serial) for serial in range(4000)]
    async with Proxy(broker_port) as proxy:
        source = MqttSource(options(proxy.port), 1, sink, Stamps(), events=events)
        async with running(source):
            await until(lambda: source.subscribed, "subscribed")
            publishing = asyncio.create_task(publish(broker_port, wanted))
            for cut in range(20):
                await until(partial(_through, source, sink, cut, (cut + 1) * 180), "rows between cuts")
                proxy.cut()
            await publishing
            await until(lambda: len(set(sink.messages)) == 4000, "all messages")
            await until(lambda: source.reconnects == 20, "the connection after the last cut")
    assert Counter(sink.messages) == Counter(wanted)
    assert sink.received == len(sink.rows) + sink.redelivered
    assert "session_lost" not in events.names()


async def test_a_crash_before_the_pubacks_repeats_what_was_journaled_and_acknowledges_it(broker_port: int) -> None:
    sink = MemorySink(at_once=False)
    lost_options = options(broker_port, filters=("a/#", "b/#"))
    wanted = [(f"{'ab'[serial % 2]}/x", b"%d" % serial) for serial in range(40)]
    source = MqttSource(lost_options, 1, sink, Stamps())
    task = asyncio.create_task(source.run())
    await until(lambda: source.subscribed, "subscribed")
    await publish(broker_port, wanted[:30])
    await until(lambda: len(sink.rows) == 30, "rows")
    task.cancel()  # like a crash: no goodbye, no PUBACK
    await asyncio.gather(task, return_exceptions=True)
    journaled = sink.messages[:20]
    await publish(broker_port, wanted[30:])
    after = MemorySink()
    second = MqttSource(lost_options, 1, after, Stamps(), unconfirmed=journaled)
    async with running(second):
        await until(lambda: after.received == 40, "everything again")
    assert after.redelivered == 20
    assert Counter(journaled + after.messages) == Counter(wanted)
    assert second.confirmed_count == 40
    third = MemorySink()
    async with running(MqttSource(lost_options, 1, third, Stamps())) as last:
        await until(lambda: last.subscribed, "subscribed")
        await publish(broker_port, [("a/x", b"end")])
        await until(lambda: third.rows, "the last one")
    assert third.messages == [("a/x", b"end")]


async def test_an_absent_broker_is_waited_for_and_reported(free_port: int, tmp_path: Path) -> None:
    events, sink = RecordingEvents(), MemorySink()
    source = MqttSource(options(free_port), 1, sink, Stamps(), events=events)
    async with running(source):
        await until(lambda: len(events.of("unreachable")) >= 2, "two failures")
        assert source.state == "waiting"
    address, problem, retry_in = events.of("unreachable")[0]
    assert address == f"127.0.0.1:{free_port}"
    assert "refused" in problem.lower() or "connect" in problem.lower()
    assert 0 <= retry_in <= 0.1


async def test_unacknowledged_rows_hold_the_broker_at_the_receive_maximum(mosquitto_broker: PlainMosquitto) -> None:
    sink = MemorySink(at_once=False)
    source = MqttSource(options(mosquitto_broker.port, receive_maximum=10), 1, sink, Stamps())
    async with running(source):
        await until(lambda: source.subscribed, "subscribed")
        await publish(mosquitto_broker.port, messages(100))
        await until(lambda: len(sink.rows) == 10, "a window of rows")
        assert source.in_flight == 10
        sink.at_once = True
        sink.commit()
        await until(lambda: len(sink.rows) == 100, "the rest")


async def test_qos_0_is_shed_while_there_is_no_room(broker_port: int) -> None:
    sink = MemorySink()
    # rumqttd delivers at the QoS of the subscription, also what was published at QoS 0
    source = MqttSource(options(broker_port, qos=0), 1, sink, Stamps())
    async with running(source):
        await until(lambda: source.subscribed, "subscribed")
        source.shed_qos0 = True
        await publish(broker_port, messages(20), qos=0)
        await until(lambda: source.shed == 20, "shed")
        source.shed_qos0 = False
        await publish(broker_port, messages(1, first=20), qos=0)
        await until(lambda: sink.rows, "the next one")
    assert sink.messages == messages(1, first=20)
    assert (sink.received, sink.shed) == (21, 20)


async def test_retained_messages_are_marked_and_not_repeated_to_a_resumed_session(
    mosquitto_broker: PlainMosquitto,
) -> None:
    port = mosquitto_broker.port
    await publish(port, [("city/r", b"old")], retain=True)
    for expected in ([("city/r", b"old")], []):
        sink = MemorySink()
        async with running(MqttSource(options(port), 1, sink, Stamps())) as source:
            await until(lambda source=source: source.subscribed, "subscribed")  # type: ignore[misc]
            await publish(port, [("city/r", b"fresh")], retain=True)
            await until(lambda sink=sink: ("city/r", b"fresh") in sink.messages, "the fresh one")  # type: ignore[misc]
        retained = [(row.topic, row.payload) for row in sink.rows if row.flags & RETAIN]
        assert retained == expected


async def test_a_broker_that_forgets_the_session_is_reported(tmp_path: Path) -> None:
    events, sink = RecordingEvents(), MemorySink()
    with PlainMosquitto.running(tmp_path) as mosquitto:
        source = MqttSource(options(mosquitto.port), 1, sink, Stamps(), events=events)
        async with running(source):
            await until(lambda: source.subscribed, "subscribed")
            mosquitto.kill()
            await until(lambda: events.of("connection_lost"), "the loss")
            mosquitto.start()
            await until(lambda: events.of("session_lost"), "the lost session")
            await until(lambda: source.subscribed, "subscribed again")
            await publish(mosquitto.port, messages(5))
            await until(lambda: len(sink.rows) == 5, "rows by the new subscription")
    [(seconds,)] = events.of("session_lost")
    assert 0 < seconds < DEADLINE_SECS


async def test_a_refused_filter_is_reported_once_and_the_others_work() -> None:
    def answer(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.ConnectPacket():
                return [mqtt5.ConnAckPacket()]
            case mqtt5.SubscribePacket():
                codes = {"city/#": 1, "secret/#": 135, "low/#": 0}
                granted = [mqtt5.SubAckReasonCode(codes[wanted.pattern]) for wanted in packet.topic_filters]
                message = mqtt5.PublishPacket("city/a", b"1", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=1)
                return [mqtt5.SubAckPacket(packet.packet_id, granted), message]
            case _:
                return []

    events, sink = RecordingEvents(), MemorySink()
    async with scripted_broker(answer) as port:
        asked = options(port, filters=("city/#", "secret/#", "low/#"))
        async with running(MqttSource(asked, 1, sink, Stamps(), events=events)):
            await until(lambda: sink.rows, "a row")
    assert events.of("subscribe_refused") == [("secret/#", 135)]
    assert events.of("qos_lowered") == [("low/#",)]


async def test_a_broker_that_sends_us_away_is_left_alone_longer_each_time() -> None:
    def answer(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.ConnectPacket():
                return [mqtt5.ConnAckPacket()]
            case mqtt5.SubscribePacket():
                granted = mqtt5.SubAckPacket(packet.packet_id, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE])
                code = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
                return [granted, mqtt5.DisconnectPacket(reason_code=code, reason_str="another loom")]
            case _:
                return []

    events = RecordingEvents()
    async with scripted_broker(answer) as port:
        asked = options(port, backoff_min_secs=0.01, backoff_max_secs=1000.0)
        rng = np.random.default_rng(1)
        async with running(MqttSource(asked, 1, MemorySink(), Stamps(), events=events, rng=rng)):
            await until(lambda: len(events.of("connection_lost")) >= 4, "four times")
    losses = events.of("connection_lost")[:4]
    assert "another loom" in losses[0][0]
    expected = np.random.default_rng(1)
    assert [retry_in for _, retry_in in losses] == [expected.uniform(0, 0.01 * 2**tries) for tries in range(4)]


async def test_wrong_credentials_are_reported_and_tried_again_later(tmp_path: Path) -> None:
    events = RecordingEvents()
    with PlainMosquitto.running(tmp_path, listener="allow_anonymous false") as mosquitto:
        asked = options(mosquitto.port, username="loom", password="not-this-one")
        async with running(MqttSource(asked, 1, MemorySink(), Stamps(), events=events)):
            await until(lambda: len(events.of("unreachable")) >= 2, "two refusals")
    assert "refused by the broker" in events.of("unreachable")[0][1]
    assert "not-this-one" not in repr(asked)


async def test_drops_that_mosquitto_admits_are_reported(tmp_path: Path) -> None:
    events, sink = RecordingEvents(), MemorySink(at_once=False)
    with PlainMosquitto.running(tmp_path, "max_queued_messages 5") as mosquitto:
        watching = options(mosquitto.port, receive_maximum=2, watch_sys=True)
        source = MqttSource(watching, 1, sink, Stamps(), events=events)
        async with running(source):
            await until(lambda: source.subscribed, "subscribed")
            await until(lambda: source._session._drops._count is not None, "the counter as it was")
            await publish(mosquitto.port, messages(50))
            await until(lambda: events.of("dropped_at_broker"), "the drops")
            sink.at_once = True
            sink.commit()
    assert sum(count for (count,) in events.of("dropped_at_broker")) > 0
    assert not any(topic.startswith("$SYS") for topic, _ in sink.messages)


async def test_a_broker_that_hangs_up_on_sys_is_used_without_it() -> None:
    events, sink = RecordingEvents(), MemorySink()
    with running_embedded() as embedded:
        source = MqttSource(options(embedded.port, watch_sys=True), 1, sink, Stamps(), events=events)
        async with running(source):
            await until(lambda: events.of("watch_refused") and source.subscribed, "it goes on without")
            await publish(embedded.port, messages(10))
            await until(lambda: len(sink.rows) == 10, "rows")
    assert len(events.of("watch_refused")) == 1


async def test_a_silent_connection_is_dropped_and_made_anew(embedded_broker: Any) -> None:
    events, sink = RecordingEvents(), MemorySink()
    async with Proxy(embedded_broker.port) as proxy:
        source = MqttSource(options(proxy.port, keep_alive_secs=6), 1, sink, Stamps(), events=events)
        async with running(source):
            await until(lambda: source.subscribed, "subscribed")
            proxy.stall()
            await until(lambda: events.of("connection_lost"), "the silence is noticed")
            proxy.resume()
            await until(lambda: source.subscribed, "subscribed again")
    assert "PINGRESP" in events.of("connection_lost")[0][0]


async def test_an_error_of_the_sink_ends_the_run(embedded_broker: Any) -> None:
    class BrokenSink(MemorySink):
        def put(self, source: MqttSource, rows: Rows, received: int, redelivered: int, shed: int) -> None:
            raise RuntimeError("no room for this")

    source = MqttSource(options(embedded_broker.port), 1, BrokenSink(), Stamps())
    task = asyncio.create_task(source.run())
    await until(lambda: source.subscribed, "subscribed")
    await publish(embedded_broker.port, messages(1))
    with pytest.raises(RuntimeError, match="no room for this"):
        await asyncio.wait_for(task, DEADLINE_SECS)


# ---- TLS ----


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """ca.pem, and key and certificate of the server and of a client, made for this test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine: apt-get install openssl")
    folder = tmp_path / "tls"
    folder.mkdir()

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    for name in ("server", "client"):
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        extensions = folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:broker.test\n", encoding="utf-8")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        out = ("-out", f"{name}.pem", "-days", "2", "-extfile", extensions.name)
        run("x509", "-req", "-in", f"{name}.csr", *signer, *out)
    return folder


@pytest.fixture
def tls_broker(tmp_path: Path, certificates: Path) -> Iterator[PlainMosquitto]:
    files = f"cafile {certificates}/ca.pem\ncertfile {certificates}/server.pem\nkeyfile {certificates}/server.key"
    with PlainMosquitto.running(tmp_path, listener=f"{files}\nrequire_certificate true") as mosquitto:
        yield mosquitto


async def test_mutual_tls_carries_messages(tls_broker: PlainMosquitto, certificates: Path) -> None:
    ca, cert, key = (certificates / name for name in ("ca.pem", "client.pem", "client.key"))
    sink = MemorySink()
    tls = TlsOptions(ca, cert, key, server_name="broker.test")
    async with running(MqttSource(options(tls_broker.port, tls=tls), 1, sink, Stamps())) as source:
        await until(lambda: source.subscribed, "subscribed")
        context = ssl.create_default_context(cafile=str(ca))
        context.check_hostname = False
        context.load_cert_chain(cert, key)
        async with aiomqtt.Client("127.0.0.1", tls_broker.port, tls_context=context) as client:
            for topic, payload in messages(20):
                await client.publish(topic, payload, qos=1)
        await until(lambda: len(sink.rows) == 20, "rows")


async def test_a_broker_of_an_unknown_authority_or_another_name_is_not_talked_to(
    tls_broker: PlainMosquitto, certificates: Path
) -> None:
    cert, key = certificates / "client.pem", certificates / "client.key"
    bad = [TlsOptions(None, cert, key, "broker.test"), TlsOptions(certificates / "ca.pem", cert, key, "other.test")]
    for tls in bad:
        events = RecordingEvents()
        async with running(MqttSource(options(tls_broker.port, tls=tls), 1, MemorySink(), Stamps(), events=events)):
            await until(lambda events=events: events.of("unreachable"), "the refusal")  # type: ignore[misc]
        assert "certificate verify failed" in events.of("unreachable")[0][1]
        assert "connected" not in events.names()


async def test_a_missing_certificate_file_is_said_before_connecting(tmp_path: Path) -> None:
    [port] = free_ports(1)
    tls = TlsOptions(ca_file=tmp_path / "nowhere.pem")
    with pytest.raises(GatewayError, match=r"nowhere\.pem"):
        await MqttSource(options(port, tls=tls), 1, MemorySink(), Stamps()).run()
