"""The API of a data folder, served on a port of its own in the test's loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import gateway_itself
from gateway.access.roles import Role
from gateway.access.token_model import Issued
from gateway.api.app import make_app
from gateway.api.gatekeeper import GateKeeper
from gateway.cli import api as command
from gateway.config.settings import Settings
from gateway.link.link import GatewayLink
from gateway.runtime.wire import listen
from tests.support.running import eventually

__all__ = ["Served", "served"]


class _Server(command._Server):
    """Which leaves signals to the test."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn."""
        yield


@dataclass
class Served:
    """Where it is, and its parts."""

    url: str
    port: int
    gate: Gate
    link: GatewayLink

    def issue(self, role: Role = Role.VIEWER, **narrowed: Any) -> Issued:
        """A new token."""
        return self.gate.tokens.create(time.time_ns(), gateway_itself(), f"test {role}", role, **narrowed)

    def token(self, role: Role = Role.VIEWER, **narrowed: Any) -> str:
        """Its text."""
        return self.issue(role, **narrowed).text

    def client(self, role: Role = Role.ADMINISTRATOR, **narrowed: Any) -> httpx.AsyncClient:
        """An HTTP client with a token of that role."""
        headers = {"Authorization": f"Bearer {self.token(role, **narrowed)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False)


@asynccontextmanager
async def served(settings: Settings, port: int = 0) -> AsyncIterator[Served]:
    """Inside the block; `settings.data_dir` may have a gateway, or none."""
    with closing(AccessDatabase(settings.data_dir / "records.db")) as database:
        gate = Gate(database)
        sock = listen("127.0.0.1", port, "a test", "web.port")
        port = sock.getsockname()[1]
        async with GatewayLink(settings) as link:
            server = _Server(command._options(make_app(link, GateKeeper(gate)), settings), link.feed)
            task = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
            try:
                await eventually(lambda: server.started or task.done(), "it is served")
                yield Served(f"http://127.0.0.1:{port}", port, gate, link)
            finally:
                server.should_exit = True
                await task
