"""The console by itself, over the gateway that runs on a data folder: to look at it, and for tests in a browser.

python -m tests.support.console_server FOLDER PORT          prints its port when it is up
"""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import Principal
from gateway.access.roles import PERMISSIONS, Role
from gateway.config.load import load_settings
from gateway.console.attach import attach
from gateway.console.seams import Identity
from gateway.link.link import GatewayLink
from gateway.reports.press import Press

__all__ = ["Operator"]


@dataclass(frozen=True)
class Operator:
    """Somebody with these permissions; None: all."""

    name: str
    permissions: frozenset[str] | None = None

    @property
    def principal(self) -> Principal:
        """See Identity."""
        every = PERMISSIONS[Role.ADMINISTRATOR]
        given = every if self.permissions is None else frozenset(each for each in every if each in self.permissions)
        return Principal(self.name, "administrator", given)

    def may(self, permission: str) -> bool:
        """See Identity."""
        return self.permissions is None or permission in self.permissions


def by_cookie(request: Request) -> Identity | None:
    """Who the cookie `who` names: `viewer` may look only, `nobody` is not signed in; an operator without one."""
    name = request.cookies.get("who", "operator")
    if name == "nobody":
        return None
    return Operator(name, frozenset() if name == "viewer" else None)


async def serve(folder: Path, port: int) -> None:
    """Until the process is ended."""
    made = {"city_file": folder / "city" / "city.toml", "devices_file": folder / "city" / "devices.csv"}
    # a demo with more devices than the built-in city has writes its own
    given = {name: path for name, path in made.items() if path.exists()}
    link = GatewayLink(load_settings(None, {"data_dir": folder, **given}))
    press = Press(link.settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with link:
            press.start()
            yield
            await press.close()

    app = FastAPI(lifespan=lifespan)
    gate = Gate(AccessDatabase(folder / "records.db"))
    issued = gate.tokens.first_administrator(time.time_ns())
    assert issued is None or issued.text
    attach(app, link, by_cookie, gate=gate, press=press)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    print(sock.getsockname()[1], flush=True)  # noqa: T201
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    await server.serve(sockets=[sock])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
