"""A writer gathers blocks for a while, but not what somebody waits for."""

from pathlib import Path

import numpy as np
import pytest

from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from tests.support.engine import content
from tests.support.line import Line, running_line
from tests.support.running import eventually
from tests.support.speakers import PROFILES, SECOND, say, stamps, utc

NOW = utc("2026-03-04T09:40:00")


def _minutes(line: Line, first: int, after: int) -> None:
    ts = stamps(NOW + first * 60 * SECOND, NOW + after * 60 * SECOND, 60.0)
    received = max(int(ts[-1]), line.inbox.last_received_at) + SECOND
    line.feed([say("minute", "a", ts, np.arange(first, after, dtype=np.float64), received)])


async def test_what_somebody_waits_for_is_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DuckDbStore(DuckDbConfig(tmp_path / "r.duckdb", 366 * 86400 * SECOND))
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        _minutes(line, 0, 30)
        await line.stored()
        for name in ("_GATHER_SECS", "_BUSY_GATHER_SECS"):
            monkeypatch.setattr(f"gateway.runtime.writer.{name}", 1e9)
        writer = line.writers[0]
        before = writer.position
        _minutes(line, 30, 60)
        await eventually(lambda: line.outbox.last_position > before, "it is judged")
        assert writer.position == before, "it gathers"

        writer.wake(urgent=True)

        await line.stored()
        assert writer.position > before
        assert await store.distinct_readings() == 60
