"""Reads of another process than the gateway's: what a server in trouble comes to, and reads that are cut short."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from gateway.errors import Halt, Retry
from gateway.stores.base import SeriesId
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influx_reader import InfluxReader
from tests.support.influx_double import HANG, RESET, TRUNCATED, Answer, InfluxDouble, influx_double, said
from tests.support.running import eventually

WANTED = [SeriesId("loop-1", "speed")]
ROWS = [[10, 42.5, None, None], [20, None, 9, 2]]


@pytest.fixture
def server() -> Iterator[InfluxDouble]:
    with influx_double() as double:
        double.on_query = _told
        yield double


def _told(statements: list[str]) -> Answer:
    series = {"name": "loop", "columns": ["time", "speed", "speed_flag", "speed_why"], "values": ROWS}
    results = [{"statement_id": number, "series": [series]} for number in range(len(statements))]
    return Answer(200, json.dumps({"results": results}))


def _config(url: str, timeout_secs: float = 10.0) -> InfluxConfig:
    return InfluxConfig(url, "city", "a-token", Bucket("raw", 0), {60: Bucket("fine", 0)}, timeout_secs=timeout_secs)


@pytest_asyncio.fixture
async def reader(server: InfluxDouble) -> AsyncIterator[InfluxReader]:
    made = InfluxReader(_config(server.url), 2)
    yield made
    await made.close()


async def _values(reader: InfluxReader) -> list[float]:
    found = await reader.read_readings(WANTED, lambda _: "loop", 0, 100)
    return [each for each in found.batch.value.tolist() if each == each]  # noqa: PLR0124  what is missing is NaN


async def test_rows_come_as_columns(reader: InfluxReader) -> None:
    found = await reader.read_readings(WANTED, lambda _: "loop", 0, 100, limit=10)
    assert found.names == tuple(WANTED)
    assert found.batch.ts.tolist() == [10, 20]
    assert found.batch.flag.tolist() == [1, 9]
    assert found.next is None


async def test_of_a_profile_that_nobody_knows_every_measurement_is_looked_into(
    server: InfluxDouble, reader: InfluxReader
) -> None:
    asked: list[str] = []

    def told(statements: list[str]) -> Answer:
        asked.extend(statements)
        return _told(statements)

    server.on_query = told
    await reader.latest(WANTED, lambda _: None)
    await reader.latest(WANTED, lambda _: "loop")
    assert ["/.*/" in each for each in asked] == [True, False]


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (said(503, "not now"), Retry, "not now"), (said(429, "busy"), Retry, "busy"), (RESET, Retry, "does not answer"),
        (TRUNCATED, Retry, "does not answer"), (Answer(200, "<html>"), Retry, "can't be read"),
        (said(401, "unauthorized"), Halt, "unauthorized"), (said(403, "no"), Halt, "403"),
        (said(404, "no such bucket"), Halt, "no such bucket"), (said(400, "syntax"), Halt, "syntax"),
        (Answer(302, "elsewhere"), Halt, "302"), (said(413, "large"), Halt, "413"),
        (Answer(200, json.dumps({"results": [{"error": "too old"}]})), Halt, "too old"),
        (Answer(200, json.dumps({"results": []})), Retry, "0 of 1"),
    ],
)  # fmt: skip
async def test_trouble_of_the_server_is_told_and_passes(
    server: InfluxDouble, reader: InfluxReader, answer: Answer, kind: type[Exception], says: str
) -> None:
    server.on_query = lambda _: answer
    with pytest.raises(kind, match=says):
        await _values(reader)
    server.on_query = _told
    assert await _values(reader) == [42.5]


async def test_nobody_there_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        reader = InfluxReader(_config(f"http://127.0.0.1:{free.getsockname()[1]}"), 1)
        with pytest.raises(Retry, match="does not answer"):
            await _values(reader)
        await reader.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1"])
async def test_a_url_that_is_none_is_told(url: str) -> None:
    reader = InfluxReader(_config(url), 1)
    with pytest.raises(Halt, match="is no URL") as caught:
        await _values(reader)
    assert caught.value.remedy
    await reader.close()


async def test_tls_where_there_is_none_is_told(server: InfluxDouble) -> None:
    reader = InfluxReader(_config(server.url.replace("http:", "https:")), 1)
    with pytest.raises(Halt, match="no TLS") as caught:
        await _values(reader)
    assert "ca_file" in caught.value.remedy
    await reader.close()


async def test_a_connection_that_the_server_closed_meanwhile_is_no_trouble(
    server: InfluxDouble, reader: InfluxReader
) -> None:
    assert await _values(reader) == [42.5]
    for connection in list(server.connections):
        connection.shutdown(socket.SHUT_RDWR)
    await eventually(lambda: not server.connections, "the server has closed it")
    assert await _values(reader) == [42.5]


async def test_a_read_that_is_cancelled_ends_its_request_and_frees_its_thread(
    server: InfluxDouble, reader: InfluxReader
) -> None:
    asked = threading.Semaphore(0)

    def hang(_: list[str]) -> Answer:
        asked.release()
        return HANG

    server.on_query = hang
    reads = [asyncio.create_task(_values(reader)) for _ in range(2)]  # as many as may read at once
    waiting = asyncio.create_task(_values(reader))
    for _ in reads:
        await asyncio.to_thread(asked.acquire, timeout=30)
    for each in (*reads, waiting):
        each.cancel()
    done, _ = await asyncio.wait([*reads, waiting], timeout=5)
    assert len(done) == 3
    assert all(each.cancelled() for each in done)
    server.on_query = _told
    began = time.monotonic()
    assert await _values(reader) == [42.5]
    assert time.monotonic() - began < 5  # and not after the ten seconds of a request
