"""
Berlin, window 02-05 h local     28 March   01:00Z - 04:00Z   3 h, 12 flows
                                 29 March   01:00Z - 03:00Z   2 h,  8 flows: 02:00 does not exist, 03:00 is 01:00Z
                                 25 October 00:00Z - 04:00Z   4 h, 16 flows: 02:00 is there twice, the first counts
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.pipeline.night_flow import NightFlow, NightFlows, legitimate_use, night_leakage
from tests.processors.conditions.pipeline.support import HOUR, MINUTE, Arrays, S, in_pieces, same

NAN = float("nan")
QUARTER = 15 * MINUTE
Edges = tuple[NDArray[np.int64], NDArray[np.int64]]


def _windows(zone: str, first: str, nights: int, begin: int = 2, end: int = 5) -> Edges:
    """Edges of night windows from the standard library's time zones."""
    days = [datetime.fromisoformat(first) + timedelta(days=k) for k in range(nights)]

    def edge(hour: int) -> NDArray[np.int64]:
        local = [day.replace(hour=hour, tzinfo=ZoneInfo(zone)) for day in days]
        return np.array([int(moment.timestamp()) * S for moment in local], np.int64)

    return edge(begin), edge(end)


def _night(windows: Edges, flows: list[float], night: int = 0, coverage: float = 0.9) -> NightFlows:
    """One DMA, quarter hours from the window's start on, closed at its end if not by later data."""
    rule = NightFlow(QUARTER)
    rule.grow(1)
    ts = windows[0][night] + QUARTER * np.arange(len(flows))
    by_data = rule.update(np.zeros(len(flows), np.int32), ts, np.array(flows), *windows, coverage)
    return by_data if len(by_data.dma) else rule.close(int(windows[1][night]), *windows, coverage)


def test_the_least_mean_of_an_hour_within_the_window_is_the_night_flow() -> None:
    flows = [20.0, 16.0, 12.0, 12.0, 8.0, 8.0, 10.0, 9.0, 8.0, 5.0, 20.0, 20.0]

    nights = _night(_windows("Asia/Shanghai", "2026-05-01", 1), flows)

    assert nights.flow.tolist() == [8.0]  # 10, 9, 8, 5; the 5 alone is no hour
    assert (nights.points.tolist(), nights.coverage.tolist()) == ([12], [1.0])


@pytest.mark.parametrize(
    ("zone", "day", "due"),
    [
        ("Asia/Shanghai", "2026-03-29", 12),
        ("Europe/Berlin", "2026-03-28", 12),
        ("Europe/Berlin", "2026-03-29", 8),
        ("Europe/Berlin", "2026-10-25", 16),
    ],
)
def test_the_window_holds_more_or_fewer_flows_on_days_when_clocks_change(zone: str, day: str, due: int) -> None:
    windows = _windows(zone, day, 1)
    flows = [9.0] * (due - 4) + [7.0] * 4 + [1.0] * 4  # the last four are after the window

    nights = _night(windows, flows)

    assert (windows[1] - windows[0]).tolist() == [due * QUARTER]
    assert nights.flow.tolist() == [7.0]
    assert (nights.points.tolist(), nights.coverage.tolist()) == ([due], [1.0])


def test_days_of_23_and_25_hours_are_a_night_each() -> None:
    for first in ("2026-03-28", "2026-10-24"):
        windows = _windows("Europe/Berlin", first, 3)
        rule = NightFlow(QUARTER)
        rule.grow(1)
        ts = np.arange(windows[0][0] - 2 * HOUR, windows[1][2] + HOUR, QUARTER)
        flow = 10.0 + (ts - ts[0]) // (24 * HOUR)

        nights = rule.update(np.zeros(len(ts), np.int32), ts, flow, *windows, 1.0)

        assert nights.start.tolist() == windows[0].tolist()
        assert nights.end.tolist() == windows[1].tolist()
        assert nights.coverage.tolist() == [1.0] * 3


