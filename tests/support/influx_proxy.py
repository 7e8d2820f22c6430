"""A proxy before a real InfluxDB that now and then answers something else, or loses what InfluxDB answered.

`next_trouble` is asked at every write: None passes it through. Troubles that come after the write was passed on are the
nasty ones: the points are stored and the gateway can't know.
"""

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["InfluxProxy", "Trouble", "influx_proxy"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens to one write."""

    name: str
    status: int = 0
    """Answered in InfluxDB's place; 0: the connection is reset."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stored: bool = False
    """Whether InfluxDB gets it first."""
    secs: float = 0.0
    """What the answer, whichever it is, takes longer."""
    through: bool = False
    """InfluxDB's own answer is given."""


class InfluxProxy:
    """Where it is, and what it did."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.next_trouble: Callable[[], Trouble | None] = lambda: None
        self.done: list[str] = []
        """Names of the troubles that happened."""

    @property
    def url(self) -> str:
        """For the gateway."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def influx_proxy(target: int) -> Iterator[InfluxProxy]:
    """A running proxy before the server on port `target`."""
    proxy = InfluxProxy(target)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                trouble = proxy.next_trouble() if self.path.startswith("/api/v2/write") else None
                if trouble is not None:
                    proxy.done.append(trouble.name)
            if trouble is None:
                self._answer(*self._passed_on(body))
                return
            answer = self._passed_on(body) if trouble.stored or trouble.through else None
            time.sleep(trouble.secs)  # what makes it slow
            if trouble.through and answer is not None:
                self._answer(*answer)
            elif trouble.status:
                self._answer(trouble.status, trouble.headers, trouble.body)
            else:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True

        def do_GET(self) -> None:
            self._answer(*self._passed_on(None))

        def _passed_on(self, body: bytes | None) -> tuple[int, dict[str, str], bytes]:
            there = http.client.HTTPConnection("127.0.0.1", proxy.target, timeout=30)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                there.request(self.command, self.path, body, headers)
                answer = there.getresponse()
                data = answer.read()
                kept = {n: v for n, v in answer.getheaders() if n.lower() in ("content-type", "retry-after")}
                return answer.status, kept, data
            except OSError:
                return 502, {}, b"the proxy reaches nobody"
            finally:
                there.close()

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
            if len(data) < int(headers.get("Content-Length", 0)):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A gateway that was killed leaves connections."""

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
