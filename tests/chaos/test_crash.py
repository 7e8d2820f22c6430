"""kill -9 and cut connections change nothing: what is stored equals what an uninterrupted run stores.

    feed process --> broker process --> proxy (cuts) --> gateway process (killed, started again) --> DuckDB, InfluxDB

Broker, publisher and InfluxDB outlive the gateway. Kills come at every place of gateway/runtime/faults.py and at random
moments, those of the start included. Afterwards everything drains, all marks are revised, the gateway stops cleanly,
and all that it left is compared with what a run of the same messages left that nobody disturbed.

A short form runs always; the full one (more kills, more cuts, both stores, both brokers) where
CITYLOOM_TEST_FULL is set.
"""

import asyncio
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from gateway.runtime.faults import KILL_PLACES
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.crash_feed import Feed, make_feed
from tests.support.feed_process import FeedProcess
from tests.support.gateway_process import GatewayProcess
from tests.support.influxd import Influxd, influxd
from tests.support.outcome import Outcome, differences, outcome_of
from tests.support.proxy import Proxy

__all__ = ["influxd"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("crash"), pytest.mark.timeout(600)]

_DAY = 86_400
_CONFIG = """\
data_dir = "{data}"
[mqtt]
watch_sys = "off"
port = {port}
[http]
port = 0
[snapshots]
interval_secs = 1
[engine]
gather_ms = 10
gather_messages = 200
tick_secs = 0.25
[reviser]
quiet_secs = 0.3
max_age_secs = 5
[log]
level = "warning"
format = "json"
{stores}
"""
_DUCKDB = "[stores.duckdb]\nenabled = {on}\nthreads = 1\n"
_BACKLOG = 60
"""Messages that come while no gateway runs."""
_AT_ONCE = 10
_EVERY_SECS = 0.02
_TRICKLE = 0.2
_OFTEN = {"snapshot-before-rename": 3, "snapshot-after-rename": 3, "revision-before-commit": 3}
"""Places that are passed about once a second."""
_DEAD_SECS = 60.0
_DRAIN_SECS = 120.0
full = pytest.mark.skipif(
    not os.environ.get("CITYLOOM_TEST_FULL"), reason="takes minutes: set CITYLOOM_TEST_FULL=1, as .ci/run does"
)


@dataclass(frozen=True)
class Plan:
    """What is done to a run."""

    places: tuple[str, ...] = ()
    random_kills: int = 0
    cuts: int = 0
    seed: int = 1

    @property
    def phases(self) -> int:
        """How many parts the load is divided into."""
        return len(self.places) + self.random_kills + (self.cuts > 0) + 1