def test_a_mean_over_a_gap_or_over_the_windows_edge_does_not_count() -> None:
    windows = _windows("Asia/Shanghai", "2026-05-01", 1)
    rule = NightFlow(QUARTER)
    rule.grow(1)
    ts = windows[0][0] + QUARTER * np.arange(-3, 12)
    flow = np.array([0.0] * 3 + [9.0, 1.0, 1.0, NAN, 1.0, 9.0, 9.0, 9.0, 9.0, 5.0, 9.0, 9.0])

    rule.update(np.zeros(15, np.int32), ts, flow, *windows, 0.9)
    nights = rule.close(int(windows[1][0]), *windows, 0.9)

    assert nights.points.tolist() == [11]
    assert nights.flow.tolist() == [7.0]  # 1, 9, 9, 9


def test_a_flow_that_ends_after_the_window_is_not_of_the_night() -> None:
    start = _windows("Asia/Shanghai", "2026-05-01", 1)[0]

    nights = _night((start, start + 9 * QUARTER - MINUTE), [5.0] * 8 + [1.0] * 2)

    assert (nights.flow.tolist(), nights.points.tolist(), nights.coverage.tolist()) == ([5.0], [8], [1.0])


def test_windows_may_be_whole_days_and_touch() -> None:
    start = _windows("Asia/Shanghai", "2026-05-01", 2, begin=0)[0]
    windows = (start, start + 24 * HOUR)
    rule = NightFlow(QUARTER)
    rule.grow(1)
    flow = np.array([9.0] * 94 + [1.0] * 4 + [9.0] * 94)  # two of the four on each side of midnight

    nights = rule.update(np.zeros(192, np.int32), start[0] + QUARTER * np.arange(192), flow, *windows, 92 / 96)

    assert nights.flow.tolist() == [5.0]
    assert rule.close(int(windows[1][1]), *windows, 92 / 96).flow.tolist() == [5.0]


def test_a_night_with_too_few_flows_has_none() -> None:
    windows = _windows("Asia/Shanghai", "2026-05-01", 1)

    nights = _night(windows, [5.0] * 9 + [NAN] * 3, coverage=0.8)

    assert np.isnan(nights.flow).all()
    assert nights.coverage.tolist() == [0.75]
    assert _night(windows, [5.0] * 9 + [NAN] * 3, coverage=0.75).flow.tolist() == [5.0]
    assert np.isnan(_night(windows, [5.0, NAN] * 6, coverage=0.5).flow).all()  # no four in a row


def test_no_flow_at_night_is_zero_and_not_missing() -> None:
    assert _night(_windows("Asia/Shanghai", "2026-05-01", 1), [0.0] * 12).flow.tolist() == [0.0]


def test_a_night_without_any_flow_comes_out_missing() -> None:
    windows = _windows("Asia/Shanghai", "2026-05-01", 4)
    rule = NightFlow(QUARTER)
    rule.grow(3)  # the third is never heard of
    who = np.array([0, 1], np.int32)
    rule.update(who, windows[0][[0, 0]] - HOUR, np.array([5.0, 5.0]), *windows, 0.9)

    by_data = rule.update(who[:1], windows[1][[1]], np.array([5.0]), *windows, 0.9)
    by_watermark = rule.close(int(windows[1][2]), *windows, 0.9)

    assert (by_data.dma.tolist(), by_data.start.tolist()) == ([0, 0], windows[0][:2].tolist())
    assert (by_watermark.dma.tolist(), by_watermark.start.tolist()) == (
        [0, 1, 1, 1],
        windows[0][[2, 0, 1, 2]].tolist(),
    )
    assert np.isnan([*by_data.flow, *by_watermark.flow]).all()
    assert [*by_data.coverage, *by_watermark.coverage] == [0.0] * 6
    assert len(rule.close(int(windows[1][2]), *windows, 0.9).dma) == 0


def test_flows_after_the_close_of_their_night_are_too_late() -> None:
    windows = _windows("Asia/Shanghai", "2026-05-01", 2)
    rule = NightFlow(QUARTER)
    rule.grow(1)
    zero = np.zeros(12, np.int32)
    ts = windows[0][0] + QUARTER * np.arange(12)
    rule.update(zero[:6], ts[:6], np.full(6, 3.0), *windows, 0.5)
    assert rule.close(int(windows[1][0]), *windows, 0.5).flow.tolist() == [3.0]

    rule.update(zero[6:], ts[6:], np.zeros(6), *windows, 0.5)
    rule.update(zero, ts + 24 * HOUR, np.full(12, 4.0), *windows, 0.5)

    assert rule.close(int(windows[1][1]), *windows, 0.5).flow.tolist() == [4.0]


