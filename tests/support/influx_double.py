"""A small HTTP server on a real socket in InfluxDB's place, for answers that a healthy one doesn't give on demand."""

import gzip
import json
import socket
import struct
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["HANG", "RESET", "STORED", "Answer", "InfluxDouble", "influx_double", "said"]


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


def said(status: int, message: str, **headers: str) -> Answer:
    """An error as InfluxDB words it."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"code": "x", "message": message}), headers)


class InfluxDouble:
    """Answers writes by `on_write(bucket, lines)`; knows every bucket; has no data to query."""

    def __init__(self) -> None:
        self.on_write: Callable[[str, list[str]], Answer] = lambda bucket, lines: STORED
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
            return STORED
        self.requests.append((bucket, lines))
        answer = self.on_write(bucket, lines)
        if answer is STORED:
            self.stored += lines
        return answer


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
                self._send(Answer(200, json.dumps({"results": [{"statement_id": k} for k in range(len(asked))]})))
                return
            assert self.headers["Content-Encoding"] == "gzip"
            lines = gzip.decompress(body).decode().splitlines()
            self._send(double.write(urllib.parse.parse_qs(where.query)["bucket"][0], lines))

        def do_GET(self) -> None:
            name = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["name"][0]
            bucket = {"id": "1", "name": name, "orgID": "1", "retentionRules": []}
            self._send(Answer(200, json.dumps({"buckets": [bucket]})))

        def _send(self, answer: Answer) -> None:
            if answer is HANG:
                double.ended.wait(60)
                self.close_connection = True
                return
            if answer is RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            data = answer.body.encode()
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json" if data.startswith(b"{") else "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

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
