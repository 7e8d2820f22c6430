from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.traffic.congestion_events import CongestionEvents, EventKind, EventRows
from tests.processors.conditions.traffic.support import in_pieces

MIN = 60 * 10**9
STARTED, CHANGED, ENDED = EventKind

Row = tuple[int, int, int, int, int]


def model(least: int = 0, patience: int = 5) -> CongestionEvents:
    return CongestionEvents(start_level=4, end_level=2, least=least * MIN, patience=patience * MIN)


def told(rows: EventRows) -> list[Row]:
    """Rows as (segment, kind, start, end, worst), times in minutes."""
    start, end = rows.start // MIN, rows.end // MIN
    return list(
        zip(rows.segment.tolist(), rows.kind.tolist(), start.tolist(), end.tolist(), rows.worst.tolist(), strict=True)
    )


def watch(events: CongestionEvents, levels: list[int], minute: list[int] | None = None) -> list[Row]:
    if not len(events):
        events.grow(1)
    start = MIN * np.array(range(len(levels)) if minute is None else minute)
    return told(events.step(np.zeros(len(levels), np.int32), start, start + MIN, np.array(levels, np.uint8)))


def test_an_event_lasts_from_the_start_level_until_the_end_level() -> None:
    made = watch(model(), [1, 3, 4, 3, 4, 3, 2, 3])

    assert made == [(0, STARTED, 2, 3, 4), (0, ENDED, 2, 6, 4)]


def test_only_a_worse_level_is_a_change() -> None:
    made = watch(model(), [4, 4, 5, 4, 5, 1])

    assert made == [(0, STARTED, 0, 1, 4), (0, CHANGED, 0, 3, 5), (0, ENDED, 0, 5, 5)]


def test_an_event_is_told_once_it_has_lasted_and_from_its_first_window() -> None:
    made = watch(model(least=3), [1, 4, 5, 4, 3, 1])

    assert made == [(0, STARTED, 1, 4, 5), (0, ENDED, 1, 5, 5)]


def test_a_shorter_event_is_never_told() -> None:
    assert watch(model(least=3), [4, 5, 1, 4, 4, 2, 1]) == []


def test_unknown_windows_are_bridged_and_do_not_make_the_event_longer() -> None:
    made = watch(model(), [4, 0, 0, 4, 0, 1])

    assert made == [(0, STARTED, 0, 1, 4), (0, ENDED, 0, 4, 4)]


def test_an_unknown_level_neither_starts_nor_ends_an_event() -> None:
    assert watch(model(), [0, 0, 0]) == []
    assert watch(model(), [4, 0]) == [(0, STARTED, 0, 1, 4)]


def test_after_too_long_without_a_level_the_event_ended_where_it_was_last_seen() -> None:
    events = model(patience=3)

    assert watch(events, [4, 4, 0, 0, 0, 0]) == [(0, STARTED, 0, 1, 4)]
    assert watch(events, [0, 5], [6, 7]) == [(0, ENDED, 0, 2, 4), (0, STARTED, 7, 8, 5)]


def test_windows_that_never_came_are_as_unknown_ones() -> None:
    assert watch(model(patience=3), [4, 4], [0, 4]) == [(0, STARTED, 0, 1, 4)]
    assert watch(model(patience=3), [4, 5], [0, 5]) == [
        (0, STARTED, 0, 1, 4),
        (0, ENDED, 0, 1, 4),
        (0, STARTED, 5, 6, 5),
    ]


def test_a_silent_segment_is_ended_by_the_watermark_with_the_same_row() -> None:
    events = model(patience=3)
    watch(events, [4, 5])

    assert told(events.expire(np.array([5 * MIN]))) == []
    assert told(events.expire(np.array([5 * MIN + 1]))) == [(0, ENDED, 0, 2, 5)]
    assert told(events.expire(np.array([9 * MIN]))) == []
    assert watch(events, [4], [9]) == [(0, STARTED, 9, 10, 4)]


def test_an_event_that_was_not_told_expires_untold() -> None:
    events = model(least=5, patience=3)
    watch(events, [4])

    assert told(events.expire(np.array([60 * MIN]))) == []
    assert watch(events, [1], [60]) == []


def test_a_late_window_is_left_out_of_an_open_event() -> None:
    assert watch(model(), [4, 4, 1, 5], [0, 1, 0, 1]) == [(0, STARTED, 0, 1, 4)]


def test_rows_come_in_the_order_of_their_windows() -> None:
    events = model()
    events.grow(2)
    start = MIN * np.array([0, 0, 1, 1])

    rows = events.step(np.array([1, 0, 1, 0]), start, start + MIN, np.array([4, 4, 1, 5], np.uint8))

    assert told(rows) == [(1, STARTED, 0, 1, 4), (0, STARTED, 0, 1, 4), (1, ENDED, 0, 1, 4), (0, CHANGED, 0, 2, 5)]
    assert rows.length.tolist() == [MIN, MIN, MIN, 2 * MIN]


def test_levels_without_hysteresis_are_refused() -> None:
    for start_level, end_level in ((3, 3), (2, 3), (1, 0)):
        with pytest.raises(ValueError, match="end_level"):
            CongestionEvents(start_level=start_level, end_level=end_level, least=0, patience=0)


windows = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 1, 1, 2, 9]), st.integers(0, 5)), max_size=80)


def plainly(listed: list[tuple[int, int]], least: int, patience: int) -> list[tuple[int, list[int]]]:
    """What the windows (minute, level) of one segment bring: (row, [kind, start, end, worst])."""
    made: list[tuple[int, list[int]]] = []
    event: list[int] | None = None  # start, last, worst, told
    for row, (at, level) in enumerate(listed):
        if event is not None and (at - event[1] > patience or (0 < level <= 2 and at >= event[1])):
            if event[3]:
                made.append((row, [ENDED, *event[:3]]))
            event = None
            if 0 < level <= 2:
                continue
        if event is None:
            if level >= 4:
                event = [at, at + 1, level, 0]
        elif level >= 3 and at >= event[1]:
            event[1] = at + 1
            if level > event[2]:
                event[2] = level
                if event[3]:
                    made.append((row, [CHANGED, *event[:3]]))
        if event is not None and not event[3] and event[1] - event[0] >= least:
            event[3] = 1
            made.append((row, [STARTED, *event[:3]]))
    return made


@settings(max_examples=100)
@given(windows, st.lists(st.integers(0, 80), max_size=4), st.integers(0, 4), st.integers(0, 6))
def test_events_are_those_of_a_plain_machine_however_windows_are_batched(
    listed: list[tuple[int, int, int]], cuts: list[int], least: int, patience: int
) -> None:
    clock = [0, 0, 0]
    minute = []
    for of, step, _ in listed:
        clock[of] += step
        minute.append(clock[of])
    start = MIN * np.array(minute, np.int64)
    columns: list[NDArray[Any]] = [
        np.array([row[0] for row in listed], np.int32),
        start,
        start + MIN,
        np.array([row[2] for row in listed], np.uint8),
    ]

    made = in_pieces(lambda: model(least, patience), 3, lambda part, piece: part.step(*piece), columns, cuts)

    want = []
    for segment in range(3):
        own = [row for row in range(len(listed)) if listed[row][0] == segment]
        for row, (kind, begin, until, worst) in plainly([(minute[r], listed[r][2]) for r in own], least, patience):
            want.append((own[row], (segment, kind, begin, until, worst)))
    want.sort(key=lambda pair: pair[0])
    assert told(EventRows.concat(made)) == [row for _, row in want]
