"""`python -m gateway.bench.sink`: takes what is written to InfluxDB and counts its lines; stores nothing.

With it a run measures whoever writes and not the database. It knows every bucket, answers every write with 204,
remembers only the journal's mark, and tells on standard output: `{"port"}` when it listens, `{"requests", "bytes",
"lines": {bucket: n}}` on SIGUSR1 and SIGTERM.
"""

import asyncio
import json
import re
import signal
from collections import Counter
from typing import cast
from urllib.parse import parse_qs, urlsplit

import h11
import uvloop
from isal import isal_zlib

__all__ = ["Tally", "main"]

_MARK = b"cityloom_journal,"
_MARKED = re.compile(rb'journal_id="([^"]*)",position=(\d+)i')


class Tally:
    """What came."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0
        self.lines: Counter[str] = Counter()
        self.mark: tuple[str, int] | None = None
        """The journal's id and position, as written last."""

    def write(self, bucket: str, body: bytes) -> None:
        """Count the lines of a write; the journal's mark is none of them."""
        self.requests += 1
        self.bytes += len(body)
        if not body.startswith(_MARK):
            self.lines[bucket] += body.count(b"\n") + (bool(body) and not body.endswith(b"\n"))
        elif found := _MARKED.search(body):
            self.mark = found[1].decode(), int(found[2])

    def query(self, statement: str) -> dict[str, object]:
        """The answer to InfluxQL: nothing is there but the mark."""
        result: dict[str, object] = {"statement_id": 0}
        if self.mark is not None and "journal_id" in statement:
            columns = ["time", "journal_id", "position"]
            result["series"] = [{"name": "cityloom_journal", "columns": columns, "values": [[0, *self.mark]]}]
        return {"results": [result]}

    def figures(self) -> dict[str, object]:
        """All of it so far."""
        return {"requests": self.requests, "bytes": self.bytes, "lines": dict(self.lines)}


class _Connection(asyncio.Protocol):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._http.receive_data(data)
        while True:
            match self._http.next_event():
                case h11.Request() as request:
                    self._request, self._body = request, []
                    if self._http.they_are_waiting_for_100_continue:
                        self._send(h11.InformationalResponse(status_code=100, headers=[]))
                case h11.Data(data=part):
                    self._body.append(bytes(part))
                case h11.EndOfMessage():
                    self._answer()
                    self._http.start_next_cycle()
                case _:
                    return

    def _answer(self) -> None:
        request = self._request
        assert request is not None
        where = urlsplit(request.target.decode("latin-1"))
        query = parse_qs(where.query)
        if where.path == "/api/v2/write":
            body, headers = b"".join(self._body), dict(request.headers)
            plain = isal_zlib.decompress(body, 31) if headers.get(b"content-encoding") == b"gzip" else body
            self._tally.write(query["bucket"][0], plain)
            self._send(h11.Response(status_code=204, headers=[]), h11.EndOfMessage())
            return
        if request.method == b"GET" and "name" in query:
            answer: dict[str, object] = {
                "buckets": [{"id": "1", "name": query["name"][0], "orgID": "1", "retentionRules": []}]
            }
        else:
            answer = self._tally.query(query.get("q", [b"".join(self._body).decode("latin-1")])[0])
        text = json.dumps(answer).encode()
        kind = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        self._send(h11.Response(status_code=200, headers=kind), h11.Data(data=text), h11.EndOfMessage())

    def _send(self, *events: h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage) -> None:
        assert self._transport is not None
        self._transport.write(b"".join(self._http.send(event) or b"" for event in events))


async def _run() -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    tally = Tally()
    server = await loop.create_server(lambda: _Connection(tally), "127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: _tell(tally.figures()))
    _tell({"port": server.sockets[0].getsockname()[1]})
    await ended.wait()
    server.close()
    _tell(tally.figures())


def _tell(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main() -> None:
    """Run until SIGTERM."""
    uvloop.run(_run())


if __name__ == "__main__":
    main()
