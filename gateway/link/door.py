"""The control door of a gateway from another process: questions, columns, the stream of live events.

One HTTP client on the Unix socket in the data folder; the gateway may come and go, each question stands for itself.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gateway.errors import CommandError, Missing
from gateway.link.pages import ColumnPage, page_of
from gateway.runtime.wire import socket_path

__all__ = ["AnswerLate", "Door", "GatewayAway", "StoreAway"]

_CONNECTIONS = 32
_AGAIN = "Ask again in a moment; `cityloom status` says how the database is."


class GatewayAway(CommandError):
    """No gateway answers on the data folder: it is stopped, starts, or hangs."""


class AnswerLate(CommandError):
    """The gateway is there, and has not answered in time."""


class StoreAway(CommandError):
    """The database can't be read now. Where nobody knows more of it, asking again is what helps."""

    def __init__(self, problem: str, remedy: str = "", exit_code: int = 1) -> None:
        super().__init__(problem, remedy or _AGAIN, exit_code)


class Door:
    """Use it on one event loop; close it in the end."""

    def __init__(self, folder: Path, answer_secs: float = 30.0) -> None:
        self._folder = folder
        self._answer_secs = answer_secs
        self._stack = ExitStack()
        self._client: httpx.AsyncClient | None = None

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A method of the desk: plain data. Raises CommandError with the desk's words, GatewayAway."""
        answer = await self._post(method, arguments)
        return msgspec.json.decode(answer.content)

    async def columns(self, method: str, **arguments: Any) -> ColumnPage:
        """A read of columns. Raises as `ask`."""
        return page_of((await self._post(method, arguments)).content)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of /health/ready, /metrics. Raises GatewayAway."""
        try:
            answer = await self._http().get(f"http://gateway{path}")
        except httpx.TransportError as error:
            raise self._away(error) from error
        return answer.status_code, answer.text

    @asynccontextmanager
    async def live(self, silence_secs: float, **wanted: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of POST /live. Raises GatewayAway, also when nothing has come for `silence_secs`."""
        timeout = httpx.Timeout(self._answer_secs, read=silence_secs)
        try:
            async with self._http().stream(
                "POST", "http://gateway/live", content=msgspec.json.encode(wanted), timeout=timeout
            ) as answer:
                answer.raise_for_status()
                yield _lines(answer.aiter_bytes())
        except httpx.HTTPError as error:
            raise self._away(error) from error

    async def interest(self, stream: int, kinds: list[str]) -> dict[str, Any]:
        """Let an open stream bring these kinds from now on. Raises as `ask`."""
        answer = await self._post("live/interest", {"stream": stream, "kinds": kinds})
        found: dict[str, Any] = msgspec.json.decode(answer.content)
        return found

    async def close(self) -> None:
        """Let go of the socket. Idempotent."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None
        self._stack.close()

    async def _post(self, method: str, arguments: dict[str, Any]) -> httpx.Response:
        try:
            answer = await self._http().post(f"http://gateway/{method}", content=msgspec.json.encode(arguments))
        except httpx.ReadTimeout as error:
            raise AnswerLate(
                f"The gateway has not answered within {self._answer_secs:g} s.",
                "Ask for less: a shorter span, fewer series, windows instead of readings; or later.",
            ) from error
        except httpx.PoolTimeout as error:
            raise AnswerLate(
                f"So much is being asked that this did not get through to the gateway within {self._answer_secs:g} s.",
                "Ask again later, and less at once.",
            ) from error
        except httpx.TransportError as error:
            raise self._away(error) from error
        if answer.status_code == httpx.codes.OK:
            return answer
        try:
            body = msgspec.json.decode(answer.content)
        except msgspec.DecodeError as error:
            raise CommandError(
                f"The gateway failed to answer {method!r} ({answer.status_code}): its log says why.",
                "Are both of the same version? Restart both after an upgrade.",
            ) from error
        kind = {"missing": Missing, "store": StoreAway}.get(body.get("kind", ""), CommandError)
        raise kind(body["problem"], body["remedy"], body["exit_code"])

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            path = self._stack.enter_context(socket_path(self._folder))
            limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
            self._client = httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(uds=path, limits=limits), timeout=self._answer_secs
            )
        return self._client

    def _away(self, error: Exception) -> GatewayAway:
        return GatewayAway(
            f"The gateway on {self._folder} does not answer ({type(error).__name__}).",
            "It is stopped, or starts just now: `cityloom status` tells; `cityloom run` starts it.",
        )


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole ones, as they come. Only a newline ends one: httpx also takes U+2028 and others, which JSON may hold."""
    rest: list[bytes] = []
    async for piece in pieces:
        first, *more = piece.split(b"\n")
        rest.append(first)
        for line in more:
            yield b"".join(rest)
            rest = [line]
