"""A database dies, hangs or answers nonsense: nobody else waits, alarms are told in time, and in the end it has all.

What happens to a store is no excuse for a late alarm: these trials don't count their faults' time as one.
"""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.chaos.trial import MINUTES, Chaos, Plan, Trial
from tests.support.influx_proxy import InfluxProxy, Trouble, influx_proxy
from tests.support.influxd import Influxd

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]

BOTH = ("duckdb", "influxdb")
TROUBLES = (
    Trouble("500", 500, body=b'{"code":"internal error","message":"sorry"}'),
    Trouble("500 but stored", 500, body=b"<html>oops</html>", stored=True),
    Trouble("503, Retry-After", 503, {"Retry-After": "1"}, b"{}"),
    Trouble("429, Retry-After", 429, {"Retry-After": "1"}, b"{}"),
    Trouble("413", 413, body=b'{"code":"request too large","message":"too large"}'),
    Trouble("reset", 0),
    Trouble("reset, but stored", 0, stored=True),
    Trouble("slow", secs=1.5, through=True),
    Trouble("too slow, but stored", secs=3.5, through=True),
    Trouble("502 page", 502, body=b"<html>Bad gateway</html>"),
    Trouble("body cut off", 500, {"Content-Length": "4000"}, b'{"code":'),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Influxd]:
    made = Influxd(tmp_path)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _stores(server: Influxd, url: str = "", timeout_secs: float = 10.0, **more: Any) -> dict[str, Any]:
    influxdb = {"enabled": True, "url": url or server.url, "org": server.org, "token": server.token}
    return {"stores": {"influxdb": {**influxdb, "timeout_secs": timeout_secs}}, **more}


async def _store(trial: Trial, name: str) -> dict[str, Any]:
    status = await trial.gateway.ask("status")
    assert status is not None
    found: dict[str, Any] = status["stores"][name]
    return found


async def _watched(trial: Trial, secs: float, down: str, up: str) -> None:
    """For a while; how old what the other store lacks gets meanwhile goes into the report."""
    until, lag = monotonic() + secs, 0.0
    ends: list[tuple[float, int]] = []
    troubled = False
    while monotonic() < until:
        status = await trial.gateway.ask("status")
        assert status is not None
        troubled = troubled or status["stores"][down]["state"] != "writing"
        now, store = monotonic(), status["stores"][up]
        ends.append((now, store["position"] + store["behind"]))
        since = max((at for at, end in ends if end <= store["position"]), default=ends[0][0])
        lag = max(lag, now - since)
        await asyncio.sleep(0.1)
    assert troubled, f"{down} had no trouble"
    trial.row.figures[f"lag of {up} meanwhile, s"] = round(lag, 2)
    assert lag < 5.0


async def _back(trial: Trial) -> None:
    trial.row.back_secs = await trial.normal()
    trial.say(f"normal again after {trial.row.back_secs:.1f} s")


async def test_a_killed_influxdb_holds_nobody_up_and_gets_everything_once_it_is_back(
    chaos: Chaos, server: Influxd
) -> None:
    async with chaos(Plan("influxdb killed", MINUTES, settings=_stores(server), stores=BOTH)) as trial:
        await trial.moment()
        server.kill()
        await _watched(trial, 4.0, "influxdb", "duckdb")
        await asyncio.to_thread(server.start)
        await _back(trial)


@pytest.mark.chaos
async def test_an_influxdb_that_hangs_is_given_up_and_gets_everything_once_it_answers(
    chaos: Chaos, server: Influxd
) -> None:
    async with chaos(
        Plan("influxdb hangs (SIGSTOP)", settings=_stores(server, timeout_secs=3.0), stores=BOTH)
    ) as trial:
        await trial.moment()
        server.freeze()
        await _watched(trial, 10.0, "influxdb", "duckdb")
        assert "does not answer" in (await _store(trial, "influxdb"))["problem"]
        server.freeze(frozen=False)
        await _back(trial)


