"""What comes through the control socket: an act by its name, and the bytes of its arguments.

first byte: the act; next: even, the rest is the body; odd, arguments of the act's own names with values of any kind.
The answer is 200, or says in one sentence why not: never a traceback. Rows that an act journals can be judged.
"""

import asyncio
import atexit
import inspect
import json
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gateway.clock import ManualClock
from gateway.config.load import load_settings
from gateway.engine.engines import Engines
from gateway.rows import Row
from gateway.runtime.control import desk_app
from gateway.runtime.desk import METHODS, Desk
from gateway.runtime.offices import FileOffice, file_office
from tests.fuzz.source import Source
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, loop, message
from tests.support.line import duckdb_in, running_line

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [b"{", b"}", b'"', b":", b",", b"[", b"]", b"null", b"1e999", b"-1", b"9223372036854775808", b'"ids":',
    b'"limit":',
          b'"id":', b'"device":', b'"x"', b"\x00", b"\xff", b'"last":', b'"end":', b"NaN", b"0.5"]  # fmt: skip
_ACTS = tuple(sorted(METHODS))
_VALUES: tuple[Any, ...] = (
    "", "l1", "loop", "x", "%", "*", "'", "\x00", "é" * 300, "speed", "duckdb", "records", "ack", "shelve", "comment",
    "pothole",
    "open", "closed", "waiting", 0, 1, -1, 10, 60, 900, 1 << 31, 1 << 62, 1 << 63, -(1 << 64), 10**30, 1.5, -0.0,
    1e308, 1e18, START,
    START + SECOND, True, False, None, [], ["x"], ["l1", "l1"], [1], [[]], {}, {"a": 1}, 113.3, 23.1, 91.0,
    "a" * 5000, "1",
)  # fmt: skip
_ANSWERS = (200, 400, 404, 409)
_CONTENT = content([LOOP_PROFILE])


class _Door:
    """The desk on the files that a gateway left, asked as the socket would."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="loom-"))
        self.stack = AsyncExitStack()
        self.rows: list[Row] = []
        self.office = self.loop.run_until_complete(self._open())
        self.office.submit = self._submit  # type: ignore[method-assign]
        self.desk = Desk(self.office)
        self.app = desk_app(self.desk)
        atexit.register(self._close)

    async def _open(self) -> FileOffice:
        async with running_line(self.folder, _CONTENT, [duckdb_in(self.folder)], start=START - 1) as line:
            line.feed([loop("l1", k * SECOND, 50 + k) for k in range(20)])
            line.feed([message("city/a/loop/l1", b"{", START + 30 * SECOND), message("odd", b"x", START + 31 * SECOND)])
            await line.settle()
        settings = load_settings(None, {"data_dir": str(self.folder)}, environment=())
        return await self.stack.enter_async_context(file_office(settings, ManualClock(START + 60 * SECOND)))

    def _close(self) -> None:
        # threads take no more work when a process ends, so the office is left as a kill would leave it
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _submit(self, rows: Sequence[Row]) -> int:
        self.rows.extend(rows)
        return len(self.rows)

    def ask(self, act: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        sent: list[dict[str, Any]] = []
        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": f"/{act}", "raw_path": f"/{act}".encode(), "query_string": b"",
            "headers": [], "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": None, "root_path": "",
        }  # fmt: skip

        whole = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not whole:  # as servers do: nothing comes until the client leaves
                await asyncio.Event().wait()
            return whole.pop()

        async def send(part: Any) -> None:
            sent.append(part)

        self.loop.run_until_complete(asyncio.wait_for(self.app(scope, receive, send), 30))
        return sent[0]["status"], b"".join(part.get("body", b"") for part in sent)


@cache
def _door() -> _Door:
    return _Door()


def target(data: bytes) -> None:
    """One act."""
    source, door = Source(data), _door()
    act = source.one(_ACTS)
    body = json.dumps(_arguments(source, act)).encode() if source.flag() else source.rest()
    door.rows.clear()
    status, answer = door.ask(act, body)
    assert status in _ANSWERS, f"{act} answers {status}"
    found = json.loads(answer)
    if status != 200:
        assert found["problem"].strip(), f"{act} says nothing"
        assert found["problem"].isprintable(), repr(found["problem"])
    if door.rows:
        engines = Engines()
        engines.step([config_row(_CONTENT)], START - 1, False)
        at = START + 100 * SECOND
        rows = [Row(at + k, row.kind, row.source, row.flags, row.topic, row.payload) for k, row in enumerate(door.rows)]
        engines.step(rows, at + len(rows), False)


def _arguments(source: Source, act: str) -> dict[str, Any]:
    names = list(inspect.signature(getattr(Desk, act)).parameters)[1:]
    bits = source.below(1 << 16)
    return {name: source.one(_VALUES) for k, name in enumerate(names) if bits >> k & 1}


def inputs() -> st.SearchStrategy[bytes]:
    """Arguments of an act, or any body."""
    own = st.builds(
        lambda act, tail: bytes([act, 1]) + tail, st.integers(0, len(_ACTS) - 1), st.binary(min_size=4, max_size=20)
    )
    body = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=2), max_size=10).map(b"".join)
    return own | st.builds(lambda act, tail: bytes([act, 0]) + tail, st.integers(0, len(_ACTS) - 1), body)


def seeds() -> Sequence[bytes]:
    """Every act without arguments, and with all of them."""
    every = range(len(_ACTS))
    return [*(bytes([k, 0]) for k in every), *(bytes([k, 1, 255, 255, *range(12)]) for k in every)]
