"""A running gateway behind its control door, and the web process's application on a real port, on a thread of the test.

gateway <-- control.sock -- GatewayLink --> application --> uvicorn on 127.0.0.1      tests ask it with httpx
"""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from fastapi import FastAPI

from gateway.access.database import AccessDatabase
from gateway.access.denials import Denials
from gateway.access.gate import Gate
from gateway.access.principal import console
from gateway.access.roles import Permission, Role
from gateway.api.app import make_app
from gateway.api.gatekeeper import GateKeeper
from gateway.clock import Clock
from gateway.config.settings import Settings
from gateway.link.link import GatewayLink
from gateway.runtime.app import Gateway
from gateway.runtime.reload import Origin
from tests.support.brokers import running_embedded
from tests.support.running import eventually, running_gateway, settings_of

__all__ = ["ApiServer", "serving"]

T = TypeVar("T")
_STARTING_SECS = 60.0


@dataclass
class ApiServer:
    """What tests have of it."""

    settings: Settings
    gateway: Gateway
    link: GatewayLink
    app: FastAPI
    gate: Gate
    address: str
    loop: asyncio.AbstractEventLoop
    _tokens: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def token(
        self, role: Role = Role.ADMINISTRATOR, zones: Sequence[str] = (), permissions: Sequence[Permission] = ()
    ) -> str:  # fmt: skip
        """The text of a token of that role, made when first asked for."""
        key = (role, tuple(zones), tuple(permissions))
        if key not in self._tokens:
            name = f"{role} of {' '.join(zones) or 'all'}"
            self._tokens[key] = self.gate.tokens.create(
                time.time_ns(), console("test"), name, role, zones=zones, permissions=permissions
            ).text  # fmt: skip
        return self._tokens[key]

    def client(self, role: Role | None = Role.ADMINISTRATOR, zones: Sequence[str] = (), **options: Any) -> httpx.Client:
        """Asks with a token of that role; None: with none."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role, zones)}"}
        return httpx.Client(base_url=f"{self.address}/api/v1", headers=headers, timeout=30, **options)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """On the gateway's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(_STARTING_SECS)

    def eventually(self, ready: Callable[[], bool | Awaitable[bool]], what: str) -> None:
        """Poll on the gateway's loop."""
        self.run(eventually(ready, what))


@contextmanager
def serving(
    folder: Path, fill: Callable[[Gateway, int], Awaitable[None]], clock: Clock, *,
    files: Callable[[int], tuple[Settings, Origin]] | None = None,
) -> Iterator[ApiServer]:  # fmt: skip
    """Serve inside the block. `fill` is given the gateway and the port of its broker, before anybody asks. `files`:
    settings that can be read again, for that port.
    """
    found: list[ApiServer | BaseException] = []
    ready, leave = threading.Event(), asyncio.Event()

    async def main() -> None:
        with running_embedded() as broker:
            settings, origin = (
                # the inbox keeps what came: it is looked at
                (settings_of(folder / "data", broker.port, snapshots={"interval_secs": 3600}), None)
                if files is None
                else files(broker.port)
            )
            async with running_gateway(settings, clock=clock, origin=origin) as gateway:
                await fill(gateway, broker.port)
                await _serve(settings, gateway, found, ready, leave)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001  the test's thread raises it
            found.insert(0, error)
        ready.set()

    running = threading.Thread(target=thread, name="test.api_server", daemon=True)
    running.start()
    ready.wait(_STARTING_SECS)
    try:
        if not found or isinstance(found[0], BaseException):
            raise AssertionError("the server did not start") from (found[0] if found else None)  # type: ignore[misc]
        yield found[0]
    finally:
        if found and isinstance(found[-1], ApiServer):
            found[-1].loop.call_soon_threadsafe(leave.set)
        running.join(_STARTING_SECS)
    if isinstance(found[0], BaseException):
        raise found[0]


async def _serve(
    settings: Settings, gateway: Gateway, found: list[ApiServer | BaseException], ready: threading.Event,
    leave: asyncio.Event,
) -> None:  # fmt: skip
    database = AccessDatabase(settings.data_dir / "records.db")
    gate = Gate(database)
    # the matrix of routes and roles is denied more often in a minute than the log tells one by one
    gate.denials = Denials(gate.audit, most=10_000)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    async with GatewayLink(settings) as link:
        app = make_app(link, GateKeeper(gate))
        server = uvicorn.Server(uvicorn.Config(
            app, log_config=None, access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=1
        ))  # fmt: skip
        server.capture_signals = _nothing  # type: ignore[method-assign]
        task = asyncio.create_task(server.serve(sockets=[sock]))
        await eventually(lambda: server.started or task.done(), "uvicorn serves")
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        found.append(ApiServer(settings, gateway, link, app, gate, address, asyncio.get_running_loop()))
        ready.set()
        await leave.wait()
        server.should_exit = True
        await task
    gate.close(time.time_ns())
    database.close()
    sock.close()


@contextmanager
def _nothing() -> Iterator[None]:
    yield
