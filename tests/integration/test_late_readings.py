"""Readings that come late, in any order or from wrong clocks: in the end all is as if they had come in order."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.rows import Row
from gateway.stores.base import SeriesId
from tests.support.engine import content
from tests.support.line import Aggregates, Line, running_line, same_bits
from tests.support.speakers import PROFILES, SECOND, readings_of, say, stamps, utc

DAY = 86400 * SECOND
NOW = utc("2026-03-04T09:47:31")
BEGIN = NOW - 2 * DAY
CHUNK = 600 * SECOND


def _all_same(left: Aggregates, right: Aggregates, series: Iterable[SeriesId] | None = None) -> None:
    """Everything equal to the bit; only `series` where given."""
    keys = {key for key in left.keys() | right.keys() if series is None or key[0] in set(series)}
    assert keys
    different = [key for key in keys if key not in left or key not in right or not same_bits(left[key], right[key])]
    assert not different


def _chunks(rng: np.random.Generator, kind: str, device: str, every: float, start: int, end: int) -> list[Row]:
    """Messages of ten minutes each, received a second after their newest reading."""
    ts = stamps(start, end, every)
    value = readings_of(rng, len(ts))
    rows = []
    for begin in range(start, end, CHUNK):
        part = (ts >= begin) & (ts < begin + CHUNK)
        if part.any():
            rows.append(say(kind, device, ts[part], value[part], int(ts[part][-1]) + SECOND))
    return rows


def _again_at(row: Row, received_at: int) -> Row:
    return Row(received_at, row.kind, row.source, row.flags, row.topic, row.payload)


def _feed(line: Line, rows: list[Row], per_call: int) -> None:
    """In order of receipt, each at its own nanosecond."""
    last = line.inbox.last_received_at
    ordered = []
    for row in sorted(rows, key=lambda each: each.received_at):
        last = max(row.received_at, last + 1)
        ordered.append(_again_at(row, last))
    for first in range(0, len(ordered), per_call):
        line.feed(ordered[first : first + per_call])


async def test_a_backlog_of_two_days_gives_what_order_would_have_given(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    late = [
        *_chunks(rng, "second", "behind", 1.0, BEGIN, NOW),
        *_chunks(rng, "minute", "behind-too", 60.0, BEGIN + 7 * SECOND, NOW),
    ]
    others = [
        *_chunks(rng, "second", "steady", 5.0, BEGIN, NOW + DAY),
        *_chunks(rng, "minute", "steady-too", 60.0, BEGIN, NOW + DAY),
    ]
    made = content(PROFILES)
    async with running_line(tmp_path / "order", made, start=BEGIN) as line:
        _feed(line, late + others, 4)
        await line.settle()
        assert line.revised == 0
        expected = await line.aggregates()
        assert line.ledger().total("beside", "late") == 0
    before = [row for row in others if row.received_at <= NOW]
    shuffled = [late[place] for place in rng.permutation(len(late)).tolist()]
    half = len(late) // 2
    async with running_line(tmp_path / "late", made, start=BEGIN) as line:
        _feed(line, before, 4)
        await line.stored()
        _feed(line, [_again_at(row, NOW + SECOND) for row in shuffled[:half]], 24)
        await line.settle()
        _feed(line, [_again_at(row, NOW + 600 * SECOND) for row in shuffled[half:]], 24)
        _feed(line, [row for row in others if row.received_at > NOW], 4)
        await line.settle()
        found = await line.aggregates()
        assert line.ledger().balanced
        assert line.ledger().total("beside", "late") > 170_000
    _all_same(found, expected)
    mine = SeriesId("behind", "level")
    assert found[mine, 86400].revision.max() == 1, "the first half gave the days, the second revised them"
    assert all(not found[key].revision.any() for key in found if key[0].device.startswith("steady"))


@pytest.mark.parametrize("off", [3 * 365 * DAY, -3 * 365 * DAY, 240 * SECOND])
async def test_a_wrong_clock_changes_nobody_elses_results(tmp_path: Path, rng: np.random.Generator, off: int) -> None:
    others = [
        *_chunks(rng, "second", "steady", 5.0, NOW, NOW + DAY // 4),
        *_chunks(rng, "minute", "steady-too", 60.0, NOW, NOW + DAY // 4),
    ]
    wrong = []
    for row in _chunks(rng, "second", "lost-in-time", 5.0, NOW, NOW + DAY // 4):
        ts = stamps(row.received_at - CHUNK, row.received_at, 60.0)
        wrong.append(say("second", "lost-in-time", ts + off, readings_of(rng, len(ts)), row.received_at))
    made = content(PROFILES)
    runs = []
    for name, rows in (("without", others), ("with", others + wrong)):
        async with running_line(tmp_path / name, made, start=NOW) as line:
            _feed(line, rows, 3)
            await line.settle()
            runs.append(await line.aggregates())
            ledger = line.ledger()
            assert ledger.balanced
    _all_same(runs[0], runs[1], series=[SeriesId("steady", "level"), SeriesId("steady-too", "level")])
    turned_away = ledger.total("reading", "quarantined") + ledger.total("reading", "expired")
    assert turned_away == (len(wrong) * 10 if abs(off) > DAY else 0)


async def test_seconds_and_hours_in_one_zone_with_two_seconds_of_delay_are_hardly_ever_revised(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    hours = 3
    end = NOW + hours * 3600 * SECOND
    kinds = [("second", f"s{k}", NOW + k * 100_000_000, 1.0) for k in range(2)]
    kinds += [("hour", f"h{k}", NOW + k * 179 * SECOND, 3600.0) for k in range(20)]
    rows = [
        (ts, say(kind, device, [ts], np.array([float(ts // SECOND % 97)]), 0))
        for kind, device, first, every in kinds
        for ts in stamps(first, end, every).tolist()
    ]
    rows = [(ts + 2 * SECOND + int(rng.uniform(-0.5, 0.5) * SECOND), row) for ts, row in rows]
    rows.sort(key=lambda pair: pair[0])
    panes = 0
    async with running_line(tmp_path, content(PROFILES), start=NOW) as line:
        batch: list[Row] = []
        due = NOW + 10 * SECOND
        last = NOW
        for received_at, row in rows:
            last = max(received_at, last + 1)
            if received_at >= due:
                panes += len(line.feed(batch, live=True).aggregates)
                batch, due = [], due + 10 * SECOND
            batch.append(_again_at(row, last))
        panes += len(line.feed(batch, live=True).aggregates)
        panes += len(line.feed([], end + 2 * 3600 * SECOND, live=True).aggregates)
        await line.settle()
        assert line.ledger().total("reading", "accepted") == len(rows)
        assert panes > 2 * 360 * hours + 20 * hours
        assert line.revised <= panes * 0.001


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("Asia/Shanghai", "2026-03-28", [24, 24, 24]),
        ("Europe/Berlin", "2026-03-28", [24, 23, 24]),
        ("Europe/Berlin", "2026-10-24", [24, 25, 24]),
        ("Asia/Kolkata", "2026-03-28", [24, 24, 24]),
    ],
)
async def test_local_days_hold_through_store_and_reviser(
    tmp_path: Path, rng: np.random.Generator, zone: str, first: str, hours: list[int]
) -> None:
    midnights = [
        int(np.datetime64(first, "s").astype(np.int64)) * SECOND - _offset(zone, first)
    ]  # local midnight of the first day
    for length in hours:
        midnights.append(midnights[-1] + length * 3600 * SECOND)
    start, end = midnights[0] - 5 * 3600 * SECOND, midnights[-1] + 5 * 3600 * SECOND
    rows = [
        *_chunks(rng, "minute", "m", 120.0, start, end),
        *_chunks(rng, "hour", "h", 3600.0, start + 1234 * SECOND, end),
    ]
    held_back = rng.random(len(rows)) < 0.3
    made = content(PROFILES, timezone=zone)
    found = []
    for name in ("order", "late"):
        kept = [row for row, back in zip(rows, held_back, strict=True) if not (back and name == "late")]
        async with running_line(tmp_path / name, made, start=start) as line:
            _feed(line, kept, 8)
            line.feed([], end + 30 * 3600 * SECOND, live=True)
            line.feed([], end + 31 * 3600 * SECOND, live=True)
            if name == "late":
                back = [row for row, held in zip(rows, held_back, strict=True) if held]
                _feed(line, [_again_at(row, end + 32 * 3600 * SECOND) for row in back], 8)
            await line.settle()
            found.append(await line.aggregates())
    _all_same(found[0], found[1])
    days = found[1][SeriesId("m", "level"), 86400]
    assert days.start.tolist()[1:-1] == midnights[:-1]
    used = [0] * len(hours)
    for row in (row for row in rows if "/minute/" in row.topic):
        for at, value in _told(row):
            which = int(np.searchsorted(midnights, at, "right")) - 1
            if 0 <= which < len(hours) and value is not None and -500 <= value <= 1500:
                used[which] += 1
    assert days.count.tolist()[1:-1] == used
    assert days.revision[1:-1].min() >= 1


def _told(row: Row) -> list[tuple[int, float | None]]:
    return [(each["ns"], each["v"]) for each in json.loads(row.payload)["readings"]]


def _offset(zone: str, day: str) -> int:
    moment = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) * SECOND
