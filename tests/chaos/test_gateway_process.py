"""The gateway's process dies, stands still or finds no memory: what it acknowledged is there, once, alarms as ever."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.places import influx, mosquitto
from tests.chaos.trial import MINUTES, Chaos, Plan, Trial
from tests.support.influxd import Influxd, influxd
from tests.support.proxy import Proxy

__all__ = ["influxd"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("chaos")]

_TIGHT = 8 << 20
"""Bytes of address space that a gateway under a limit may still take."""
_UNDER_LIMIT_SECS = 20.0


async def test_a_killed_gateway_goes_on_where_it_was(chaos: Chaos) -> None:
    async with chaos(Plan("kill -9, short", MINUTES)) as trial:
        await trial.moment()
        async with trial.fault():
            await trial.killed()
            await trial.restart()


@pytest.mark.chaos
async def test_kills_at_random_moments_and_during_recovery_change_nothing(chaos: Chaos) -> None:
    async with chaos(Plan("kill -9, thrice, each with kills during recovery", broker=mosquitto)) as trial:
        for least in (0.1, 0.35, 0.6):
            await trial.moment(least, least + 0.1)
            async with trial.fault():
                await trial.killed()
                for _ in range(3):
                    await trial.gateway.start()
                    await asyncio.sleep(trial.dice.uniform(0.3, 2.0))
                    await trial.killed()
                await trial.restart()


async def test_a_gateway_that_stood_still_for_a_while_goes_on(chaos: Chaos) -> None:
    async with chaos(Plan("SIGSTOP for 5 s, short", MINUTES)) as trial:
        await trial.moment()
        async with trial.fault():
            trial.gateway.freeze()
            await asyncio.sleep(5.0)
            trial.gateway.freeze(False)


@pytest.mark.chaos
async def test_a_gateway_that_stood_still_while_its_connections_died_goes_on(chaos: Chaos, influxd: Influxd) -> None:
    """30 s: the broker gives it up after 9, the store's connections are reset meanwhile."""
    async with Proxy(influxd.port) as way:
        settings = influx(influxd, way.port) | {"mqtt": {"keep_alive_secs": 6}}
        plan = Plan("SIGSTOP for 30 s", broker=mosquitto, settings=settings, stores=("duckdb", "influxdb"))
        async with chaos(plan) as trial:
            await trial.moment(0.1, 0.3)
            async with trial.fault():
                trial.gateway.freeze()
                await asyncio.sleep(15.0)
                way.cut()
                await asyncio.sleep(15.0)
                trial.gateway.freeze(False)
                await _noticed(trial)


async def _noticed(trial: Trial) -> None:
    """It finds its session taken from it, and connects again."""
    async with asyncio.timeout(30.0):
        while True:
            status = await trial.gateway.ask("status")
            if status is not None and status["sources"][0]["reconnects"] > 0:
                return
            await asyncio.sleep(0.1)


@pytest.mark.chaos
async def test_a_gateway_without_memory_loses_nothing(chaos: Chaos) -> None:
    """It stands still until much waits at the broker; then it may take hardly any address space more."""
    async with chaos(Plan("no memory", broker=mosquitto, errors=("",))) as trial:
        await trial.moment(0.2, 0.4)
        async with trial.fault():
            trial.gateway.freeze()
            await asyncio.sleep(8.0)
            with _limited(trial.gateway.pid, _TIGHT):
                trial.gateway.freeze(False)
                try:
                    code = await trial.gateway.ended(_UNDER_LIMIT_SECS)
                    trial.row.figures["under the limit"] = f"it ended with {code}: {_last_line(trial)}"
                except TimeoutError:
                    trial.row.figures["under the limit"] = f"it went on; {await trial.not_ready() or 'ready'}"
            trial.say(trial.row.figures["under the limit"])
            if not trial.gateway.running:
                await trial.restart()


def _last_line(trial: Trial) -> str:
    return trial.gateway.tail().strip().splitlines()[-1][:200]


@contextmanager
def _limited(pid: int, more: int) -> Iterator[None]:
    """The process may take so many bytes of address space beyond what it has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (pages * resource.getpagesize() + more, before[1]))
    try:
        yield
    finally:
        if Path(f"/proc/{pid}").exists():
            resource.prlimit(pid, resource.RLIMIT_AS, before)
