"""kill -9 around a reload: the old configuration or the new one, and a start repeats what was recorded to the byte."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from gateway.runtime.faults import RELOAD_PLACES
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.gateway_process import GatewayProcess
from tests.support.outcome import Outcome, differences, outcome_of
from tests.support.reloadable import Files, body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

_SECOND = 1_000_000_000
_BEGIN = (time.time_ns() // _SECOND - 900) // 60 * 60 * _SECOND
_DEVICES, _ROUNDS = 20, 60
_DEADLINE_SECS = 60.0


def _second(files: Files) -> None:
    """The configuration that is reloaded: another threshold, one more kind of device, other checks."""
    files.conditions({"water.high": ("tank", 40), "water.more": ("well", 20)})
    files.profile("well")
    files.profile("tank", most=50)


def _messages(first: int, last: int) -> list[tuple[str, bytes]]:
    return [
        (f"plant/{kind}/{kind}-{device}", body(_BEGIN + number * 10 * _SECOND, (device * 7 + number * 13) % 60 + 0.5))
        for number in range(first, last) for device in range(_DEVICES)
        for kind in ("tank", "well")[: 1 if number < _ROUNDS // 2 else 2]
    ]  # fmt: skip


async def _stored(gateway: GatewayProcess, messages: int) -> None:
    deadline = time.monotonic() + _DEADLINE_SECS
    while True:
        status = await gateway.ask("status")
        if status is not None:
            came = status["ledger"]["messages"]
            waits = status["inbox"]["waiting"] or any(store["behind"] for store in status["stores"].values())
            if came["received"] - came["redelivered"] >= messages and not waits:
                return
        assert time.monotonic() < deadline, f"{status}\n{gateway.tail()}"
        await asyncio.sleep(0.05)


async def _run(folder: Path, kill_at: str) -> tuple[Outcome, GatewayProcess]:
    """Half of the messages, a reload in which it may be killed, the other half."""
    with PlainMosquitto.running(folder) as broker:
        files = Files(folder, broker.port)
        files.settings(engine={"clock_bound_secs": 290, "max_ahead_secs": 300}, log={"format": "json"})
        gateway = GatewayProcess(files.config, folder / "d", folder / "gateway.log")
        try:
            await gateway.start(kill_at)
            assert await gateway.subscribed(), gateway.tail()
            async with FastPublisher(broker.port) as publisher:
                half = _messages(0, _ROUNDS // 2)
                await publisher.publish(half)
                await _stored(gateway, len(half))
                _second(files)
                answer = await gateway.ask("reload")
                if kill_at:
                    assert answer is None
                    assert await gateway.ended(_DEADLINE_SECS) == -signal.SIGKILL
                    await gateway.start()
                    assert await gateway.subscribed(), gateway.tail()
                else:
                    assert answer is not None
                    assert answer["applied"], answer
                rest = _messages(_ROUNDS // 2, _ROUNDS)
                await publisher.publish(rest)
                await _stored(gateway, len(half) + len(rest))
            assert await gateway.stop() == 0, gateway.tail()
        finally:
            gateway.kill()
        assert not gateway.events("error"), gateway.events("error")
        return await outcome_of(files.config), gateway


_known: list[Outcome] = []


async def _undisturbed(tmp: Path) -> Outcome:
    if not _known:
        folder = tmp / "u"
        folder.mkdir()
        _known.append((await _run(folder, ""))[0])
    return _known[0]


@pytest.mark.xdist_group("reload-crash")
@pytest.mark.parametrize("place", RELOAD_PLACES)
async def test_killed_at_any_place_of_a_reload_it_goes_on_as_if_it_had_not_been(data_folder: Path, place: str) -> None:
    reference = await _undisturbed(data_folder)
    folder = data_folder / "k"
    folder.mkdir()
    outcome, gateway = await _run(folder, f"{place}:1")
    assert gateway.starts == 2
    wanted, held = reference.stores["duckdb"], outcome.stores["duckdb"]
    wrong = [
        *differences("reading", wanted.readings, held.readings),
        *differences("window", wanted.aggregates, held.aggregates),
        *differences("ledger", reference.sums(), outcome.sums()),
        *differences("device", reference.devices, outcome.devices),
    ]  # fmt: skip
    assert not wrong, wrong[:5]
    assert outcome.ledger["balanced"]
    assert outcome.verify["agrees"]
