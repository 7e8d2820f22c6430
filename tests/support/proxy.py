"""A TCP proxy in front of a broker whose connections a test can cut or stall."""

import asyncio
import contextlib
from typing import Self

__all__ = ["Proxy"]


class Proxy:
    """Listens on a port of its own. `async with Proxy(target_port) as proxy:`"""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self.connections = 0
        """Connections that came so far."""
        self._refusing = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._refusing = True
        self._server.close()
        self.cut()
        self.resume()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """End every connection at once, without a goodbye; what was under way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Let nothing through, either way, with connections open."""
        self._flowing.clear()

    def resume(self) -> None:
        """Let it through again, what waited included."""
        self._flowing.set()

    def refuse(self, refusing: bool = True) -> None:
        """End new connections as soon as they come."""
        self._refusing = refusing

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        far: asyncio.StreamWriter | None = None
        try:
            if self._refusing:
                return
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target_port)
            self._writers.add(far)
            await asyncio.gather(self._pump(reader, far), self._pump(far_reader, writer))
        except OSError:
            pass  # cut, or the target is not there
        finally:
            for end in (writer, far):
                if end is not None:
                    self._writers.discard(end)
                    end.transport.abort()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