@pytest.mark.chaos
async def test_answers_of_every_kind_lose_nothing_and_store_nothing_twice(chaos: Chaos, server: Influxd) -> None:
    with influx_proxy(server.port) as proxy:
        plan = Plan("influxdb: every second write in trouble", settings=_stores(server, proxy.url, 3.0), stores=BOTH)
        async with chaos(plan) as trial:
            await trial.moment(0.1, 0.15)
            _disturb(proxy, trial)
            await trial.until(0.8)
            share, every = 0.8, {trouble.name for trouble in TROUBLES}
            while set(proxy.done) != every and share < 0.96:  # a busy machine makes fewer, larger writes
                share += 0.02
                await trial.until(share)
            proxy.next_trouble = lambda: None
            assert set(proxy.done) == every
            trial.row.figures["troubles"] = len(proxy.done)
            await _back(trial)


def _disturb(proxy: InfluxProxy, trial: Trial) -> None:
    """Each trouble once, then any."""
    first = [*TROUBLES]
    trial.dice.shuffle(first)

    def trouble() -> Trouble | None:
        if trial.dice.random() < 0.5:
            return None
        return first.pop() if first else trial.dice.choice(TROUBLES)

    proxy.next_trouble = trouble


@pytest.mark.chaos
async def test_alarms_and_live_topics_go_on_while_the_only_database_is_down(chaos: Chaos, server: Influxd) -> None:
    settings = _stores(server, live={"mqtt": {"enabled": True}})
    settings["stores"]["duckdb"] = {"enabled": False}
    plan = Plan("the only database killed", settings=settings, stores=("influxdb",))
    async with chaos(plan) as trial:
        await trial.until(0.1)
        told: list[str] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.on_message = lambda _client, _data, message: told.append(message.topic)
        client.connect("127.0.0.1", trial.broker.port)
        client.subscribe("cityloom/live/#", qos=1)
        client.loop_start()
        try:
            server.kill()
            await trial.until(0.15)
            told.clear()
            await trial.until(0.75)
            store = await _store(trial, "influxdb")
            assert store["state"] == "retrying"
            assert "no store takes data" in (await trial.not_ready() or "")
            trial.row.figures |= {"live messages meanwhile": len(told), "readings that waited": store["waiting"]}
            assert len(told) > 1_000
            assert any("alarm" in topic for topic in told)
        finally:
            client.loop_stop()
            client.disconnect()
        await asyncio.to_thread(server.start)
        await _back(trial)


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_full_outbox_drops_readings_of_the_dead_store_only_also_where_the_gateway_dies_at_it(
    chaos: Chaos, server: Influxd
) -> None:
    outbox = {"quota_bytes": 1 << 20, "on_full": "drop_oldest_raw"}
    plan = Plan(
        "influxdb killed, outbox full, kill -9 while dropping", settings=_stores(server, outbox=outbox),
        errors=("readings dropped",),
    )  # fmt: skip
    async with chaos(plan) as trial:
        await trial.until(0.1)
        server.kill()
        async with trial.fault():
            for place in ("drop-before-commit:1", "drop-after-commit:2"):
                trial.gateway.kill()
                await trial.gateway.ended(10)
                await trial.restart(kill_at=place)
                assert await trial.gateway.ended(60) == -signal.SIGKILL
                await trial.gateway.start()
            assert await trial.gateway.subscribed()
            await trial.until(0.85)
            await asyncio.to_thread(server.start)
        await _settled(trial)
        store = await _store(trial, "influxdb")
        trial.row.figures |= {"dropped for influxdb": store["dropped"], "stored in it": store["stored"]}
        assert store["dropped"] > 0
        assert store["lost"]["readings"] == store["dropped"]
        assert (await _store(trial, "duckdb"))["dropped"] == 0


async def _settled(trial: Trial) -> None:
    """Until the store that was dead has what is left for it."""
    until = monotonic() + 60
    while (store := await _store(trial, "influxdb"))["behind"] > 20:
        assert monotonic() < until, store
        await asyncio.sleep(0.2)
