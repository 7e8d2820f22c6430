"""What everything rests on: batches, order, snapshots and the way of computing never show in the result."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.columns import AggregateBatch
from processors.windows.panes import recompute
from processors.windows.window_set import WindowSet
from tests.processors.windows.support import Reading, S, check, columns, midnights, reference, rows, utc

PANES = [10, 60, 900, 3600, 10]
LANES = [0, 0, 1, 1, 2]
OUT_OF_ORDER = 40 * S
FIRST_SKETCHED = {10: 900, 60: 900, 900: 3600, 3600: 86_400}
DAYS = {
    "spring forward, 23 h": (midnights("Europe/Berlin", "2026-03-27", 5), utc("2026-03-28T22:40")),
    "fall back, 25 h": (midnights("Europe/Berlin", "2026-10-23", 5), utc("2026-10-25T22:40")),
    "Shanghai": (midnights("Asia/Shanghai", "2026-05-01", 5), utc("2026-05-02T15:40")),
}

value = st.one_of(st.sampled_from([0.0, -0.0, 1e-12, 230.0, -5.0]), st.floats(-1e4, 1e4), st.floats(0.01, 0.02))
offset = st.one_of(
    st.integers(0, 3 * 60 * S), st.integers(0, 3 * 3600 * S), st.sampled_from([k * 10 * S for k in range(400)])
)
flag = st.sampled_from([1, 1, 1, 2, 3, 4, 9])
readings = st.lists(
    st.tuples(st.integers(0, 4), offset, value, flag), max_size=60, unique_by=lambda reading: (reading[0], reading[1])
)


def _readings(listed: list[tuple[int, int, float, int]], start: int) -> list[Reading]:
    return [Reading(s, start + at, float("nan") if f == 9 else v, f) for s, at, v, f in listed]


def _live(
    came: list[Reading], cuts: list[int], snapshots: set[int], edges: NDArray[np.int64], until: int
) -> tuple[AggregateBatch, int]:
    """Feed batches in order of arrival, the watermark of each lane following; returns what was emitted."""
    windows = WindowSet(edges)
    windows.add_series(np.array(PANES, np.int32), np.array(LANES, np.int32))
    newest = np.full(3, np.iinfo(np.int64).min + OUT_OF_ORDER)
    out = []
    late = 0
    bounds = sorted({0, len(came), *(cut % (len(came) + 1) for cut in cuts)})
    for k, (low, high) in enumerate(pairwise(bounds)):
        batch = columns(came[low:high])
        late += int(windows.is_late(batch.series, batch.ts).sum())
        windows.add(*batch)
        np.maximum.at(newest, np.array(LANES)[batch.series], batch.ts)
        out.append(windows.close(newest - OUT_OF_ORDER)[0])
        if k in snapshots:
            windows = WindowSet.restore(windows.snapshot())
    out.append(windows.close(np.full(3, until))[0])
    return AggregateBatch.concat(out), late


@pytest.mark.parametrize("days", DAYS)
@settings(max_examples=60, deadline=None)
@given(listed=readings)
def test_windows_are_those_of_the_plain_reference(days: str, listed: list[tuple[int, int, float, int]]) -> None:
    edges, start = DAYS[days]
    held = _readings(listed, start)
    until = int(edges[-2])

    batch = recompute(*columns(held), np.array(PANES, np.int32), edges, until)

    check(batch, reference(held, PANES, edges, [until] * 5), {k: FIRST_SKETCHED[pane] for k, pane in enumerate(PANES)})
    ends = batch.start + batch.step.astype(np.int64) * S
    day = batch.step == 86_400
    ends[day] = edges[np.searchsorted(edges, batch.start[day], side="right")]
    order = list(zip(ends.tolist(), batch.step.tolist(), batch.series.tolist(), strict=True))
    assert order == sorted(order)


@pytest.mark.parametrize("days", DAYS)
@settings(max_examples=60, deadline=None)
@given(
    listed=readings,
    delays=st.lists(st.integers(0, OUT_OF_ORDER), min_size=60, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=12),
    snapshots=st.sets(st.integers(0, 12)),
)
def test_any_batches_order_and_snapshots_give_the_same_bits(
    days: str, listed: list[tuple[int, int, float, int]], delays: list[int], cuts: list[int], snapshots: set[int]
) -> None:
    edges, start = DAYS[days]
    held = _readings(listed, start)
    until = int(edges[-2])
    # arriving in order of time plus a delay within what is allowed, no reading is late
    came = [held[k] for k in sorted(range(len(held)), key=lambda k: (held[k].ts + delays[k], k))]

    batch, late = _live(came, cuts, snapshots, edges, until)

    assert late == 0
    whole = recompute(*columns(held), np.array(PANES, np.int32), edges, until)
    assert sorted(rows(batch)) == sorted(rows(whole))


@settings(max_examples=40, deadline=None)
@given(listed=readings, delays=st.lists(st.integers(0, OUT_OF_ORDER), min_size=60, max_size=60))
def test_a_series_does_not_depend_on_its_neighbours(
    listed: list[tuple[int, int, float, int]], delays: list[int]
) -> None:
    edges, start = DAYS["Shanghai"]
    held = _readings(listed, start)
    until = int(edges[-2])
    whole = recompute(*columns(held), np.array(PANES, np.int32), edges, until)

    for series, pane in enumerate(PANES):
        own = [reading._replace(series=0) for reading in held if reading.series == series]
        alone = recompute(*columns(own), np.array([pane], np.int32), edges, until)
        assert sorted(row[1:] for row in rows(alone)) == sorted(row[1:] for row in rows(whole) if row[0] == series)


def test_each_series_may_have_an_end_of_its_own() -> None:
    edges, start = DAYS["Shanghai"]
    held = [Reading(series, start + at * S, 1.0, 1) for series in range(5) for at in (0, 70, 1000)]
    until = [start + 60 * S, start + 120 * S, start + 900 * S, int(edges[-2]), start - 1]

    batch = recompute(*columns(held), np.array(PANES, np.int32), edges, np.array(until))

    check(batch, reference(held, PANES, edges, until), {k: FIRST_SKETCHED[pane] for k, pane in enumerate(PANES)})
    assert 4 not in batch.series


def test_a_busy_day_of_many_series_is_that_of_the_reference(rng: np.random.Generator) -> None:
    edges, start = DAYS["fall back, 25 h"]
    begin = int(edges[np.searchsorted(edges, start) - 1])
    held = []
    for series, pane in enumerate(PANES):
        times = np.sort(rng.choice(25 * 3600 * 10, 25 * 3600 // pane // 2, replace=False)) * (S // 10)
        values = rng.normal([20, 230, 1, -3, 0.0][series], [8, 3, 0.5, 1, 0.02][series], len(times))
        flags = rng.choice([1, 2, 3, 4], len(times), p=[0.9, 0.04, 0.03, 0.03])
        held += [
            Reading(series, begin + int(at), float(v), int(f)) for at, v, f in zip(times, values, flags, strict=True)
        ]
    until = int(edges[-2])

    batch = recompute(*columns(held), np.array(PANES, np.int32), edges, until)

    # noise of both signs around 0 needs more buckets than fit: its error is that of a few levels up
    exact = {k: FIRST_SKETCHED[pane] for k, pane in enumerate(PANES)}
    plain = batch.take(batch.series != 4)
    check(plain, reference([r for r in held if r.series != 4], PANES, edges, [until] * 5), exact)


@pytest.mark.parametrize("batch", [7, 101, 1009])
def test_a_busy_live_day_has_the_bits_of_one_batch(rng: np.random.Generator, batch: int) -> None:
    edges, start = DAYS["Shanghai"]
    count = 4000
    at = np.sort(rng.choice(6 * 3600 * 100, count, replace=False)) * (S // 100)
    series = rng.integers(0, 5, count)
    values = np.where(series == 4, rng.normal(0, 0.02, count), np.exp(rng.normal(2, 1.5, count)))
    held = [Reading(int(s), start + int(t), float(v), 1) for s, t, v in zip(series, at, values, strict=True)]
    came = [held[k] for k in np.argsort(at + rng.integers(0, OUT_OF_ORDER, count), kind="stable")]
    until = int(edges[-2])

    live, late = _live(came, list(range(0, count, batch)), {5, 30}, edges, until)

    assert late == 0
    assert sorted(rows(live)) == sorted(rows(recompute(*columns(held), np.array(PANES, np.int32), edges, until)))


def test_nothing_gives_nothing() -> None:
    edges, start = DAYS["Shanghai"]

    assert len(recompute(*columns([]), np.array(PANES, np.int32), edges, start)) == 0
    assert len(recompute(*columns([]), np.empty(0, np.int32), edges, start)) == 0
