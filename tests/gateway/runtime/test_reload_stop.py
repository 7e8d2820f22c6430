"""A gateway that is stopped while a reload waits for a broker: it ends at once, and the next start has what it left.

Only a source that is gone is still drained: no later start knows of it.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mqtt5
import pytest

from gateway.errors import CommandError
from gateway.runtime.app import Gateway
from gateway.telemetry.broker_events import SessionLostError
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.mqtt_source import scripted_broker
from tests.support.reloadable import Files, body
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settled

NOW = time.time_ns()
LONG = 3600.0
"""Longer than any test may take."""
WINDOW, MANY = 20, 300
"""Messages that the broker has under way at most, and that come."""


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("reload_sources._ANSWER_SECS", "reload_sources._LINGER_SECS", "reload._IN_FORCE_SECS"):
        monkeypatch.setattr(f"gateway.runtime.{name}", LONG)


@pytest.fixture
def broker(data_folder: Path) -> Any:
    with PlainMosquitto.running(data_folder) as mosquitto:
        yield mosquitto


@pytest.fixture
def files(broker: PlainMosquitto, data_folder: Path) -> Files:
    return Files(data_folder, broker.port)


async def _publish(port: int, kind: str, *seconds: int) -> None:
    async with FastPublisher(port) as publisher:
        await publisher.publish([(f"plant/{kind}/x-1", body(NOW + k * 1_000_000_000, k)) for k in seconds])


def _send(broker: PlainMosquitto, number: signal.Signals) -> None:
    assert broker._process is not None
    broker._process.send_signal(number)


async def _stopped_amid_a_reload(
    files: Files, change: Callable[[Gateway], None], reached: Callable[[Gateway], bool]
) -> dict[str, Any]:
    """Stop it where the reload of a change has come to wait; the answer of that reload. Not in time: it fails."""
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        change(gateway)
        reload = asyncio.create_task(gateway.desk.reload())
        await eventually(lambda: reached(gateway), "the reload waits")
        assert not reload.done()
    answer = await reload
    assert answer["applied"]
    return answer


def _filters(gateway: Gateway) -> list[list[str]]:
    return [[one for one in source.session_filters if one.startswith("plant")] for source in gateway.sources]


async def test_a_new_broker_that_does_not_answer_holds_nobody_up(files: Files, broker: PlainMosquitto) -> None:
    one = {"name": "one", "port": broker.port, "filters": ["plant/tank/+"]}
    files.settings(sources={"tables": [one]})
    async with scripted_broker(lambda _: []) as silent:

        def add(_: Gateway) -> None:
            two = {"name": "two", "port": silent, "client_id": "two", "filters": ["plant/well/+"]}
            files.settings(sources={"tables": [one, two]})

        answer = await _stopped_amid_a_reload(files, add, lambda gateway: len(gateway.sources) == 2)
    assert ["has not answered yet" in warning for warning in answer["warnings"]] == [True]


async def test_a_broker_that_falls_silent_loses_no_session_and_no_message(files: Files, broker: PlainMosquitto) -> None:
    files.profile("pump")

    def change(_: Gateway) -> None:
        files.remove_profile("pump")
        files.profile("well")
        _send(broker, signal.SIGSTOP)

    answer = await _stopped_amid_a_reload(files, change, lambda gateway: "plant/well/+" in gateway.sources[0].filters)
    assert any("plant/pump/+" in warning for warning in answer["warnings"]), answer
    _send(broker, signal.SIGCONT)
    await _publish(broker.port, "tank", 1, 2, 3)
    telemetry = RecordingTelemetry()
    async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
        assert gateway.engines.config_digest == gateway.reloader.running.content.digest
        await eventually(lambda: _filters(gateway) == [["plant/tank/+", "plant/well/+"]], "it has what is wanted")
        await _publish(broker.port, "well", 1)
        assert (await settled(gateway, 4))["readings"]["accepted"] == 4
    assert not telemetry.of(SessionLostError)


async def test_what_may_be_buffered_for_a_filter_is_not_given_up_by_a_stop(
    files: Files, broker: PlainMosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mqtt.overlap._QUIET_SECS", LONG)
    files.settings(mqtt={"filters": ["plant/+/+"]})
    held: list[list[list[str]]] = []

    def lingers(gateway: Gateway) -> bool:
        held.append(_filters(gateway))
        return gateway.sources[0].overlap is not None

    answer = await _stopped_amid_a_reload(files, lambda _: files.settings(mqtt={"filters": ["plant/#"]}), lingers)
    assert held[-1] == [["plant/#", "plant/+/+"]]
    assert answer["warnings"] == ["the gateway stops: plant/+/+ are for the next start to give up"]
    await _publish(broker.port, "tank", 1, 2, 3)
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        await eventually(lambda: _filters(gateway) == [["plant/#"]], "it is given up")
        assert (await settled(gateway, 3))["readings"]["accepted"] == 3


def _two(files: Files, broker: PlainMosquitto, kept: str = "tank") -> list[dict[str, Any]]:
    """Sources of tanks and wells; what is there when the second is gone."""
    both = [
        {"name": name, "port": broker.port, "client_id": name, "filters": [f"plant/{kind}/+"]}
        for name, kind in (("one", "tank"), ("two", "well"))
    ]
    both[1]["receive_maximum"] = WINDOW
    files.profile("well")
    files.settings(sources={"tables": both})
    return [both[0] | {"filters": [f"plant/{kept}/+"]}]


async def _has_session(port: int, client_id: str) -> bool:
    """Whether the broker keeps one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(mqtt5.ConnectPacket(client_id=client_id, clean_start=False, session_expiry_interval=60).write())
    head = await reader.readexactly(4)
    writer.close()
    await writer.wait_closed()
    return bool(head[2])


