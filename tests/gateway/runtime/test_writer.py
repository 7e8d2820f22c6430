"""A store's writer after trouble that leaves it unknown what the store has."""

from pathlib import Path

import numpy as np
import pytest

from gateway.errors import Halt, Retry
from gateway.stores.base import Block, Refused, StoreCursor
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.telemetry.store_events import StoreHaltedError, StoreRetrying
from tests.support.engine import content
from tests.support.line import Line, running_line
from tests.support.running import eventually
from tests.support.speakers import PROFILES, SECOND, say, stamps, utc

NOW = utc("2026-03-04T09:40:00")
YEAR = 366 * 86400 * SECOND


class ShakyStore(DuckDbStore):
    """Raises what it is told to, before or after a block is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(DuckDbConfig(path, YEAR))
        self.before: list[Exception] = []
        self.after: list[Exception] = []
        self.opened = 0

    async def open(self) -> StoreCursor | None:
        """See DuckDbStore."""
        self.opened += 1
        return await super().open()

    async def write(self, block: Block) -> list[Refused]:
        """See DuckDbStore."""
        if self.before:
            raise self.before.pop(0)
        out = await super().write(block)
        if self.after:
            raise self.after.pop(0)
        return out


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.writer._HALT_RETRY_SECS", 0.05)


def _minutes(line: Line, first: int, after: int) -> None:
    ts = stamps(NOW + first * 60 * SECOND, NOW + after * 60 * SECOND, 60.0)
    values = np.arange(first, after, dtype=np.float64)
    line.feed([say("minute", "a", ts, values, max(int(ts[-1]), line.inbox.last_received_at) + SECOND)])


async def test_a_block_that_came_through_although_the_store_halted_is_counted_once(tmp_path: Path) -> None:
    store = ShakyStore(tmp_path / "r.duckdb")
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        await line.stored()
        store.after.append(Halt("the disk is full", "Make room."))
        _minutes(line, 0, 30)
        await eventually(lambda: bool(line.telemetry.of(StoreHaltedError)), "it halts")
        # more comes before it is asked again, and would be merged with what it has
        _minutes(line, 30, 60)
        await line.stored()
        assert store.opened == 2
        ledger = line.ledger()
        assert ledger.stores["duckdb"].stored == 60
        assert await store.distinct_readings() == 60
        account = await store.account()
        assert (account.stored, account.written_over, account.missing) == (60, 0, 0)


async def test_a_store_that_was_replaced_while_it_stood_is_not_written_on(tmp_path: Path) -> None:
    store = ShakyStore(tmp_path / "r.duckdb")
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        _minutes(line, 0, 30)
        await line.stored()
        store.before.append(Halt("no token", "Give it one."))
        await store._in(store._write_thread, store._close_db)
        (tmp_path / "r.duckdb").unlink()
        _minutes(line, 30, 60)
        await eventually(lambda: "deleted or replaced" in line.writers[0].problem, "it is noticed")
        assert "stores adopt duckdb" in line.writers[0].remedy
        assert line.ledger().stores["duckdb"].stored == 30
        # both troubles were told
        assert len({event.problem for event in line.telemetry.of(StoreHaltedError)}) == 2


async def test_a_store_that_may_be_asked_at_once_is_not_asked_without_pause(tmp_path: Path) -> None:
    store = ShakyStore(tmp_path / "r.duckdb")
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        store.before += [Retry("busy", after=0.0), Retry("busy", after=0.25, remedy="Wait.")]
        _minutes(line, 0, 30)
        await line.stored()
        waits = [event.retry_in for event in line.telemetry.of(StoreRetrying)]
        assert waits == [0.1, 0.25]
        assert line.telemetry.of(StoreRetrying)[1].remedy == "Wait."


class SlowStore(DuckDbStore):
    """Does not answer in time where it is given more readings than `most`."""

    def __init__(self, path: Path) -> None:
        super().__init__(DuckDbConfig(path, YEAR))
        self.most = 0
        self.given: list[int] = []

    async def write(self, block: Block) -> list[Refused]:
        """See DuckDbStore."""
        self.given.append(len(block.readings))
        if self.given[-1] > self.most:
            raise Retry("it does not answer", after=0.1)
        return await super().write(block)


async def test_a_store_that_is_too_slow_for_so_much_gets_less_until_it_keeps_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runtime.writer._LEAST_READINGS", 20)
    store = SlowStore(tmp_path / "r.duckdb")
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        await line.stored()
        store.most, store.given = 60, []
        for k in range(40):
            _minutes(line, 10 * k, 10 * k + 10)
        await line.stored()
        slow, store.most, store.given = store.given, 1_000, []
        for k in range(40, 100):
            _minutes(line, 10 * k, 10 * k + 10)
        await line.stored()
        assert line.ledger().stores["duckdb"].stored == 1_000
        assert await store.distinct_readings() == 1_000
    assert slow[:4] == [400, 200, 100, 50]
    # it feels its way: seldom more than it can take, and not much
    assert sum(given > 60 for given in slow[4:]) < len(slow[4:]) / 3
    assert max(slow[4:]) < 80
    assert sum(store.given) == 600
    assert max(store.given) >= 100
