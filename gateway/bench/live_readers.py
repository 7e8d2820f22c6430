"""Many readers of live streams in one process, some of them stalled: what each got, what was lost, how late it came.

    python -m gateway.bench.live_readers --port 8481 --token-file F --readers 1000 --stalled 100 --secs 300
    {"connected": 1000}                          when all have begun
    {"secs": 17, "events": 3400000}              every second
    {"readers": {...}, "stalled": {...}}         at the end

Each reader counts events and gaps and knows the id where it began: what it got and what it was told to have lost must
be all ids since then. Latency is the age of the first reading in what comes, by the reading's own time: the wait for
the next turn is in it. A stalled reader takes nothing until the end; then it reads on, so that its gap is counted.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import uvloop

__all__ = ["Reader", "main"]

_TAIL = 96
"""Bytes of the last piece that are looked at again: an id or a gap may be cut."""
_EVENT = b"\nevent: "
_GAP = re.compile(rb'event: gap\ndata: \{"lost":(\d+|null)\}\n')
_ID = re.compile(rb"\nid: [^\n]*-(\d+)\n")
_TIME = re.compile(rb'"time":"([^"Z]+)Z"')
_AT_ONCE = 50
_QUIET_SECS = 3.0
_SETTLE_SECS = 60.0
_BEGIN_SECS = 120.0


class Reader(asyncio.Protocol):
    """One stream. `everything`: its filter wants all, so every id since the beginning is accounted for."""

    def __init__(self, request: bytes, latencies: "array[float] | None", *, stalls: bool) -> None:
        self.events = 0
        self.gaps: list[int | None] = []
        self.bytes = 0
        self.first_id = self.last_id = 0
        self.ended = False
        self.newest = 0.0
        """When something came last."""
        self.begun = asyncio.Event()
        self._request, self._latencies, self._stalls = request, latencies, stalls
        self._tail = b""
        self._transport: asyncio.Transport | None = None

    @property
    def lost(self) -> int:
        """By gaps whose number is known."""
        return sum(each or 0 for each in self.gaps)

    @property
    def unaccounted(self) -> int:
        """Ids since the beginning that neither came nor were told to be lost."""
        return self.last_id - self.first_id - self.events - self.lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        # uvloop's are none of asyncio's by name
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        """The stream was ended."""
        self.ended = True
        self.begun.set()

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.bytes += len(data)
        self.newest = time.monotonic()
        if not self.begun.is_set():
            self._begin(data)
            return
        text = self._tail + data
        found = text.count(_EVENT) - self._tail.count(_EVENT)
        if b"event: gap" in text:
            new = [match for match in _GAP.finditer(text) if match.end() > len(self._tail)]
            self.gaps += [None if match[1] == b"null" else int(match[1]) for match in new]
            found -= len(new)
        self.events += found
        at = text.rfind(b"\nid: ")
        if (known := _ID.match(text, at)) is not None or (known := _last(text, at)) is not None:
            self.last_id = int(known[1])
        if self._latencies is not None and (when := _TIME.search(data)) is not None:
            at_reading = datetime.fromisoformat(when[1].decode()).replace(tzinfo=UTC).timestamp()
            self._latencies.append(time.time() - at_reading)
        self._tail = text[-_TAIL:]

    def go_on(self) -> None:
        """A stalled one reads again."""
        assert self._transport is not None
        self.newest = time.monotonic()
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.abort()

    def _begin(self, data: bytes) -> None:
        text = self._tail + data
        place = text.find(b"event: ready")
        end = text.find(b"\n\n", place)
        if place < 0 or end < 0:
            self._tail = text[-4 * _TAIL :]
            return
        found = _ID.search(text, text.rfind(b"\nid: ", 0, place))
        assert found is not None, text
        self.first_id = self.last_id = int(found[1])
        self.begun.set()
        self._tail = b""
        if self._stalls:
            assert self._transport is not None
            self._transport.pause_reading()
        if text[end + 2 :]:
            self.data_received(text[end + 2 :])


def _last(text: bytes, at: int) -> "re.Match[bytes] | None":
    """The last whole id before a place at which one is cut."""
    before = text.rfind(b"\nid: ", 0, max(at, 0))
    return None if before < 0 else _ID.match(text, before)


async def _connect(words: argparse.Namespace, latencies: "array[float]") -> tuple[list[Reader], list[Reader]]:
    token = words.token_file.read_text(encoding="ascii").strip()
    loop = asyncio.get_running_loop()

    async def one(*, stalls: bool) -> Reader:
        query = words.stalled_query if stalls else words.query
        request = (
            f"GET /api/v1/live{'?' + query if query else ''} HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
        )
        reader = Reader(request.encode(), None if stalls else latencies, stalls=stalls)
        await loop.create_connection(lambda: reader, words.host, words.port)
        async with asyncio.timeout(_BEGIN_SECS):
            await reader.begun.wait()
        return reader

    kinds = [place < words.stalled for place in range(words.readers)]
    made: list[Reader] = []
    for begin in range(0, len(kinds), _AT_ONCE):
        made += await asyncio.gather(*(one(stalls=stalls) for stalls in kinds[begin : begin + _AT_ONCE]))
    return made[words.stalled :], made[: words.stalled]


async def _run(words: argparse.Namespace) -> dict[str, Any]:
    latencies = array("d")
    live, stalled = await _connect(words, latencies)
    _tell({"connected": len(live) + len(stalled)})
    del latencies[:]
    began = time.monotonic()
    while (passed := time.monotonic() - began) < words.secs:
        await asyncio.sleep(min(1.0, words.secs - passed))
        _tell({"secs": round(time.monotonic() - began), "events": sum(each.events for each in live)})
    for each in stalled:
        each.go_on()
    await _read_on(stalled)
    out = {
        "readers": _summary(live), "stalled": _summary(stalled),
        "latency_ms": _percentiles(latencies),
    }  # fmt: skip
    for each in (*live, *stalled):
        each.close()
    return out


async def _read_on(stalled: Sequence[Reader]) -> None:
    """Until they have what waited for them, and not for ever."""
    deadline = time.monotonic() + _SETTLE_SECS
    for each in stalled:
        while not _has_read_on(each) and time.monotonic() < deadline:  # noqa: ASYNC110  a poll: it has no event for that
            await asyncio.sleep(0.1)


def _has_read_on(reader: Reader) -> bool:
    """It has its gap, or what it was behind by."""
    return reader.ended or bool(reader.gaps) or time.monotonic() - reader.newest > _QUIET_SECS


def _summary(readers: Sequence[Reader]) -> dict[str, Any]:
    return {
        "count": len(readers), "ended": sum(each.ended for each in readers),
        "events": sum(each.events for each in readers), "events_least": min((r.events for r in readers), default=0),
        "with_gaps": sum(bool(each.gaps) for each in readers), "gaps": sum(len(each.gaps) for each in readers),
        "gaps_most": max((len(r.gaps) for r in readers), default=0), "lost": sum(each.lost for each in readers),
        "unaccounted": sum(abs(each.unaccounted) for each in readers),
        "behind_most": max((r.last_id for r in readers), default=0) - min((r.last_id for r in readers), default=0),
    }  # fmt: skip


def _percentiles(secs: "array[float]") -> dict[str, float]:
    if not secs:
        return {}
    p50, p99, most = np.percentile(np.frombuffer(secs), (50, 99, 100)).tolist()
    return {"samples": len(secs), "p50": round(p50 * 1e3, 1), "p99": round(p99 * 1e3, 1), "max": round(most * 1e3, 1)}


def _tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)  # noqa: T201 - read by whoever started it


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--readers", type=int, required=True)
    parser.add_argument("--stalled", type=int, default=0)
    parser.add_argument("--secs", type=float, required=True)
    parser.add_argument("--query", default="", help="filter of those that read")
    parser.add_argument("--stalled-query", default="", help="and of those that do not")
    words = parser.parse_args(arguments)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        _tell(runner.run(_run(words)))


if __name__ == "__main__":
    main(sys.argv[1:])
