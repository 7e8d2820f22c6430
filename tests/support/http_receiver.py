"""An HTTP server that takes webhooks: what it answers is scripted, what it got is kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Answer", "Got", "Receiver", "receiving"]


@dataclass(frozen=True)
class Answer:
    """One answer; `hang`: none at all until the client leaves."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    hang: bool = False


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`answers` are given one after the other; when there are none left, `then`."""

    def __init__(self, answers: Sequence[Answer] = (), then: Answer | None = None) -> None:
        self.got: list[Got] = []
        self.answers = list(answers)
        self.then = then or Answer()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while line := await reader.readline():
                path = line.decode().split()[1]
                headers: dict[str, str] = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.got.append(Got(path, headers, body))
                answer = self.answers.pop(0) if self.answers else self.then
                if answer.hang:
                    await reader.read()
                    return
                lines = [f"HTTP/1.1 {answer.status} X", f"content-length: {len(answer.body.encode())}"]
                lines += [f"{name}: {value}" for name, value in answer.headers.items()]
                writer.write("\r\n".join([*lines, "", answer.body]).encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*answers: Answer, then: Answer | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    made = Receiver(answers, then)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
