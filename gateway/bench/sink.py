"""`python -m gateway.bench.sink`: takes what the gateway writes to InfluxDB and counts its lines; stores nothing.

With it a run measures the gateway and not the database. It knows every bucket, answers every write with 204, and tells
on standard output: `{"port"}` when it listens, `{"requests", "bytes", "lines": {bucket: n}}` on SIGTERM.
"""

import asyncio
import json
import signal
from collections import Counter
from typing import cast
from urllib.parse import parse_qs, urlsplit

import uvloop
from isal import isal_zlib

__all__ = ["Tally", "main"]

_MARK = b"cityloom_journal,"


class Tally:
    """What came."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0
        self.lines: Counter[str] = Counter()

    def write(self, bucket: str, body: bytes) -> None:
        """Count the lines of a write; the journal's mark is none of them."""
        self.requests += 1
        self.bytes += len(body)
        if not body.startswith(_MARK):
            self.lines[bucket] += body.count(b"\n") + (bool(body) and not body.endswith(b"\n"))


class _Connection(asyncio.Protocol):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            request, *lines = bytes(self._data[:end]).decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", 0))
            if len(self._data) < end + 4 + length:
                return
            body = bytes(self._data[end + 4 : end + 4 + length])
            del self._data[: end + 4 + length]
            self._transport.write(self._answer(request, headers, body))

    def _answer(self, request: str, headers: dict[str, str], body: bytes) -> bytes:
        method, target, _ = request.split(" ")
        where = urlsplit(target)
        query = parse_qs(where.query)
        if where.path == "/api/v2/write":
            plain = isal_zlib.decompress(body, 31) if headers.get("content-encoding") == "gzip" else body
            self._tally.write(query["bucket"][0], plain)
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        if method == "GET" and "name" in query:
            answer: dict[str, object] = {
                "buckets": [{"id": "1", "name": query["name"][0], "orgID": "1", "retentionRules": []}]
            }
        else:
            answer = {"results": [{"statement_id": 0}]}
        text = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        return head.encode() + text


async def _run() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    tally = Tally()
    server = await loop.create_server(lambda: _Connection(tally), "127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    _tell({"port": server.sockets[0].getsockname()[1]})
    await ended.wait()
    server.close()
    _tell({"requests": tally.requests, "bytes": tally.bytes, "lines": dict(tally.lines)})


def _tell(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main() -> None:
    """Run until SIGTERM."""
    uvloop.run(_run())


if __name__ == "__main__":
    main()
