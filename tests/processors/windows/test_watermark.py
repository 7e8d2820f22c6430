"""
lane 0    event times  100   130 x 90 (out of order)        out_of_orderness 10 s
current                 90   120   120
"""

import numpy as np
import pytest

from processors.windows.watermark import NEVER, Watermarks
from tests.processors.windows.support import S

TEN = 10 * S


def _observe(marks: Watermarks, *seen: tuple[int, int, int, bool]) -> None:
    lane, ts, received, within = zip(*seen, strict=True)
    marks.observe(
        np.array(lane, np.int32), np.array(ts, np.int64) * S, np.array(received, np.int64) * S, np.array(within)
    )


def _lanes(*out_of_orderness: int) -> Watermarks:
    marks = Watermarks()
    for each in out_of_orderness:
        marks.add_lane(each)
    return marks


def test_the_watermark_is_the_newest_event_time_less_what_may_be_out_of_order() -> None:
    marks = _lanes(TEN, 2 * TEN)

    _observe(marks, (0, 100, 200, True), (1, 150, 200, True), (0, 130, 200, True), (0, 90, 201, True))

    assert marks.current().tolist() == [120 * S, 130 * S]
    assert len(marks) == 2


def test_the_watermark_does_not_reverse() -> None:
    marks = _lanes(TEN)
    seen = []
    for ts in (100, 50, 101, 3):
        _observe(marks, (0, ts, 200, True))
        seen.append(int(marks.current()[0]) // S)

    assert seen == [90, 90, 91, 91]


def test_a_device_ahead_of_us_moves_it_to_the_receipt_at_most() -> None:
    marks = _lanes(TEN)

    _observe(marks, (0, 500, 200, True))

    assert marks.current().tolist() == [190 * S]


def test_a_device_with_a_wrong_clock_moves_nothing() -> None:
    marks = _lanes(TEN)
    _observe(marks, (0, 100, 100, True))

    _observe(marks, (0, 180, 200, False))

    assert marks.current().tolist() == [90 * S]


def test_a_lane_of_which_nothing_was_heard_has_no_watermark() -> None:
    assert _lanes(TEN).current().tolist() == [NEVER]


def test_an_idle_lane_follows_the_wall_clock() -> None:
    marks = _lanes(TEN, TEN)
    _observe(marks, (0, 100, 100, True), (1, 100, 150, True))

    marks.advance_idle(160 * S, 60 * S, 0)

    assert marks.current().tolist() == [150 * S, 90 * S]


def test_silence_counts_only_since_the_source_is_live_again() -> None:
    marks = _lanes(TEN)
    _observe(marks, (0, 100, 100, True))

    marks.advance_idle(1000 * S, 60 * S, 950 * S)
    assert marks.current().tolist() == [90 * S]
    marks.advance_idle(1010 * S, 60 * S, 950 * S)
    assert marks.current().tolist() == [1000 * S]


def test_idling_never_takes_a_lane_back() -> None:
    marks = _lanes(TEN)
    _observe(marks, (0, 100, 100, True))

    marks.advance_idle(90 * S, 0, 0)

    assert marks.current().tolist() == [90 * S]


def test_observing_nothing_changes_nothing() -> None:
    marks = _lanes(TEN)

    marks.observe(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))

    assert marks.current().tolist() == [NEVER]


def test_a_restored_one_goes_on_where_the_other_was() -> None:
    marks = _lanes(TEN, 0)
    _observe(marks, (0, 100, 100, True))
    again = Watermarks.restore(marks.snapshot())

    for each in (marks, again):
        _observe(each, (1, 70, 120, True))
        each.advance_idle(165 * S, 60 * S, 0)

    assert again.current().tolist() == marks.current().tolist() == [155 * S, 70 * S]


def test_a_negative_allowance_is_refused() -> None:
    with pytest.raises(ValueError, match="not below 0"):
        Watermarks().add_lane(-1)


def test_closing_moves_every_lane_that_was_heard_and_none_back() -> None:
    marks = Watermarks()
    for _ in range(3):
        marks.add_lane(10)
    observe = np.array([0, 1], np.int32), np.array([100, 900], np.int64), np.array([100, 900], np.int64)
    marks.observe(*observe, np.ones(2, np.bool_))

    marks.close(500)

    assert marks.current().tolist() == [500, 890, NEVER]
