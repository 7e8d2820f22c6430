"""The web process reads InfluxDB by itself: the same columns as through the door, which isn't asked for them."""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.config.settings import Settings
from gateway.errors import CommandError, Missing
from gateway.link.door import Door, StoreAway
from gateway.link.link import GatewayLink
from gateway.link.pages import ColumnPage
from gateway.runtime.app import Gateway
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.desk import Desk
from tests.support.brokers import running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import past_messages, wire
from tests.support.influxd import Influxd, influxd
from tests.support.running import eventually, running_gateway, settings_of, settled
from tests.support.web import served

__all__ = ["influxd"]

pytestmark = pytest.mark.xdist_group("influxd")
SECOND = 1_000_000_000
MESSAGES = 3_000


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with running_embedded() as made:
        yield made


def _settings(folder: Path, port: int, server: Influxd, **more: Any) -> Settings:
    names = server.config()
    influxdb = {
        "enabled": True, "url": server.url, "org": server.org, "token": server.token, "raw_bucket": names.raw.name,
        "fine_bucket": names.aggregates[60].name, "coarse_bucket": names.aggregates[900].name, **more,
    }  # fmt: skip
    return settings_of(folder, port, stores={"duckdb": {"enabled": False}, "influxdb": influxdb})


@dataclass
class City:
    """A gateway with some hours of a whole city in InfluxDB, and the two ways to it."""

    settings: Settings
    gateway: Gateway
    link: GatewayLink
    door: Door
    broker: EmbeddedBroker
    start: int
    series: list[tuple[str, str]]

    async def both(self, method: str, **asked: Any) -> tuple[ColumnPage, ColumnPage]:
        """By the link, and through the door."""
        ask = self.link.latest if method == "latest_columns" else self.link.read
        series = asked.pop("series")
        positional = [asked.pop(name) for name in ("start", "end") if name in asked]
        whole = dict(zip(("start", "end"), positional, strict=False)) | asked
        return await ask(series, *positional, **asked), await self.door.columns(method, series=series, **whole)


@pytest_asyncio.fixture
async def city(influxd: Influxd, broker: EmbeddedBroker, data_folder: Path) -> AsyncIterator[City]:
    settings = _settings(data_folder, broker.port, influxd)
    messages = past_messages(MESSAGES)
    async with (
        running_gateway(settings) as gateway, FastPublisher(broker.port) as devices, GatewayLink(settings) as link,
    ):  # fmt: skip
        await devices.publish(wire(messages))
        await settled(gateway, MESSAGES, ["influxdb"])
        door = Door(settings.data_dir)
        named = await door.ask("series", limit=10_000)
        series = [(each["device"], each["quantity"]) for each in named]
        start = min(r.ts for m in messages for r in m.readings)
        yield City(settings, gateway, link, door, broker, start, series)
        await door.close()


def _same(direct: ColumnPage, through: ColumnPage) -> None:
    assert direct.table.schema == through.table.schema
    assert direct.table.equals(through.table) or _bits(direct) == _bits(through)  # NaN is no NaN
    assert [tuple(map(str, _named(each))) for each in direct.names] == [
        tuple(map(str, _named(each))) for each in through.names
    ]
    assert (direct.store, direct.start, direct.end, direct.next) == (
        through.store, through.start, through.end, through.next
    )  # fmt: skip


def _named(each: Any) -> tuple[str, str, str, str]:
    return each.device, each.quantity, each.profile, each.unit


def _bits(page: ColumnPage) -> list[bytes]:
    return [page.table[name].to_numpy().tobytes() for name in page.table.column_names]


async def test_both_ways_give_the_same_columns(city: City) -> None:
    end = city.start + 4 * 3600 * SECOND
    some = city.series[:400:7]
    for step in (0, 10, 60, 900):
        _same(*await city.both("read_columns", series=some, start=city.start, end=end, step=step))
    _same(*await city.both("latest_columns", series=some))
    whole = [(some[0][0], ""), some[1], some[0]]  # a device's series are in the page once
    direct, through = await city.both("read_columns", series=whole, start=city.start, end=end)
    assert len(direct)
    _same(direct, through)
    nothing = await city.both("read_columns", series=some, start=0, end=SECOND)
    assert not len(nothing[0])
    _same(*nothing)


