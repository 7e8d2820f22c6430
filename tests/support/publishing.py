"""A publisher of the simulated fleet that runs while a block is executed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from device_sims.clients.publisher import Publisher

__all__ = ["running_publisher"]


@asynccontextmanager
async def running_publisher(publisher: Publisher) -> AsyncIterator[None]:
    """Runs it, cancels it at the end. An error of its own is raised."""
    task = asyncio.create_task(publisher.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
