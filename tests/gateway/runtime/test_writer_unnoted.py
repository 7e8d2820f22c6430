"""What a store took, and a journal that has no room to note it: it is given once, and counted as it was taken."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.errors import JournalFull
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influxdb import InfluxStore
from tests.gateway.stores.test_influxdb_faults import OUTSIDE
from tests.support.engine import content
from tests.support.influx_double import STORED, Answer, InfluxDouble, influx_double, said
from tests.support.line import STEPS, Line, duckdb_in, running_line
from tests.support.running import eventually
from tests.support.speakers import PROFILES, SECOND, say, stamps, utc

NOW = utc("2026-03-04T09:40:00")
MINUTE = 60 * SECOND
BLOCKS, EACH = 40, 10


def _store(server: InfluxDouble) -> InfluxStore:
    raw, long = Bucket("raw", 86_400), Bucket("long", 0)
    return InfluxStore(InfluxConfig(server.url, "the-city", "token", raw, dict.fromkeys(STEPS, long)))


def _feed(line: Line, first: int, after: int) -> None:
    """Blocks, a reading a minute."""
    for k in range(first, after):
        ts = stamps(NOW + k * EACH * MINUTE, NOW + (k + 1) * EACH * MINUTE, 60.0)
        line.feed([say("minute", "a", ts, np.arange(len(ts), dtype=np.float64), int(ts[-1]) + SECOND)])


async def test_what_a_store_took_and_the_journal_had_no_room_to_note_is_not_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = duckdb_in(tmp_path)
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        await line.stored()
        note, full = line.outbox.advance, list[int]()

        def advance(name: str, position: int, *rest: Any) -> int | None:
            if not full:
                full.append(position)
                raise JournalFull("no room", "make some")
            return note(name, position, *rest)

        monkeypatch.setattr(line.outbox, "advance", advance)
        _feed(line, 0, 3)
        await eventually(lambda: bool(full), "it can't be noted")
        # more comes before it is tried again, and would be merged with what the store has
        _feed(line, 3, 6)
        await line.stored()
        account = await store.account()
        assert (account.stored, account.written_over, account.missing) == (6 * EACH, 0, 0)
        assert line.ledger().stores["duckdb"].stored == 6 * EACH


async def test_a_full_disk_between_a_refusal_and_its_note_loses_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # journal and InfluxDB on one disk: the write came through, its note did not, and the next write does not either
    monkeypatch.setattr("gateway.runtime.writer._LEAST_READINGS", EACH)
    with influx_double() as server:
        async with running_line(tmp_path, content(PROFILES), [_store(server)], start=NOW - SECOND) as line:
            await line.stored()
            oldest, note = f" {NOW}", line.outbox.advance
            troubles: list[Answer | Exception] = [JournalFull("no room", "make some"), said(503, "no room")]

            def write(bucket: str, lines: list[str]) -> Answer:
                if len(troubles) == 1 and isinstance(troubles[0], Answer):
                    return troubles.pop()  # type: ignore[return-value]
                return said(422, OUTSIDE.format(1)) if any(each.endswith(oldest) for each in lines) else STORED

            def advance(*given: Any) -> int | None:
                if troubles and isinstance(troubles[0], Exception):
                    raise troubles.pop(0)  # type: ignore[misc]
                return note(*given)

            server.on_write = write
            monkeypatch.setattr(line.outbox, "advance", advance)
            _feed(line, 0, BLOCKS)
            await line.stored()
            terms = line.ledger().stores["influxdb"]
            assert (terms.stored, terms.refused) == (BLOCKS * EACH - 1, 1)