async def test_pages_begin_and_end_at_the_same_places(city: City) -> None:
    at: int | None = city.start
    end, pages = city.start + 4 * 3600 * SECOND, 0
    while at is not None:
        direct, through = await city.both("read_columns", series=city.series[:40], start=at, end=end, limit=50)
        _same(direct, through)
        at, pages = direct.next, pages + 1
    assert pages > 2


async def test_windows_that_a_late_reading_waits_for_are_pending_both_ways(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city.gateway.reviser, "_quiet_ns", 3600 * SECOND)  # what is marked stays so
    device, quantity = next(each for each in city.series if each[0].startswith("loop-"))
    asked: dict[str, Any] = {
        "series": [(device, quantity)],
        "start": city.start,
        "end": city.start + 4 * 3600 * SECOND,
        "step": 60,
    }
    before, _ = await city.both("read_columns", **asked)
    assert not any(before.table["pending"].to_pylist())
    zone = (await city.door.ask("device", device=device))["zone"]
    late = before.table["start"][0].as_py() + 30 * SECOND
    body = json.dumps({"ts": late // 1_000_000, "speed": 33, "flow": 20, "occ": 0.1}).encode()
    async with FastPublisher(city.broker.port) as devices:
        await devices.publish([(f"city/{zone}/traffic/loop/{device}/reading", body)])
    await settled(city.gateway, MESSAGES + 1, ["influxdb"])
    direct, through = await city.both("read_columns", **asked)
    _same(direct, through)
    assert direct.table["pending"].to_pylist()[0]


async def test_the_gateway_is_asked_for_names_only(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(owner: Any, *names: str) -> None:
        for name in names:
            # the control door reads the signature once and for all tests of this process
            @functools.wraps(getattr(owner, name))
            async def refused(*_: Any, **__: Any) -> Any:
                asked.append("columns")
                raise CommandError("It is read here after all.")

            monkeypatch.setattr(owner, name, refused)

    refuse(Desk, "read_columns", "latest_columns")
    for store in city.gateway.stores:
        refuse(store, "read_readings", "read_aggregates", "latest")
    end = city.start + 4 * 3600 * SECOND
    assert len(await city.link.read(city.series[:5], city.start, end))
    assert len(await city.link.read(city.series[:5], city.start, end, store="influxdb"))
    assert len(await city.link.read(city.series[:5], city.start, end, step=60)) >= 0
    assert len(await city.link.latest(city.series[:5]))
    assert asked == []
    with pytest.raises(CommandError, match="It is read here"):  # another store is the gateway's to read
        await city.link.read(city.series[:5], city.start, end, store="duckdb")


async def test_what_can_not_be_asked_is_said_with_the_words_of_the_desk(city: City) -> None:
    for series, limit in (([("nobody", "")], 10), ([(city.series[0][0], "colour")], 10), (city.series[:1], 0)):
        said = []
        for ask in (city.link.read, _through(city.door)):
            with pytest.raises(CommandError) as caught:
                await ask(series, 0, 1, limit=limit)
            said.append((type(caught.value), caught.value.problem, caught.value.remedy, caught.value.exit_code))
        assert said[0] == said[1]
        assert issubclass(said[0][0], Missing) == (limit > 0)


def _through(door: Door) -> Any:
    async def read(series: Any, start: int, end: int, limit: int) -> ColumnPage:
        return await door.columns("read_columns", series=series, start=start, end=end, limit=limit)

    return read


async def test_a_token_that_may_only_read_is_enough_and_one_of_another_bucket_is_told(
    city: City, influxd: Influxd
) -> None:
    influx = city.settings.stores.influxdb
    orgs = influxd.call("GET", f"/api/v2/orgs?org={influx.org}")["orgs"]

    def token(*buckets: str) -> str:
        found = influxd.call("GET", "/api/v2/buckets?limit=100")["buckets"]
        may = [
            {"action": "read", "resource": {"type": "buckets", "id": each["id"], "orgID": orgs[0]["id"]}}
            for each in found if each["name"] in buckets
        ]  # fmt: skip
        made = influxd.call("POST", "/api/v2/authorizations", {"orgID": orgs[0]["id"], "permissions": may})
        return str(made["token"])

    names = influx.raw_bucket, influx.fine_bucket, influx.coarse_bucket
    end = city.start + 4 * 3600 * SECOND
    async with GatewayLink(_with_read_token(city.settings, token(*names))) as link:
        page = await link.read(city.series[:20], city.start, end, step=60)
        assert len(page) == len(await city.link.read(city.series[:20], city.start, end, step=60))
        assert len(await link.latest(city.series[:5]))
    async with GatewayLink(_with_read_token(city.settings, token(names[1]))) as link:
        with pytest.raises(StoreAway) as caught:
            await link.read(city.series[:20], city.start, end)
        assert influx.raw_bucket in caught.value.problem
        assert caught.value.remedy


def _with_read_token(settings: Settings, token: str) -> Settings:
    return Settings.model_validate(
        settings.model_dump(exclude={"sources"}) | {"stores": {
            "duckdb": settings.stores.duckdb.model_dump(),
            "influxdb": settings.stores.influxdb.model_dump() | {"token": None, "read_token": token},
        }}
    )  # fmt: skip


async def test_an_influxdb_that_is_away_is_told_by_a_503_and_comes_back(
    broker: EmbeddedBroker, tmp_path: Path, data_folder: Path
) -> None:
    server = Influxd(tmp_path)
    server.start()
    try:
        settings = _settings(data_folder, broker.port, server, timeout_secs=2)
        async with running_gateway(settings) as gateway, FastPublisher(broker.port) as devices:
            messages = past_messages(500)
            await devices.publish(wire(messages))
            await settled(gateway, 500, ["influxdb"])
            device = next(iter(await gateway.desk.series(limit=1)))["device"]
            async with served(settings) as api, api.client() as client:
                asked = {"device": device, "from": "now-5h"}
                assert (await client.get("/api/v1/readings", params=asked)).status_code == 200
                server.kill()
                away = await client.get("/api/v1/readings", params=asked)
                assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
                assert away.headers["retry-after"]
                assert away.json()["type"] == "urn:cityloom:problem:store-away"
                assert server.url in away.json()["detail"]
                assert away.json()["remedy"].startswith("Ask again")
                await asyncio.to_thread(server.start)
                back = await client.get("/api/v1/readings", params=asked)
                assert back.status_code == 200, back.text
                assert back.json()["series"]
    finally:
        server.stop()


async def test_an_influxdb_that_hangs_is_waited_for_as_long_as_is_configured(
    broker: EmbeddedBroker, tmp_path: Path, data_folder: Path
) -> None:
    server = Influxd(tmp_path)
    server.start()
    try:
        settings = _settings(data_folder, broker.port, server)
        async with running_gateway(settings) as gateway, FastPublisher(broker.port) as devices:
            await devices.publish(wire(past_messages(500)))
            await settled(gateway, 500, ["influxdb"])
            device = next(iter(await gateway.desk.series(limit=1)))["device"]
            patient = settings.model_copy(update={"web": settings.web.model_copy(update={"query_secs": 0.5})})
            async with GatewayLink(patient) as link:
                assert len(await link.latest([(device, "")]))
                server.freeze()
                began = time.monotonic()
                with pytest.raises(CommandError, match=r"has not answered within 0\.5 s") as caught:
                    await link.latest([(device, "")])
                assert caught.value.remedy
                assert time.monotonic() - began < 10
                server.freeze(frozen=False)
                await eventually(lambda: _answers(link, device), "it answers again")
    finally:
        server.freeze(frozen=False)
        server.stop()


async def _answers(link: GatewayLink, device: str) -> bool:
    try:
        return len(await link.latest([(device, "")])) > 0
    except CommandError:
        return False
