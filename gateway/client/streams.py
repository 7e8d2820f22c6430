"""What sync and async clients know of long answers, without any input or output: live events, exports to files.

LiveState.request -> (somebody connects) -> take(piece) ... -> cut(error) or refused(answer) -> pause() -> again
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from gateway.client.calls import PREFIX
from gateway.client.core import Call, Core, Parameters, When, text_of, unreachable
from gateway.client.events import EventParser, LiveEvent
from gateway.client.problems import problem_of

__all__ = ["EXPORTS", "LiveState", "export_parameters", "kind_of"]

EXPORTS: Mapping[str, str] = {".parquet": "parquet", ".csv": "csv", ".arrow": "arrow", ".arrows": "arrow"}
"""Format by a file's ending."""
_SILENCE_SECS = 45.0
"""The service gives a sign of life three times as often."""


def kind_of(file: Path | str) -> str:
    """The format of a file. Raises ValueError: there is none of that ending."""
    ending = Path(file).suffix.lower()
    if ending not in EXPORTS:
        raise ValueError(f"{file}: there is no export as {ending or 'a file without an ending'}; {', '.join(EXPORTS)}")
    return EXPORTS[ending]


class LiveState:
    """One reader's place in the stream, over any number of connections."""

    def __init__(self, core: Core, parameters: Parameters, after: str) -> None:
        self.timeout = httpx.Timeout(30.0, read=_SILENCE_SECS)
        self._core, self._parameters = core, parameters
        self._parser = EventParser()
        self._last_id = after
        self._resumed = False
        self._tried = 0
        self._wait = 0.0

    def request(self) -> dict[str, Any]:
        """What opens the stream, or goes on with it. Arguments of httpx' `stream`."""
        self._parser = EventParser()
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        self._resumed = bool(self._last_id)
        return self._core.request_of(
            Call(f"{PREFIX}/live", bytes, self._parameters, accept="text/event-stream", headers=headers)
        )

    def take(self, piece: bytes) -> Iterator[LiveEvent]:
        """Events in what has come."""
        for event in self._parser.feed(piece):
            self._tried = 0
            self._last_id = event.id or self._last_id
            # where it goes on nothing was told anew
            if event.kind != "ready" or not self._resumed:
                yield event

    def refused(self, answer: httpx.Response) -> None:
        """There is no stream. Raises ApiProblem where that stays so."""
        self._again(answer)
        if self._wait < 0:
            raise problem_of(answer.status_code, answer.content)

    def cut(self, error: httpx.TransportError) -> None:
        """The connection broke. Raises Unreachable where nobody has been there for too long."""
        self._again(None)
        if self._wait < 0:
            raise unreachable(error, self._core.url) from error

    def pause(self) -> float:
        """Seconds until the next connection; the service may have ended the stream in order, too."""
        wait, self._wait = self._wait, 0.0
        return wait or 0.2

    def _again(self, answer: httpx.Response | None) -> None:
        self._tried += 1
        wait = self._core.wait(self._tried, answer)
        self._wait = -1.0 if wait is None else wait


def export_parameters(
    kind: str, step: str, device: Sequence[str], series: Sequence[str | tuple[str, str]], start: When, end: When,
    store: str,
) -> list[tuple[str, str]]:  # fmt: skip
    """Of a question whose answer goes to a file."""
    names = [name if isinstance(name, str) else ":".join(name) for name in series]
    asked = [*(("device", each) for each in device), *(("series", each) for each in names)]
    asked += [("from", text_of(start)), ("to", text_of(end)), ("step", step), ("format", kind)]
    return asked + ([("store", store)] if store else [])
