"""What sync and async clients have in common, without any input or output: a call, and what to do with its answer.

Call --request_of--> method, path, parameters, body --(somebody sends it)--> status, headers, body
                                                                                |
                        value of the call <--- Core.value_of <-- else ----------+--> Core.wait: try again in so long
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import httpx
import msgspec
import numpy as np

from gateway.client.problems import Unreachable, problem_of

__all__ = ["ARROW", "JSON", "Call", "Core", "Page", "Parameters", "When", "text_of", "unreachable"]

T = TypeVar("T")
ARROW, JSON = "application/vnd.apache.arrow.stream", "application/json"
When = str | datetime | np.datetime64
"""A time: RFC 3339 or such as now-6h, a datetime with an offset, or a numpy.datetime64 in UTC."""
Parameters = Sequence[tuple[str, str]]
_AGAIN = frozenset({429, 503})
_FIRST_WAIT, _MOST_WAIT = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One question or act."""

    path: str
    read: Callable[[bytes], T]
    """Makes the value out of the answer's body."""
    parameters: Parameters = ()
    body: Any = None
    """Sent as JSON; None: it is a question."""
    accept: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """GET or POST."""
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and what asks for the following ones."""

    rows: Sequence[T]
    following: "Call[Page[T]] | None"


@dataclass(frozen=True, slots=True)
class Core:
    """How calls are sent and answers taken. Holds the token: its repr does not show it."""

    url: str
    token: str = field(repr=False)
    retries: int = 4
    """How often a call is tried again where the service is busy, away or out of reach."""
    patience_secs: float = 60.0
    """Longer than this is never waited for another try."""

    def request_of(self, call: Call[Any]) -> dict[str, Any]:
        """Arguments of httpx' `build_request`."""
        headers = {"Accept": call.accept, **self.headers, **call.headers}
        content = None if call.body is None else msgspec.json.encode(call.body)
        if content is not None:
            headers["Content-Type"] = JSON
        return {
            "method": call.method, "url": self.url.rstrip("/") + call.path, "params": list(call.parameters),
            "content": content, "headers": headers,
        }  # fmt: skip

    @property
    def headers(self) -> dict[str, str]:
        """Who we are."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def value_of(self, call: Call[T], answer: httpx.Response) -> T:
        """What was asked for. Raises ApiProblem."""
        if not answer.is_success:
            raise problem_of(answer.status_code, answer.content)
        try:
            return call.read(answer.content)
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            raise Unreachable(
                f"The answer of {call.path} is not what was expected: {error}.",
                "Is that the address of a CityLoom, and of this version?",
            ) from error

    def wait(self, tried: int, answer: httpx.Response | None) -> float | None:
        """Seconds until a call that was tried so often is tried again; None: no more. No answer: nobody was there."""
        if tried > self.retries or (answer is not None and answer.status_code not in _AGAIN):
            return None
        wait = min(_FIRST_WAIT * 2 ** (tried - 1), _MOST_WAIT)
        wait *= 0.5 + random.random()  # noqa: S311  so that many do not come back at once
        said = "" if answer is None else answer.headers.get("retry-after", "")
        if said.isdigit():
            wait = max(wait, float(said))
        return wait if wait <= self.patience_secs else None


def unreachable(error: httpx.TransportError, url: str) -> Unreachable:
    """For what httpx says."""
    late = isinstance(error, httpx.TimeoutException)
    problem = f"{url} did not answer in time" if late else f"{url} can't be reached: {error or type(error).__name__}"
    return Unreachable(f"{problem}.", "Is `cityloom run` or `cityloom api` up there, and the address right?")


def text_of(when: When) -> str:
    """A time as the service takes it."""
    if isinstance(when, str):
        return when
    if isinstance(when, np.datetime64):
        return f"{np.datetime_as_string(when.astype('datetime64[ns]'))}Z"
    if when.tzinfo is None:
        raise ValueError("a datetime needs an offset: datetime.now(UTC), or .astimezone()")
    return when.isoformat()