async def test_a_source_that_is_gone_and_still_drains_is_stopped_with_its_session(
    files: Files, broker: PlainMosquitto
) -> None:
    async def held_until_it_stops(gateway: Gateway) -> None:
        async with gateway.intake.lock:
            await eventually(lambda: bool(gateway.stopping), "it stops")

    one = _two(files, broker)
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        held = asyncio.create_task(held_until_it_stops(gateway))
        await eventually(gateway.intake.lock.locked, "nothing is acknowledged")
        await _publish(broker.port, "well", *range(MANY))
        await eventually(lambda: gateway.sources[1].received >= WINDOW, "the broker holds what is behind its window")
        assert gateway.sources[1].received < MANY
        files.settings(sources={"tables": one})
        reload = asyncio.create_task(gateway.desk.reload())
        await eventually(lambda: gateway.sources[1].filters == (), "it leaves")
    await held
    assert (await reload)["warnings"] == []
    assert not await _has_session(broker.port, "two")
    async with running_gateway(files.load(), origin=files.origin) as gateway:
        assert [source.name for source in gateway.sources] == ["one"]
        assert (await settled(gateway, MANY))["readings"]["accepted"] == MANY


async def test_a_source_that_is_gone_ends_its_session_where_a_stop_cuts_short_what_is_waited_for_before(
    files: Files, broker: PlainMosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mqtt.overlap._QUIET_SECS", LONG)
    one = _two(files, broker, kept="+")
    answer = await _stopped_amid_a_reload(
        files, lambda _: files.settings(sources={"tables": one}), lambda gateway: gateway.sources[1].overlap is not None
    )
    # not what the other had: no start knows of that one
    assert answer["warnings"] == ["the gateway stops: plant/tank/+ are for the next start to give up"]
    assert not await _has_session(broker.port, "two")


async def test_a_silent_broker_of_a_source_that_is_gone_is_waited_for_as_long_as_without_a_stop(
    files: Files, broker: PlainMosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runtime.reload_sources._ANSWER_SECS", 0.5)
    one = _two(files, broker)

    def silent(_: Gateway) -> None:
        files.settings(sources={"tables": one})
        _send(broker, signal.SIGSTOP)

    answer = await _stopped_amid_a_reload(files, silent, lambda gateway: gateway.sources[1].filters == ())
    assert ["was left there" in warning for warning in answer["warnings"]] == [True]
    _send(broker, signal.SIGCONT)
    assert await _has_session(broker.port, "two")


async def test_a_reload_that_is_not_in_force_when_the_gateway_stops_changes_nothing(files: Files) -> None:
    async def held_until_it_stops(gateway: Gateway) -> None:
        async with gateway.runner._pause:
            await eventually(lambda: bool(gateway.stopping), "it stops")

    async with running_gateway(files.load(), origin=files.origin) as gateway:
        end = gateway.inbox.end_offset
        files.profile("well")
        held = asyncio.create_task(held_until_it_stops(gateway))
        await eventually(gateway.runner._pause.locked, "its engine is held")
        reload = asyncio.create_task(gateway.desk.reload())
        await eventually(gateway.reloader._lock.locked, "it is on its way")
    await held
    with pytest.raises(CommandError, match="stopping"):
        await reload
    assert gateway.inbox.end_offset == end
