"""A source whose broker sends it away, by each reason: tried again within bounds, and said where somebody is needed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import mqtt5
import numpy as np
import pytest

from gateway.mqtt.connection import MqttSource
from gateway.mqtt.reason_codes import reason_of
from gateway.mqtt.waits import STEADY_SECS
from tests.gateway.mqtt.test_reason_codes import codes_of
from tests.support.brokers import PlainMosquitto
from tests.support.mqtt_source import (
    MemorySink,
    RecordingEvents,
    Stamps,
    options,
    running,
    scripted_broker,
    until,
)

DISCONNECTS = list(codes_of(mqtt5.DisconnectReasonCode).values())
REFUSALS = list(codes_of(mqtt5.ConnAckReasonCode).values())
FAST = {"backoff_min_secs": 0.001, "backoff_max_secs": 0.004, "backoff_refused_secs": 0.016}


def _name(code: mqtt5.DisconnectReasonCode | mqtt5.ConnAckReasonCode) -> str:
    return f"{code.name}"


@asynccontextmanager
async def _watched(
    answer: Callable[[mqtt5.Packet], list[mqtt5.Packet]], **changes: object
) -> AsyncIterator[tuple[MqttSource, RecordingEvents]]:
    events = RecordingEvents()
    async with scripted_broker(answer) as port:
        source = MqttSource(
            options(port, **(FAST | changes)), 1, MemorySink(), Stamps(), events=events, rng=np.random.default_rng(5)
        )
        async with running(source):
            yield source, events


def _granted(packet: mqtt5.SubscribePacket) -> mqtt5.SubAckPacket:
    codes = [mqtt5.SubAckReasonCode(int(wanted.max_qos)) for wanted in packet.topic_filters]
    return mqtt5.SubAckPacket(packet.packet_id, codes)


@pytest.mark.parametrize("code", DISCONNECTS, ids=_name)
async def test_after_a_disconnect_it_comes_back_and_says_what_to_do_where_somebody_is_needed(
    code: mqtt5.DisconnectReasonCode,
) -> None:
    def answer(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.ConnectPacket():
                return [mqtt5.ConnAckPacket()]
            case mqtt5.SubscribePacket():
                return [_granted(packet), mqtt5.DisconnectPacket(reason_code=code)]
            case _:
                return []

    async with _watched(answer) as (source, events):
        await until(lambda: len(events.of("connection_lost")) >= 12, "tried again")
    remedy = reason_of(int(code)).remedy
    losses = events.of("connection_lost")
    cap = FAST["backoff_refused_secs" if remedy else "backoff_max_secs"]
    assert all(0 <= retry_in <= cap for _, retry_in in losses)
    assert {problem for problem, _ in losses} == {f"the broker disconnected us: {code.name} (0x{int(code):02X})"}
    assert {values[2] for values in events.of("sent_away")} == ({remedy} if remedy else set())
    assert remedy in source.problem


@pytest.mark.parametrize("code", REFUSALS, ids=_name)
async def test_a_refused_connection_is_tried_again_and_says_what_to_do_where_somebody_is_needed(
    code: mqtt5.ConnAckReasonCode,
) -> None:
    async with _watched(lambda packet: [mqtt5.ConnAckPacket(reason_code=code)]) as (source, events):
        await until(lambda: len(events.of("unreachable")) >= 12, "tried again")
        assert (source.state in ("waiting", "connecting"), source.flowing) == (True, False)
    remedy = reason_of(int(code)).remedy
    cap = FAST["backoff_refused_secs" if remedy else "backoff_max_secs"]
    assert all(0 <= retry_in <= cap for _, _, retry_in in events.of("unreachable"))
    assert {values[2] for values in events.of("sent_away")} == ({remedy} if remedy else set())


async def test_a_broker_that_accepts_and_hangs_up_at_once_is_left_alone_longer_each_time() -> None:
    def answer(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.ConnectPacket():
                return [mqtt5.ConnAckPacket()]
            case mqtt5.SubscribePacket():
                return [_granted(packet), mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SERVER_BUSY)]
            case _:
                return []

    async with _watched(answer, backoff_max_secs=1000.0) as (_, events):
        await until(lambda: len(events.of("connection_lost")) >= 6, "six times")
    expected = np.random.default_rng(5)
    assert [retry_in for _, retry_in in events.of("connection_lost")[:6]] == [
        expected.uniform(0, 0.001 * 2**tries) for tries in range(6)
    ]


async def test_after_a_connection_that_stood_the_waits_begin_small_again(tmp_path: Path) -> None:
    events = RecordingEvents()
    broker = PlainMosquitto(tmp_path)
    slow = options(broker.port, backoff_min_secs=0.001, backoff_max_secs=1000.0)
    source = MqttSource(slow, 1, MemorySink(), Stamps(), events=events, rng=np.random.default_rng(5))
    async with running(source):
        await until(lambda: len(events.of("unreachable")) >= 9, "it is not there")
        try:
            broker.start()
            await until(lambda: source.subscribed, "it is")
            began = asyncio.get_running_loop().time()
            await until(lambda: asyncio.get_running_loop().time() - began > STEADY_SECS, "it stands")
        finally:
            broker.kill()
        await until(lambda: events.of("connection_lost"), "the loss")
    [(_, retry_in)] = events.of("connection_lost")[:1]
    assert retry_in <= 0.001


async def test_two_gateways_with_one_client_id_say_so_and_throw_each_other_out_ever_more_rarely(tmp_path: Path) -> None:
    with PlainMosquitto.running(tmp_path) as broker:
        both = [RecordingEvents(), RecordingEvents()]
        asked = options(broker.port, backoff_min_secs=0.01, backoff_max_secs=1000.0, backoff_refused_secs=1000.0)
        one, other = (
            MqttSource(asked, k, MemorySink(), Stamps(), events=events, rng=np.random.default_rng(k))
            for k, events in enumerate(both)
        )
        async with running(one):
            await until(lambda: one.subscribed, "the first")
            async with running(other):
                await until(lambda: sum(len(e.of("sent_away")) for e in both) >= 6, "a fight")
    for events in both:
        told = events.of("sent_away")  # mosquitto 2.0.11 closes without a word, later ones say 0x8E
        assert {code for code, _, _ in told} <= {0x8E, None}
        assert all("client id" in remedy and "own" in remedy for _, _, remedy in told)
        waits = [retry_in for _, retry_in in events.of("connection_lost")]
        assert all(retry_in <= 0.01 * 2**tries for tries, retry_in in enumerate(waits))
    assert max(len(events.of("connected")) for events in both) <= 20
