"""Devices that speak through clients of others, in every version and at every QoS, into one gateway at QoS 1."""

import asyncio
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import duckdb
import pytest

from device_sims.city.devices import load_city
from device_sims.clients.dialect import Dialects
from device_sims.clients.endpoint import Endpoint
from device_sims.clients.publisher import Publisher
from device_sims.fleet.fleet import Fleet, Message
from gateway.clock import SystemClock
from tests.support.brokers import PlainMosquitto
from tests.support.fleet import truth
from tests.support.publishing import running_publisher
from tests.support.running import running_gateway, settings_of, settled

BEFORE = 3 * 3600 * 1_000_000_000
CONNECTIONS = 12


def _messages(count: int, seed: int) -> list[Message]:
    fleet = Fleet(load_city(recordings=False), seed, SystemClock().now() - BEFORE)
    return list(islice(fleet.messages(), count))


async def test_every_reading_of_every_client_is_stored_once(tmp_path: Path, data_folder: Path) -> None:
    messages = _messages(3000, 7)
    acknowledged: list[Message] = []
    with PlainMosquitto.running(tmp_path) as broker:
        async with running_gateway(settings_of(data_folder, broker.port)) as gateway:
            publisher = Publisher(
                Endpoint("127.0.0.1", broker.port), lambda message, _: acknowledged.append(message),
                connections=CONNECTIONS, dialects=Dialects.parse("mixed", "mixed", "mixed"),
            )  # fmt: skip
            async with running_publisher(publisher):
                for message in messages:
                    await publisher.put(message)
                await asyncio.wait_for(publisher.drain(), 60)
            ledger = await settled(gateway, len(messages))
    assert publisher.resent == publisher.refused == 0
    assert len(acknowledged) == len(messages)
    assert ledger["messages"]["received"] - ledger["messages"]["redelivered"] == len(messages)
    assert ledger["messages"]["decoded"] == len(messages)
    assert ledger["readings"]["duplicate"] == 0, "QoS 2 publications arrive once at a QoS 1 subscription"
    assert ledger["stores"]["duckdb"]["stored"] == len(truth(messages))


async def test_over_cuts_nothing_is_lost_and_what_is_repeated_is_known_as_duplicate(
    tmp_path: Path, data_folder: Path
) -> None:
    messages = _messages(2000, 9)
    with PlainMosquitto.running(tmp_path) as broker:
        async with running_gateway(settings_of(data_folder, broker.port)) as gateway:
            publisher = Publisher(
                Endpoint("127.0.0.1", broker.port), lambda *_: None, connections=8, random=Random(1),
                dialects=Dialects.parse("mixed", "mixed", "1,2"),
            )  # fmt: skip
            cut: Counter[bool] = Counter()
            async with running_publisher(publisher):
                for count, message in enumerate(messages):
                    await publisher.put(message)
                    if count % 100 == 99:
                        cut[publisher.cut(message.number)] += 1
                await asyncio.wait_for(publisher.drain(), 60)
            ledger = await settled(gateway, len(messages))
    assert cut[True] > 5
    with duckdb.connect(str(data_folder / "readings.duckdb"), read_only=True) as stored:
        tables = [name for (name,) in stored.execute("SHOW TABLES").fetchall() if name.startswith("readings_")]
        rows = " UNION ALL ".join(f"SELECT series, ts, value FROM {name}" for name in tables)
        found = stored.execute(
            f"SELECT device, quantity, ts, any_value(value), count(DISTINCT value) "
            f"FROM ({rows}) AS r JOIN series ON series.id = r.series WHERE NOT isnan(value) GROUP BY ALL"
        ).fetchall()
    # one that comes again after its window has closed is written again, for then the last write counts
    assert {(device, quantity, ts): value for device, quantity, ts, value, _ in found} == {
        key: pytest.approx(value, rel=1e-12) for key, value in truth(messages).items() if value is not None
    }
    assert all(values == 1 for *_, values in found)
    stored_all = ledger["stores"]["duckdb"]["stored"]
    assert len(truth(messages)) <= stored_all <= len(truth(messages)) + ledger["beside"].get("late", 0)
    repeated = ledger["messages"]["received"] - ledger["messages"]["redelivered"] - len(messages)
    assert 0 <= repeated <= publisher.resent
