"""A small HTTP server on a real socket in InfluxDB's place, for answers that a healthy one doesn't give on demand."""

import gzip
import json
import re
import socket
import struct
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["HANG", "RESET", "STORED", "TRUNCATED", "Answer", "InfluxDouble", "influx_double", "said"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


STORED = Answer(204)
HANG = Answer(-1)
"""No answer until the server ends."""
RESET = Answer(-2)
"""The connection is reset."""
TRUNCATED = Answer(-3)
"""The connection ends amid the answer's status."""


def said(status: int, message: str, **headers: str) -> Answer:
    """An error as InfluxDB words it."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"code": "x", "message": message}), headers)


class InfluxDouble:
    """Answers writes by `on_write(bucket, lines)`; knows every bucket; has no data to query but the journal's mark."""

    def __init__(self) -> None:
        self.on_write: Callable[[str, list[str]], Answer] = lambda bucket, lines: STORED
        self.on_query: Callable[[list[str]], Answer] = self._queried
        """Is given the statements."""
        self.on_buckets: Callable[[str], Answer] = self._listed
        """Is given the name that is asked for."""
        self.mark: tuple[str, int] | None = None
        """Journal and position, as they were written last."""
        self.requests: list[tuple[str, list[str]]] = []
        """Bucket and lines of every write, whatever it got."""
        self.stored: list[str] = []
        """Lines of the writes that got STORED."""
        self.port = 0
        self.ended = threading.Event()
        self.connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def write(self, bucket: str, lines: list[str]) -> Answer:
        """Take a write down and answer it; the journal's mark is always taken."""
        if lines[0].startswith("cityloom_journal,"):
            found = re.search(r'journal_id="(.*)",position=(\d+)i', lines[0])
            assert found is not None
            self.mark = found[1], int(found[2])
            return STORED
        self.requests.append((bucket, lines))
        answer = self.on_write(bucket, lines)
        if answer is STORED:
            self.stored += lines
        return answer

    def _queried(self, statements: list[str]) -> Answer:
        results: list[dict[str, Any]] = []
        for number, statement in enumerate(statements):
            results.append({"statement_id": number})
            if "cityloom_journal" in statement and self.mark is not None:
                columns = ["time", "journal_id", "position"]
                row = {"name": "cityloom_journal", "columns": columns, "values": [[0, *self.mark]]}
                results[-1]["series"] = [row]
        return Answer(200, json.dumps({"results": results}))

    def _listed(self, name: str) -> Answer:
        bucket = {"id": "1", "name": name, "orgID": "1", "retentionRules": []}
        return Answer(200, json.dumps({"buckets": [bucket]}))


@contextmanager
def influx_double() -> Iterator[InfluxDouble]:
    """A running double."""
    double = InfluxDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def setup(self) -> None:
            super().setup()
            double.connections.add(self.connection)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            where = urllib.parse.urlsplit(self.path)
            if where.path != "/api/v2/write":
                asked = urllib.parse.parse_qs(body.decode()).get("q", [""])[0].split(";")
                self._send(double.on_query(asked))
                return
            assert self.headers["Content-Encoding"] == "gzip"
            lines = gzip.decompress(body).decode().splitlines()
            self._send(double.write(urllib.parse.parse_qs(where.query)["bucket"][0], lines))

        def do_GET(self) -> None:
            name = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["name"][0]
            self._send(double.on_buckets(name))

        def _send(self, answer: Answer) -> None:
            if answer is HANG:
                double.ended.wait(60)
                self.close_connection = True
                return
            if answer is TRUNCATED:
                self.wfile.write(b"HTTP/1.1 20")
                self.wfile.flush()
                self.close_connection = True
                return
            if answer is RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            data = answer.body.encode()
            self.send_response_only(answer.status)
            headers = {"Content-Length": str(len(data)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json" if data.startswith(b"{") else "text/html")
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
            if len(data) < int(headers["Content-Length"]):
                self.close_connection = True  # as if more were to come

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def finish(self) -> None:
            double.connections.discard(self.connection)
            with suppress(OSError):
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = True

    with Server(("127.0.0.1", 0), Handler) as server:
        double.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield double
        finally:
            double.ended.set()
            server.shutdown()
            for connection in list(double.connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()
