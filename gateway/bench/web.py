"""The web process of a measurement: `cityloom api` beside a stand's gateway, and a token for whoever asks it."""

import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from gateway.access.database import AccessDatabase
from gateway.access.principal import console
from gateway.access.roles import Role
from gateway.access.tokens import TokenStore
from gateway.bench.children import Child
from gateway.bench.stand import Stand, limits, until
from gateway.runtime.ports import free_ports

__all__ = ["token_file", "web_process"]

_UP_SECS = 60.0


def web_process(stand: Stand, stack: ExitStack) -> tuple[int, Child]:
    """Its port and itself, answering; it ends with `stack`."""
    (port,) = free_ports(1)
    words = ["api", "-c", stand.config, "--port", port]
    web = stack.enter_context(Child("gateway.cli.main", *words, log=stand.log, environment=limits(0)))

    def up() -> bool:
        if not web.running:
            raise web.failed()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/live").is_success
        except httpx.TransportError:
            return False

    until(up, _UP_SECS, "`cityloom api` did not answer in time.")
    return port, web


def token_file(stand: Stand) -> Path:
    """A file, of this user alone, with the token of a viewer."""
    with closing(AccessDatabase(stand.folder / "data" / "records.db")) as database:
        issued = TokenStore(database).create(time.time_ns(), console("bench"), "bench", Role.VIEWER)
    secret = Path(tempfile.mkdtemp(dir=stand.folder)) / "token"
    secret.touch(0o600)
    secret.write_text(issued.text, encoding="ascii")
    return secret
