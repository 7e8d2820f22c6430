"""The control door: the desk on a Unix socket in the data folder, health and metrics on a local port.

The socket belongs to the user who runs the gateway (0600); the port shows no readings and takes no orders.
"""

import asyncio
import contextlib
import functools
import inspect
import os
import socket
from collections.abc import AsyncIterator, Sequence
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Protocol, get_args, get_type_hints

import msgspec
import pyarrow as pa
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.errors import CommandError, GatewayError, Missing, StoreError
from gateway.live.hub import LiveHub
from gateway.runtime.asker import while_asked
from gateway.runtime.column_desk import COLUMN_METHODS, FEW_ROWS
from gateway.runtime.desk import METHODS, Desk
from gateway.runtime.live_door import LiveDoor
from gateway.runtime.wire import SOCKET_NAME, listen, socket_path

__all__ = ["health_app", "serve"]


_REACH = {int: 1 << 62, float: 1e9}
"""Whole numbers may be UTC ns, years 1824 to 2116; others are degrees, or seconds up to 31 years."""
_READS = COLUMN_METHODS | {"read", "read_figures", "flag_counts", "trace", "verify"}
"""They ask a database, and end with whoever asked: nobody waits for the answer of one who left."""
_FEW_MEMBERS = 20
_PIECE_ROWS = 2_000
"""Some 1.5 ms of encoding."""


class Watched(Protocol):
    """What health and metrics are about."""

    def not_ready(self) -> list[str]:
        """Why data does not flow, or can't be kept safely; empty: ready."""
        ...

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        ...


def desk_app(desk: Desk, live: LiveDoor | None = None, more: Sequence[Route] = ()) -> Starlette:
    """POST /METHOD with a JSON object of arguments; a GatewayError comes back with its remedy. Columns come as an Arrow
    stream, live events (POST /live) as lines.
    """

    async def call(request: Request) -> Response:
        name = request.path_params["method"]
        if name not in METHODS and name not in COLUMN_METHODS:
            return JSONResponse({"problem": f"no such act: {name}", "remedy": "", "exit_code": 2}, 404)
        try:
            arguments = _arguments(name).decode(await request.body() or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return JSONResponse({"problem": f"{name}: {_printable(error)}.", "remedy": "", "exit_code": 2}, 400)
        try:
            work = getattr(desk, name)(**msgspec.structs.asdict(arguments))
            result = await (while_asked(request, work) if name in _READS else work)
        except GatewayError as error:
            code = error.exit_code if isinstance(error, CommandError) else 1
            body = {"problem": error.problem, "remedy": error.remedy, "exit_code": code, "kind": _kind(error)}
            return JSONResponse(body, 409)
        if name in COLUMN_METHODS:
            few = result.num_rows <= FEW_ROWS
            stream = _arrow(result) if few else await asyncio.to_thread(_arrow, result)
            return Response(stream, media_type="application/vnd.apache.arrow.stream")
        if isinstance(result, dict) and len(result) <= _FEW_MEMBERS and not any(map(_is_long, result.values())):
            return Response(msgspec.json.encode(result), media_type="application/json")
        return Response(await asyncio.to_thread(_encoded, result), media_type="application/json")

    streams: list[Route] = []
    if live is not None:
        streams = [
            Route("/live", live.answer, methods=["POST"]), Route("/live/interest", live.interest, methods=["POST"]),
        ]  # fmt: skip
    routes = [*streams, *more, Route("/{method}", call, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={ClientDisconnect: _gone})


async def _gone(_: Request, __: Exception) -> Response:
    """Who asked has ended in the midst of the question, as a web process that is killed does: nobody hears this."""
    return Response(status_code=400)


def _kind(error: GatewayError) -> str:
    """What a caller can do: name something else (`missing`), try again later (`store`), or as the remedy says."""
    return "missing" if isinstance(error, Missing) else "store" if isinstance(error, StoreError) else "command"


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
    return Starlette(routes=_health_routes(gateway, registry))


def _health_routes(gateway: Watched, registry: CollectorRegistry) -> list[Route]:

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        reasons = gateway.not_ready()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        gateway.refresh_metrics()
        return PlainTextResponse(generate_latest(registry).decode(), media_type="text/plain; version=0.0.4")

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


def _is_long(value: Any) -> bool:
    return isinstance(value, list | tuple | dict) and len(value) > _FEW_MEMBERS


def _encoded(result: Any) -> bytes:
    """As JSON; many rows piece by piece, for nothing else runs while one is being encoded."""
    rows = result if isinstance(result, list) else result.get("rows", ()) if isinstance(result, dict) else ()
    if len(rows) <= _PIECE_ROWS:
        return msgspec.json.encode(result)
    pieces = [msgspec.json.encode(rows[at : at + _PIECE_ROWS])[1:-1] for at in range(0, len(rows), _PIECE_ROWS)]
    whole = b"[%b]" % b",".join(pieces)
    return whole if rows is result else msgspec.json.encode({**result, "rows": msgspec.Raw(whole)})


def _arrow(table: pa.Table) -> memoryview:
    """As an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the gateway decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def serve(
    desk: Desk, gateway: Watched, registry: CollectorRegistry, folder: Path, host: str, port: int, hub: LiveHub
) -> AsyncIterator[int]:
    """Both doors, open inside the block; gives the port.

    Raises:
        CommandError: the port is taken (exit code 2).
    """
    tcp = listen(host, port, "health and metrics", "http.port")
    unix = _unix(folder)
    live = LiveDoor(hub)
    inside = desk_app(desk, live, _health_routes(gateway, registry))
    servers = [_Server(_config(health_app(gateway, registry))), _Server(_config(inside))]
    tasks = [
        asyncio.create_task(server.serve(sockets=[sock]), name=f"gateway.control.{name}")
        for server, sock, name in zip(servers, (tcp, unix), ("http", "socket"), strict=True)
    ]
    try:
        while not all(server.started or task.done() for server, task in zip(servers, tasks, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        yield tcp.getsockname()[1]
    finally:
        live.close()
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
