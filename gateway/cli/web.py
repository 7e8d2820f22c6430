"""The web process beside a gateway that this command runs.

web_port   before anything starts: a port that is taken is a sentence and exit code 2
web_beside while the gateway runs
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress

from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.runtime.lock import FolderLock
from gateway.runtime.web_process import WebProcess
from gateway.runtime.wire import listen
from gateway.telemetry.process_events import WebProcessEndedError
from gateway.telemetry.telemetry import Telemetry

__all__ = ["WHAT", "web_beside", "web_port"]

WHAT = "the console and the API"
"""What the port is for."""
_SETTLE_SECS = 3.0
"""A gateway that was killed leaves a web process for a moment, which lets go of the port when it notices."""
_POLL_SECS = 0.05


@contextmanager
def web_port(settings: Settings) -> Iterator[socket.socket | None]:
    """Its listening port, inside the block; None where it is not enabled. Raises CommandError: the port is taken."""
    web = settings.web
    if not web.enabled:
        yield None
        return
    with closing(_listening(settings)) as sock:
        yield sock


def _listening(settings: Settings) -> socket.socket:
    deadline = time.monotonic() + _SETTLE_SECS
    while True:
        try:
            return listen(settings.web.host, settings.web.port, WHAT, "web.port")
        except CommandError:
            if FolderLock.held(settings.data_dir):
                FolderLock(settings.data_dir).release()  # says so where another gateway is why
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECS)


@asynccontextmanager
async def web_beside(settings: Settings, sock: socket.socket | None, telemetry: Telemetry) -> AsyncIterator[None]:
    """Console and API on `sock` while the block lasts; none where that is None."""
    if sock is None:
        yield
        return
    process = WebProcess(settings, sock, lambda code, wait: telemetry.emit(WebProcessEndedError(code, wait)))
    task = asyncio.create_task(process.run(), name="gateway.web")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