def test_windows_may_move_on_from_call_to_call() -> None:
    windows = _windows("Asia/Shanghai", "2026-05-01", 3)
    rule = NightFlow(QUARTER)
    rule.grow(1)
    zero, flows = np.zeros(12, np.int32), np.full(12, 6.0)
    found = []
    for night in range(3):
        now = (windows[0][night : night + 1], windows[1][night : night + 1])
        rule.update(zero, now[0][0] + QUARTER * np.arange(12), flows, *now, 0.9)
        found.append(rule.close(int(now[1][0]), *now, 0.9))

    assert [nights.flow.tolist() for nights in found] == [[6.0]] * 3


def test_without_windows_there_are_no_nights() -> None:
    none = np.empty(0, np.int64)
    rule = NightFlow(QUARTER)
    rule.grow(1)

    assert len(rule.update(np.zeros(1, np.int32), np.array([0]), np.array([1.0]), none, none, 0.9).dma) == 0
    assert len(rule.close(1 << 60, none, none, 0.9).dma) == 0


def test_leakage_is_night_flow_less_legitimate_use() -> None:
    use = legitimate_use(np.array([2000.0]), 2.0, np.array([100.0]), 5.0)

    assert use.tolist() == [4.5]
    assert night_leakage(np.array([12.0, 3.0]), use).tolist() == [7.5, 0.0]
    assert np.isnan(night_leakage(np.array([NAN, 3.0]), np.array([1.0, NAN]))).all()


WINDOWS = _windows("Europe/Berlin", "2026-03-27", 4)
FIRST = int(WINDOWS[0][0]) - HOUR
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 95 * 4), st.sampled_from([0.0, 2.0, 3.5, 8.0, NAN])), max_size=150
)
DENSE = st.lists(st.sampled_from([0.0, 2.0, 3.5, 8.0, NAN]), min_size=95 * 4, max_size=95 * 4)


def _plain(rows: list[tuple[int, int, float]], least: float) -> dict[tuple[int, int], tuple[float, int]]:
    out = {}
    for dma in (0, 1):
        mine: dict[int, float] = {}
        for _, ts, value in [row for row in rows if row[0] == dma]:
            if not mine or ts > max(mine):
                mine[ts] = value
        for start, end in zip(*(edge.tolist() for edge in WINDOWS), strict=True):
            if not mine or not (min(mine) < end <= max(mine)):
                continue
            due = list(range(start, end, QUARTER))
            there = [ts for ts in due if not np.isnan(mine.get(ts, NAN))]
            means = [
                sum(mine[ts + k * QUARTER] for k in range(4)) / 4
                for ts in due
                if all(ts + k * QUARTER in there for k in range(4))
            ]
            enough = len(there) / len(due) >= least
            out[dma, start] = (min(means, default=NAN) if enough else NAN, len(there))
    return out


@settings(deadline=None, max_examples=60)
@given(ROWS, DENSE, st.lists(st.integers(0, 400), max_size=5), st.sampled_from([0.4, 1.0]))
def test_nights_are_those_of_a_plain_loop_however_the_flows_are_split(
    sparse: list[tuple[int, int, float]], dense: list[float], cuts: list[int], least: float
) -> None:
    steps = sorted([(k, 0, value) for k, value in enumerate(dense)] + [(k, 1, v) for _, k, v in sparse])
    rows = [(dma, FIRST + k * QUARTER, value) for k, dma, value in steps]
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
    )

    def make() -> NightFlow:
        rule = NightFlow(QUARTER)
        rule.grow(2)
        return rule

    def feed(rule: NightFlow, part: Arrays) -> Arrays:
        nights = rule.update(part[0], part[1], part[2], *WINDOWS, least)
        return nights.dma, nights.start, nights.end, nights.flow, nights.points, nights.coverage

    whole = feed(make(), columns)
    split = in_pieces(make(), make, feed, columns, cuts)
    order = np.lexsort((split[1], split[0]))

    same(whole, tuple(column[order] for column in split))
    expected = _plain(rows, least)
    assert list(zip(whole[0].tolist(), whole[1].tolist(), strict=True)) == sorted(expected)
    np.testing.assert_array_equal(whole[3], [expected[key][0] for key in sorted(expected)])
    assert whole[4].tolist() == [expected[key][1] for key in sorted(expected)]