class Run:
    """One run of the feed against one folder."""

    def __init__(self, gateway: GatewayProcess, publisher: FeedProcess, proxy: Proxy, plan: Plan) -> None:
        self.under_load = 0
        """Kills and cuts that came while messages were under way or waiting."""
        self._gateway = gateway
        self._publisher = publisher
        self._proxy = proxy
        self._plan = plan
        self._dice = random.Random(plan.seed)
        self._allowance = 0
        self._phase = 0

    async def everything(self) -> None:
        """Start, disturb, drain, stop."""
        await self._gateway.start()
        assert await self._gateway.subscribed()  # from here on the broker keeps what we miss
        for kill in self._kills():
            self._next_phase()
            await kill
        if self._plan.cuts:
            self._next_phase()
            await self._cut_often()
        self._next_phase()
        await self._drain()
        code = await self._gateway.stop()
        assert code == 0, self._gateway.tail()

    def _kills(self) -> Iterator[Awaitable[None]]:
        places = [f"{place}:{self._dice.randrange(1, _OFTEN.get(place, 6))}" for place in self._plan.places]
        kills = [*places, *([""] * self._plan.random_kills)]
        self._dice.shuffle(kills)
        for kill in kills:
            yield self._killed_at(kill) if kill else self._killed_at_random()

    def _next_phase(self) -> None:
        left = self._publisher.total - self._publisher.asked
        self._allowance = left // (self._plan.phases - self._phase)
        self._phase += 1

    async def _flow(self) -> None:
        """Some more load, within what this phase may use."""
        # where that is used up, a trickle: places are passed only while something comes
        messages = min(_AT_ONCE, self._allowance) or self._dice.random() < _TRICKLE
        if messages:
            self._allowance = max(self._allowance - messages, 0)
            self._publisher.publish(messages)
        await asyncio.sleep(_EVERY_SECS)

    async def _killed_at(self, place: str) -> None:
        await self._restart(place)
        deadline = time.monotonic() + _DEAD_SECS
        while self._gateway.running:
            await self._flow()
            assert time.monotonic() < deadline, f"{place} was never passed\n{self._gateway.tail()}"
        await self._is_dead(place)

    async def _killed_at_random(self) -> None:
        await self._restart()
        if self._dice.random() < 0.7:
            assert await self._gateway.subscribed(), self._gateway.tail()
        until = time.monotonic() + self._dice.uniform(0, 1)
        while time.monotonic() < until:
            await self._flow()
        self._gateway.kill()
        await self._is_dead("random")

    async def _restart(self, kill_at: str = "") -> None:
        if self._gateway.running:
            self._gateway.kill()
            await self._is_dead("restart")
        backlog = min(_BACKLOG, self._allowance)
        self._allowance -= backlog
        self._publisher.publish(backlog)
        await self._gateway.start(kill_at)

    async def _is_dead(self, place: str) -> None:
        code = await self._gateway.ended(_DEAD_SECS)
        assert code == -signal.SIGKILL, f"{place}: ended with {code}\n{self._gateway.tail()}"
        self.under_load += self._publisher.asked < self._publisher.total

    async def _cut_often(self) -> None:
        if not self._gateway.running:
            await self._restart()
        for _ in range(self._plan.cuts):
            before = self._proxy.connections
            assert await self._gateway.subscribed(), self._gateway.tail()
            until = time.monotonic() + self._dice.uniform(0, 0.3)
            while time.monotonic() < until:
                await self._flow()
            self._proxy.cut()
            self.under_load += self._publisher.asked < self._publisher.total
            deadline = time.monotonic() + _DEAD_SECS
            while self._proxy.connections == before:
                await self._flow()
                assert time.monotonic() < deadline, "it does not connect again"

    async def _drain(self) -> None:
        """Send the rest and wait until nothing waits anywhere."""
        if not self._gateway.running:
            await self._gateway.start()
        assert await self._gateway.subscribed(), self._gateway.tail()
        self._publisher.publish(self._publisher.total)
        deadline = time.monotonic() + _DRAIN_SECS
        while True:
            status = await self._gateway.ask("status")
            assert status is not None, self._gateway.tail()
            messages = status["ledger"]["messages"]
            waits = {
                "publisher": self._publisher.total - self._publisher.published,
                "broker": self._publisher.total - messages["received"] + messages["redelivered"],
                "inbox": status["inbox"]["waiting"],
                "marks": status["outbox"]["marks"],
                **{name: store["behind"] for name, store in status["stores"].items()},
            }
            if not any(waits.values()):
                return
            assert waits["broker"] >= 0, f"{-waits['broker']} messages were journaled twice\n{self._gateway.tail()}"
            assert time.monotonic() < deadline, f"does not drain: {waits}\n{self._gateway.tail()}"
            await asyncio.sleep(0.1)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="loom-"))  # short: there is a Unix socket in it
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _broker(kind: str, folder: Path) -> Iterator[int]:
    if kind == "mosquitto":
        with PlainMosquitto.running(folder) as mosquitto:
            yield mosquitto.port
    else:
        with running_embedded() as embedded:
            yield embedded.port


@asynccontextmanager
async def _run(feed: Feed, plan: Plan, broker: str, stores: str) -> AsyncIterator[tuple[Run, Outcome, GatewayProcess]]:
    with _folder() as folder, _broker(broker, folder) as port:
        async with Proxy(port) as proxy:
            config, data = folder / "cityloom.toml", folder / "d"
            config.write_text(_CONFIG.format(data=data, port=proxy.port, stores=stores), encoding="utf-8")
            gateway = GatewayProcess(config, data, folder / "gateway.log")
            try:
                async with FeedProcess(port, folder / "feed", feed.messages) as publisher:
                    run = Run(gateway, publisher, proxy, plan)
                    await run.everything()
            finally:
                gateway.kill()
            yield run, await outcome_of(config), gateway


def _influx_toml(server: Influxd) -> str:
    config = server.config()
    fine, coarse = config.aggregates[60].name, config.aggregates[3600].name
    return (
        f'[stores.influxdb]\nenabled = true\nurl = "{config.url}"\norg = "{config.org}"\ntoken = "{config.token}"\n'
        f'raw_bucket = "{config.raw.name}"\nfine_bucket = "{fine}"\ncoarse_bucket = "{coarse}"\n'
    )


