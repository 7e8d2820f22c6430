r"""InfluxDB read by another process than the gateway's: the same statements and columns, by requests that can be ended.

    event loop:  read --> a thread of reads --> one request after another --> InfluxDB
                   \-- cancelled: the request ends with its connection, and with that the query in InfluxDB

Nothing is written and nothing is made here: a token that may read the buckets is enough. The client that the store
writes with is not imported: it takes a second, and can't be cut short.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

from gateway.errors import Halt, Retry, StoreError
from gateway.stores.base import SeriesId, StoredAggregates, StoredReadings
from gateway.stores.influx_config import InfluxConfig
from gateway.stores.influx_reads import InfluxReads
from gateway.stores.influx_results import Series, query_error, results_of

__all__ = ["InfluxReader", "ProfileOf"]

T = TypeVar("T")
_CONNECT_SECS = 5.0
ProfileOf = Callable[[SeriesId], str | None]
"""The profile of a series; None: not known, and it is looked for in every measurement."""


class InfluxReader:
    """Used on one event loop; close it in the end. Reads end where their task is cancelled."""

    def __init__(self, config: InfluxConfig, most: int) -> None:
        """`most` reads at once; others wait. Opens nothing."""
        self._config = config
        self._threads = ThreadPoolExecutor(most, "gateway.stores.influx_reader")
        self._idle = _Idle()

    async def read_readings(
        self, series: Sequence[SeriesId], profile_of: ProfileOf, start: int, end: int, limit: int | None = None
    ) -> StoredReadings:
        """As `Store.read_readings`. Raises Retry or Halt."""
        return await self._read(profile_of, lambda reads: reads.readings(series, start, end, limit))

    async def read_aggregates(
        self, series: Sequence[SeriesId], profile_of: ProfileOf, step: int, start: int, end: int,
        limit: int | None = None,
    ) -> StoredAggregates:  # fmt: skip
        """As `Store.read_aggregates`. Raises Retry or Halt."""
        return await self._read(profile_of, lambda reads: reads.aggregates(series, step, start, end, limit))

    async def latest(self, series: Sequence[SeriesId], profile_of: ProfileOf) -> StoredReadings:
        """As `Store.latest`. Raises Retry or Halt."""
        return await self._read(profile_of, lambda reads: reads.latest(series))

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._idle.close()

    async def _read(self, profile_of: ProfileOf, work: Callable[[InfluxReads], T]) -> T:
        queries = _Queries(self._config, self._idle)
        reads = InfluxReads(queries, self._config, profile_of)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, reads)
        finally:
            queries.end()


class _Queries:
    """The statements of one read, one request at a time: `query` is called on a thread, `end` wherever the asker is."""

    def __init__(self, config: InfluxConfig, idle: "_Idle") -> None:
        """`idle`: connections of all reads."""
        self._config, self._idle = config, idle
        self._lock = threading.Lock()
        self._at_work: HTTPConnection | None = None
        self._ended = False

    def query(self, bucket: str, statements: list[str]) -> list[list[Series]]:
        """See Queries."""
        if not statements:
            return []
        asked = f"{_where(self._config).path.rstrip('/')}/query?{urlencode({'db': bucket, 'epoch': 'ns'})}"
        data = self._asked(bucket, asked, urlencode({"q": ";".join(statements)}))
        return results_of(data, len(statements), bucket, self._config.org)

    def end(self) -> None:
        """Nobody waits any more: a request that is under way ends with its connection."""
        with self._lock:
            self._ended = True
            sock = None if self._at_work is None else self._at_work.sock
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _asked(self, bucket: str, path: str, body: str) -> bytes:
        config = self._config
        while True:
            kept = self._idle.take()
            connection = kept or _connection(config)
            try:
                return self._answer(connection, bucket, path, body)
            except (HTTPException, OSError) as error:
                connection.close()
                if self._ended:
                    raise _Ended from error
                if kept and isinstance(error, ConnectionError):
                    continue  # the server closed it while it was idle
                raise _translated(error, config) from error
            except (StoreError, _Ended):
                connection.close()
                raise

    def _answer(self, connection: HTTPConnection, bucket: str, path: str, body: str) -> bytes:
        self._begin(connection)
        try:
            headers = {
                "Authorization": f"Token {self._config.token}", "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            }  # fmt: skip
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            with self._lock:
                self._at_work = None
        if answer.status != HTTPStatus.OK:
            raise query_error(answer.status, data, answer.reason, dict(answer.headers), bucket, self._config.org)
        self._idle.give(connection)
        return data

    def _begin(self, connection: HTTPConnection) -> None:
        """Open it where it isn't, and let `end` know of it: only what is open can be cut off."""
        if connection.sock is None:
            _open(connection, self._config.timeout_secs)
        with self._lock:
            if self._ended:
                raise _Ended
            self._at_work = connection


class _Ended(Exception):
    """Nobody wants to know any more."""


class _Idle:
    """Connections that are open and free; called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[HTTPConnection] = []
        self._closed = False

    def take(self) -> HTTPConnection | None:
        """The one that was used last."""
        with self._lock:
            return self._free.pop() if self._free else None

    def give(self, connection: HTTPConnection) -> None:
        """It is free."""
        with self._lock:
            if not self._closed:
                self._free.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Those that are free, and others when they are."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for each in free:
            each.close()


def _open(connection: HTTPConnection, timeout_secs: float) -> None:
    connection.connect()
    if connection.sock is not None:
        connection.sock.settimeout(timeout_secs)


def _where(config: InfluxConfig) -> SplitResult:
    try:
        found = urlsplit(config.url)
        _ = found.port  # is read as a number here
    except ValueError as error:
        raise Halt(f"'{config.url}' is no URL: {error}", "Write http://host:8086 or https://host.") from error
    return found


def _connection(config: InfluxConfig) -> HTTPConnection:
    """Not open yet."""
    where = _where(config)
    host, port, secs = where.hostname or "", where.port, min(config.timeout_secs, _CONNECT_SECS)
    if where.scheme != "https":
        return HTTPConnection(host, port, timeout=secs)
    try:
        trusted = ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise _no_tls(error, config) from error
    return HTTPSConnection(host, port, timeout=secs, context=trusted)


def _translated(error: Exception, config: InfluxConfig) -> StoreError:
    """The one place where errors of HTTP become ours."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return _no_tls(error, config)
    return Retry(f"InfluxDB at {config.url} does not answer: {error or type(error).__name__}")


def _no_tls(error: Exception, config: InfluxConfig) -> Halt:
    return Halt(f"InfluxDB at {config.url}: no TLS: {error}", "Check its certificate and `ca_file`.")
