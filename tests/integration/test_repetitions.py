"""What devices and brokers send again, however late, changes nothing stored: no value, no verdict, no window."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gateway.rows import Row
from gateway.runtime.writer import _mergeable
from gateway.stores.base import Store
from gateway.stores.influxdb import InfluxStore
from processors.columns import FlagRewrites
from processors.flags import Flag, Why
from tests.support.engine import LOOP_PROFILE, SECOND, START, content, loop
from tests.support.influxd import Influxd, influxd
from tests.support.line import Aggregates, duckdb_in, running_line, same_bits

__all__ = ["influxd"]

HOUR = 3600 * SECOND
CHECKS = {
    "spike": [20.0, 40.0], "spike_method": "differential", "rate_of_change": [3.0, 6.0],
    "flat_line_secs": [40.0, 90.0], "time_gap_secs": [100.0, 0.0],
}  # fmt: skip
Held = dict[tuple[str, str, int], tuple[bytes, int, int]]


def _profile() -> dict[str, object]:
    speed = {**LOOP_PROFILE["fields"]["speed"], "checks": CHECKS}
    return {**LOOP_PROFILE, "fields": {**LOOP_PROFILE["fields"], "speed": speed}}


def _sent(rng: np.random.Generator) -> list[tuple[int, Row]]:
    """Two hours of three detectors, in order: (ns after START, row)."""
    out = []
    for device in ("d0", "d1", "d2"):
        at = 0
        while at < 2 * HOUR:
            at += int(rng.choice([10, 10, 10, 10, 20, 130])) * SECOND
            speed = rng.choice([50.0, 50.0, 50.0, 50.0, 62.0, 120.0])
            out.append((at, loop(device, at, None if rng.random() < 0.03 else float(speed))))
    return sorted(out, key=lambda pair: pair[1].received_at)


def _again(rng: np.random.Generator, sent: list[tuple[int, Row]]) -> list[Row]:
    """The same, and a third of it again: minutes or hours later, some of it twice."""
    rows = [row for _, row in sent]
    end = START + 9 * HOUR
    for _ in range(2):
        for k in np.flatnonzero(rng.random(len(sent)) < 0.2).tolist():
            row = sent[k][1]
            received_at = min(row.received_at + int(rng.uniform(5 * 60, 6 * 3600)) * SECOND, end)
            rows.append(Row(received_at, row.kind, row.source, row.flags, row.topic, row.payload))
    return sorted(rows, key=lambda row: row.received_at)


async def _run(
    folder: Path, rows: list[Row], per_call: int, stores: Sequence[Store] = ()
) -> tuple[int, Held, Aggregates]:
    async with running_line(folder, content([_profile()]), stores, start=START - 1) as line:
        last = 0
        ordered = []
        for row in [*rows, loop("d0", 10 * HOUR, 50.0)]:
            last = max(row.received_at, last + 1)
            ordered.append(Row(last, row.kind, row.source, row.flags, row.topic, row.payload))
        for first in range(0, len(ordered), per_call):
            line.feed(ordered[first : first + per_call], live=True)
        await line.settle()
        found = [await store.read_readings(line.names(), 0, 1 << 62) for store in line.stores]
        held: list[Held] = []
        for each in found:
            columns = (getattr(each.batch, name).tolist() for name in ("series", "ts", "flag", "why"))
            bits = [value.tobytes() for value in each.batch.value]
            held.append(
                {
                    (*each.names[s], t): (b, f, w)
                    for (s, t, f, w), b in zip(zip(*columns, strict=True), bits, strict=True)
                }
            )
        assert all(each == held[0] for each in held)
        return line.ledger().total("beside", "late"), held[0], await line.aggregates()


async def test_repetitions_change_no_verdict_and_no_window(tmp_path: Path, influxd: Influxd) -> None:
    sent = _sent(np.random.default_rng(7))
    plain = [row for _, row in sent]
    _, once, windows = await _run(tmp_path / "once", plain, 5)
    folder = tmp_path / "again"
    stores: list[Store] = [duckdb_in(folder), InfluxStore(influxd.config())]
    late, again, revised = await _run(folder, _again(np.random.default_rng(8), sent), 7, stores)

    assert late > 200
    assert once == again
    flags = {flag for _, flag, _ in once.values()}
    assert flags == {Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING}
    reasons = int(np.bitwise_or.reduce([why for _, _, why in once.values()]))
    assert reasons & Why.SPIKE
    assert reasons & Why.FLAT_LINE
    assert reasons & Why.RATE_OF_CHANGE
    assert reasons & Why.TIME_GAP
    last = START + 9 * HOUR  # what was still open when the rows ended has closed in neither
    for key, batch in windows.items():
        mine, its = (part.take(part.start < last) for part in (batch, revised[key]))
        assert same_bits(mine, its), key


async def test_a_crash_that_repeats_a_run_of_messages_ends_as_if_there_was_none(tmp_path: Path) -> None:
    rows = [row for _, row in _sent(np.random.default_rng(9))]
    _, once, _ = await _run(tmp_path / "once", rows, 4)
    third = len(rows) // 3
    #   1 2 3 4 5 6     the broker sends 3 4 again, hours later, and goes on
    later = rows[2 * third - 1].received_at + 3 * HOUR
    cut = [Row(max(row.received_at, later), *_rest(row)) for row in rows[third:]]
    _, again, _ = await _run(tmp_path / "cut", rows[: 2 * third] + cut, 9)

    assert once.keys() == again.keys()
    # only what came in for the first time after the cut may bear LATE
    assert {key: (bits, flag) for key, (bits, flag, _) in once.items()} == {
        key: (bits, flag) for key, (bits, flag, _) in again.items()
    }


def _rest(row: Row) -> tuple[int, int, int, str, bytes]:
    return row.kind, row.source, row.flags, row.topic, row.payload


async def test_blocks_are_merged_up_to_a_late_reading_whose_earlier_write_was_judged_anew(tmp_path: Path) -> None:
    async with running_line(tmp_path, content([_profile()]), start=START - 1) as line:
        first = line.feed([loop("d", 0, 50.0), loop("d", 10 * SECOND, 120.0), loop("e", HOUR, 50.0)])
        judged = line.feed([loop("d", 20 * SECOND, 50.0, HOUR + SECOND)])
        again = line.feed([loop("d", 10 * SECOND, 99.0, HOUR + 2 * SECOND)])
        other = line.feed([loop("d", 0, 51.0, HOUR + 3 * SECOND)])
    assert judged.rewrites.flag.tolist() == [Flag.FAIL]
    assert not len(FlagRewrites.concat([first.rewrites, again.rewrites, other.rewrites]))

    assert _mergeable([first, judged, other, again]) == [first, judged, other]
    assert _mergeable([first, again, judged]) == [first, again, judged]
    assert _mergeable([again]) == [again]


@pytest.mark.parametrize("value", [120.0, 119.0])
async def test_only_another_value_takes_a_verdict_away(tmp_path: Path, value: float) -> None:
    async with running_line(tmp_path, content([_profile()]), start=START - 1) as line:
        for k, speed in enumerate((50.0, 120.0, 50.0)):
            line.feed([loop("d", k * 10 * SECOND, speed)])
        line.feed([loop("d", HOUR, 50.0)])
        line.feed([loop("d", 10 * SECOND, value, HOUR + SECOND)])
        await line.settle()
        found = await line.stores[0].read_readings(line.names(), START + 10 * SECOND, START + 10 * SECOND + 1)
        minute = (await line.aggregates())[line.names()[0], 60]

    assert found.batch.value.tolist() == [value]
    expected = (Flag.FAIL, Why.SPIKE | Why.RATE_OF_CHANGE) if value == 120.0 else (Flag.GOOD, Why.LATE)
    assert (found.batch.flag[0], found.batch.why[0]) == expected
    assert minute.max[0] == (50.0 if value == 120.0 else value)