def _midnight() -> int:
    return int(time.time()) // _DAY * _DAY - 8 * _DAY


_known: dict[int, tuple[Feed, Outcome]] = {}


async def _undisturbed(steps: int) -> tuple[Feed, Outcome]:
    """The feed of so many steps, and what a run of it leaves that nobody disturbs."""
    if steps not in _known:
        feed = make_feed(steps, _midnight(), seed=20140501)
        async with _run(feed, Plan(), "embedded", _DUCKDB.format(on="true")) as (_, outcome, gateway):
            assert gateway.starts == 1
            _check_truth(feed, outcome)
        _known[steps] = feed, outcome
    return _known[steps]


def _check_truth(feed: Feed, outcome: Outcome) -> None:
    """The yardstick itself is right: everything that was sent is stored, and nothing else."""
    held = outcome.stores["duckdb"].readings
    wanted = {(*series, ts): value for series, values in feed.truth.items() for ts, value in values.items()}
    assert held.keys() == wanted.keys()
    for key, value in wanted.items():
        bits, flag = held[key]
        if value is None:
            assert (bits, flag) == (b"nan", 9), key
        else:
            assert struct.unpack("<d", bits)[0] == pytest.approx(value, rel=1e-12), key
            assert flag == (3 if key[1] == "speed" and value > 160 else flag), key
    assert outcome.journaled == len(feed.messages)
    assert outcome.verify["agrees"], outcome.verify
    assert outcome.stores["duckdb"].revised > 10
    readings = outcome.ledger["readings"]
    assert min(readings[term] for term in ("duplicate", "conflict", "quarantined", "expired", "invalid")) > 0, readings
    assert outcome.ledger["messages"]["rejected"] > 0
    assert outcome.ledger["beside"]["late"] > 0


def _check_same(reference: Outcome, outcome: Outcome) -> None:
    wanted = reference.stores["duckdb"]
    wrong: list[str] = []
    for name, held in outcome.stores.items():
        wrong += islice(differences(f"{name}: reading", wanted.readings, held.readings), 5)
        wrong += islice(differences(f"{name}: window", wanted.aggregates, held.aggregates), 5)
    wrong += islice(differences("ledger", reference.sums(), outcome.sums()), 10)
    wrong += islice(differences("dead letters", reference.letters, outcome.letters), 5)
    wrong += islice(differences("device", reference.devices, outcome.devices), 5)
    assert not wrong, "\n".join(wrong)
    assert outcome.ledger["balanced"], outcome.ledger["off"]
    assert outcome.verify["agrees"], outcome.verify


async def _crash(steps: int, plan: Plan, broker: str, stores: str, names: set[str]) -> None:
    feed, reference = await _undisturbed(steps)
    async with _run(feed, plan, broker, stores) as (run, outcome, gateway):
        assert outcome.stores.keys() == names
        _check_same(reference, outcome)
        # cuts in a row look like a broker that throws us out without a word, and that is said
        said = [each for each in gateway.events("error") if "without a reason" not in str(each.get("problem"))]
        assert not said, said[:3]
        assert run.under_load >= len(plan.places) + plan.random_kills + plan.cuts
        if plan.places == KILL_PLACES:
            # without any, no kill and no cut came between a commit and its PUBACK
            assert outcome.ledger["messages"]["redelivered"] > 0


async def test_kills_at_every_place_and_cut_connections_change_nothing_in_duckdb() -> None:
    plan = Plan(KILL_PLACES, random_kills=5, cuts=5, seed=3)
    await _crash(260, plan, "embedded", _DUCKDB.format(on="true"), {"duckdb"})


async def test_kills_around_store_writes_and_revisions_change_nothing_in_influxdb(influxd: Influxd) -> None:
    plan = Plan(("before-store-write", "after-store-write", "revision-before-commit"), random_kills=2, cuts=2, seed=4)
    stores = _DUCKDB.format(on="false") + _influx_toml(influxd)
    await _crash(260, plan, "embedded", stores, {"influxdb"})


@full
@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
async def test_many_kills_and_cuts_change_nothing_in_either_store(influxd: Influxd, broker: str) -> None:
    plan = Plan(KILL_PLACES, random_kills=12, cuts=12, seed=random.randrange(1 << 30))
    sys.stdout.write(f"{plan}\n")  # so that a failure can be repeated
    stores = _DUCKDB.format(on="true") + _influx_toml(influxd)
    await _crash(600, plan, broker, stores, {"duckdb", "influxdb"})
