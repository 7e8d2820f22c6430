"""The control door: the desk on a Unix socket in the data folder, health and metrics on a local port.

The socket belongs to the user who runs the gateway (0600); the port shows no readings and takes no orders.
"""

import asyncio
import contextlib
import functools
import inspect
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Protocol, get_args, get_type_hints

import msgspec
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.errors import CommandError, GatewayError
from gateway.runtime.desk import METHODS, Desk

__all__ = ["SOCKET_NAME", "health_app", "serve", "socket_path"]

SOCKET_NAME = "control.sock"
_SOCKET_PATH_BYTES = 100
"""Unix socket paths may not be longer than about 108 bytes."""


_REACH = {int: 1 << 62, float: 1e9}
"""Whole numbers may be UTC ns, years 1824 to 2116; others are degrees, or seconds up to 31 years."""
_PIECE_ROWS = 2_000
"""Some 1.5 ms of encoding."""


@contextlib.contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """A name of the folder's control socket, inside the block, that is short enough for a socket's address."""
    path = os.fspath(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
        yield path
        return
    # another name of the same folder, of this block only
    with tempfile.TemporaryDirectory(prefix="cityloom-") as short:
        link = Path(short) / "d"
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield os.fspath(link / SOCKET_NAME)


class Watched(Protocol):
    """What health and metrics are about."""

    def not_ready(self) -> list[str]:
        """Why data does not flow, or can't be kept safely; empty: ready."""
        ...

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        ...


def desk_app(desk: Desk) -> Starlette:
    """POST /METHOD with a JSON object of arguments; a GatewayError comes back with its remedy."""

    async def call(request: Request) -> Response:
        name = request.path_params["method"]
        if name not in METHODS:
            return JSONResponse({"problem": f"no such act: {name}", "remedy": "", "exit_code": 2}, 404)
        try:
            arguments = _arguments(name).decode(await request.body() or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return JSONResponse({"problem": f"{name}: {_printable(error)}.", "remedy": "", "exit_code": 2}, 400)
        try:
            result = await getattr(desk, name)(**msgspec.structs.asdict(arguments))
        except GatewayError as error:
            code = error.exit_code if isinstance(error, CommandError) else 1
            return JSONResponse({"problem": error.problem, "remedy": error.remedy, "exit_code": code}, 409)
        return Response(await asyncio.to_thread(_encoded, result), media_type="application/json")

    return Starlette(routes=[Route("/{method}", call, methods=["POST"])])


@functools.cache
def _arguments(act: str) -> msgspec.json.Decoder[Any]:
    """What an act takes, as its method says: names, types, and numbers that a database and a time can hold."""
    method = getattr(Desk, act)
    types = get_type_hints(method)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, parameter in list(inspect.signature(method).parameters.items())[1:]:
        kind = _bounded(types[name])
        fields.append((name, kind) if parameter.default is parameter.empty else (name, kind, parameter.default))
    return msgspec.json.Decoder(msgspec.defstruct(act, fields, kw_only=True, forbid_unknown_fields=True))


def _bounded(kind: Any) -> Any:
    """A type of which numbers stay within reach."""
    if kind in _REACH:
        return Annotated[kind, msgspec.Meta(ge=-_REACH[kind], le=_REACH[kind])]
    if isinstance(kind, UnionType):
        return functools.reduce(or_, map(_bounded, get_args(kind)))
    return kind


def _printable(error: Exception) -> str:
    """What is wrong with a body, which may quote its bytes."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(error))


def health_app(gateway: Watched, registry: CollectorRegistry) -> Starlette:
    """Live = the process answers; ready = data flows and can be stored safely."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        reasons = gateway.not_ready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        gateway.refresh_metrics()
        return PlainTextResponse(generate_latest(registry).decode(), media_type="text/plain; version=0.0.4")

    routes = [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
    return Starlette(routes=routes)


def _encoded(result: Any) -> bytes:
    """As JSON; many rows piece by piece, for nothing else runs while one is being encoded."""
    rows = result.get("rows", ()) if isinstance(result, dict) else ()
    if len(rows) <= _PIECE_ROWS:
        return msgspec.json.encode(result)
    pieces = [msgspec.json.encode(rows[at : at + _PIECE_ROWS])[1:-1] for at in range(0, len(rows), _PIECE_ROWS)]
    return msgspec.json.encode({**result, "rows": msgspec.Raw(b"[%b]" % b",".join(pieces))})


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the gateway decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def serve(
    desk: Desk, gateway: Watched, registry: CollectorRegistry, folder: Path, host: str, port: int
) -> AsyncIterator[int]:
    """Both doors, open inside the block; gives the port.

    Raises:
        CommandError: the port is taken (exit code 2).
    """
    tcp = _listen(host, port)
    unix = _unix(folder)
    servers = [_Server(_config(health_app(gateway, registry))), _Server(_config(desk_app(desk)))]
    tasks = [
        asyncio.create_task(server.serve(sockets=[sock]), name=f"gateway.control.{name}")
        for server, sock, name in zip(servers, (tcp, unix), ("http", "socket"), strict=True)
    ]
    try:
        while not all(server.started or task.done() for server, task in zip(servers, tasks, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        yield tcp.getsockname()[1]
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        tcp.close()
        unix.close()
        # gone, or on a disk that takes nothing more: what ended the gateway is to be said, and not this
        with contextlib.suppress(OSError):
            (folder / SOCKET_NAME).unlink()


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2, ws="none"
    )


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen()
    except OSError as error:
        sock.close()
        raise CommandError(
            f"The port for health and metrics, {host}:{port}, can't be used: {error.strerror}.",
            "Choose another with `http.port` (`--http-port` in the demo), or 0 for any free one.",
            2,
        ) from error
    return sock


def _unix(folder: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        (folder / SOCKET_NAME).unlink()
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        with socket_path(folder) as path:
            sock.bind(path)
        sock.listen()
    except BaseException:
        sock.close()
        raise
    finally:
        os.umask(mask)
    return sock
