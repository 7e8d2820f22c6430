"""`cityloom api`: the console, /api/v1 and live streams of a gateway, as a process of their own.

`cityloom run` starts it as a child (`--child`: settings come by standard input, and it ends when that closes).
"""

import asyncio
import logging
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated, Any

import uvicorn
import uvloop
from cyclopts import Parameter
from cyclopts.validators import Number
from fastapi import FastAPI

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.api.protocol import BoundedHttp, Seldom
from gateway.cli.configured import Config, DataDir, settings_of
from gateway.cli.web import WHAT
from gateway.cli.web_app import make_web_app
from gateway.config.settings import Settings
from gateway.errors import CommandError, StoreError
from gateway.link.feed import Feed
from gateway.link.link import GatewayLink
from gateway.runtime.garbage import earlier_objects_left_out, seldom_looked_for
from gateway.runtime.web_process import child_settings
from gateway.runtime.wire import listen

__all__ = ["api"]

_LAST_SECS = 2
_MOST_FILES = 65_536
_LARGEST_MESSAGE = 1 << 20
"""Of a WebSocket's reader: as much as a body."""
_HOUR = 3_600_000_000_000
_DENIALS_SECS = 30.0


def api(
    *, config: Config = None, data_dir: DataDir = None,
    port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
    child: Annotated[int | None, Parameter(show=False)] = None,
) -> int:  # fmt: skip
    """Serve the console and the query API of the gateway on a data folder; the gateway may come and go. Ctrl-C ends it.

    Parameters
    ----------
    port
        Instead of the configured `web.port`; 0 = any free one.
    child
        The number of a listening socket; settings come by standard input.
    """
    settings = child_settings(sys.stdin.buffer.readline()) if child is not None else settings_of(config, data_dir)
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    if not settings.data_dir.is_dir():
        raise CommandError(
            f"There is no folder {settings.data_dir}.", "Name it by `-c FILE` or --data-dir, or start `cityloom run`."
        )
    _allow_many_files()
    logging.getLogger("uvicorn.error").addFilter(Seldom())
    with ExitStack() as stack:
        web = settings.web
        sock = listen(web.host, web.port, WHAT, "web.port") if child is None else socket.socket(fileno=child)
        stack.callback(sock.close)
        database = AccessDatabase(settings.data_dir / "records.db")
        stack.callback(database.close)
        gate = Gate(database, idle=round(settings.web.session_idle_hours * _HOUR))
        stack.callback(lambda: gate.close(time.time_ns()))
        # pages of columns are thousands of tuples and no cycle: half the time of reading one went into looking for some
        stack.enter_context(seldom_looked_for())
        stack.enter_context(earlier_objects_left_out())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings, gate, sock, child=child is not None))


def _allow_many_files() -> None:
    """Each reader is an open file, and 1024, as many systems begin with, are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _MOST_FILES:
        most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, soft), hard))


async def _serve(settings: Settings, gate: Gate, sock: socket.socket, *, child: bool) -> int:
    async with GatewayLink(settings) as link:
        app = make_web_app(link, gate)
        server = _Server(_options(app, settings), link.feed, lambda: _say_where(settings, sock.getsockname()[1], gate))
        if child:
            _end_with(sys.stdin.buffer, server)
        notes = asyncio.create_task(_write_denials(gate))
        failing = asyncio.create_task(_end_with_feed(link.feed, server))
        try:
            await server.serve(sockets=[sock])
            if failing.done():
                failing.result()
        finally:
            notes.cancel()
            failing.cancel()
    return 0


async def _end_with_feed(feed: Feed, server: uvicorn.Server) -> None:
    """A process that hears of nothing any more is better started again: its end has a reason, and is seen."""
    try:
        await feed.failed()
    finally:
        server.should_exit = True


def _options(app: FastAPI, settings: Settings) -> uvicorn.Config:
    web = settings.web
    config = uvicorn.Config(
        app, log_config=None, log_level=logging.WARNING, access_log=False, lifespan="on",
        http=BoundedHttp, ws="websockets-sansio", ws_max_size=_LARGEST_MESSAGE,
        timeout_graceful_shutdown=_LAST_SECS, server_header=False, proxy_headers=True,
        forwarded_allow_ips=list(web.trusted_proxies),
        ssl_certfile=None if web.cert_file is None else str(web.cert_file),
        ssl_keyfile=None if web.key_file is None else str(web.key_file),
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:
        raise CommandError(
            f"web.cert_file {web.cert_file} with web.key_file {web.key_file} can't be used: {error}.",
            "Name a certificate chain and its private key, both PEM, that this user may read; or neither, for http.", 2,
        ) from error  # fmt: skip
    return config


class _Server(uvicorn.Server):
    """uvicorn, which ends at a signal and doesn't pass it on afterwards: that was the end that was asked for."""

    def __init__(self, config: uvicorn.Config, feed: Feed, up: Callable[[], None] = lambda: None) -> None:
        """`up` is called when it answers."""
        super().__init__(config)
        self._feed, self._up = feed, up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        if self.started:
            self._up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Live streams end by themselves, so that nobody is cut off in the midst of an event."""
        self._feed.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def _end_with(pipe: Any, server: uvicorn.Server) -> None:
    """Leave when the parent closes the pipe, which it does however it ends."""

    def wait() -> None:
        with suppress(OSError, ValueError):
            # not by the pipe's own buffer: an interpreter that ends first would wait for its lock, and abort
            while os.read(pipe.fileno(), 1024):
                pass
        server.should_exit = True

    threading.Thread(target=wait, name="cli.api.parent", daemon=True).start()


def _say_where(settings: Settings, port: int, gate: Gate) -> None:
    web = settings.web
    scheme = "http" if web.cert_file is None else "https"
    host = f"[{web.host}]" if ":" in web.host else web.host
    sys.stderr.write(f"console and API: {scheme}://{host}:{port}\n")
    issued = gate.tokens.first_administrator(time.time_ns())
    if issued is not None:
        sys.stderr.write(
            f"first administrator's token, shown this once: {issued.text}\n"
            "sign in with it, or send it as `Authorization: Bearer ...`; `cityloom access create` makes others\n"
        )
    sys.stderr.flush()


async def _write_denials(gate: Gate) -> None:
    while True:
        await asyncio.sleep(_DENIALS_SECS)
        with suppress(StoreError):  # next time
            await asyncio.to_thread(gate.denials.due, time.time_ns())
