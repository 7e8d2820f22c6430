"""Which windows are pending, found at once for all of them; what a page of rows looks like is tried by commands."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal.marks import Mark
from gateway.runtime.pending import pending_windows

SECOND = 1_000_000_000
LONGEST_DAY = 25 * 3600


def _mark(series: int, step: int, start: int, end: int, watermark: int) -> Mark:
    return Mark(1, series, step, start * SECOND, end * SECOND, watermark * SECOND, 0, 0, 0)


def _slowly(series: list[int], start: list[int], step: int, marks: list[Mark]) -> list[bool]:
    length = (LONGEST_DAY if step == 86_400 else step) * SECOND
    return [
        any(
            mark.series == s and mark.step <= step and mark.start < begin + length and mark.end > begin
            and mark.watermark > begin
            for mark in marks
        )
        for s, begin in zip(series, start, strict=True)
    ]  # fmt: skip


def test_a_window_is_pending_where_a_mark_touches_it_and_it_was_emitted() -> None:
    #  windows      |0---60|60--120|120-180|180-240|240-300|
    #  mark               50-----------130          ^200 is its watermark
    marks = [_mark(7, 10, 50, 250, 200), _mark(8, 10, 0, 300, 300), _mark(7, 900, 0, 300, 300)]
    start = np.arange(5, dtype=np.int64) * 60 * SECOND
    found = pending_windows(np.full(5, 7, np.int32), start, 60, marks)

    assert found.tolist() == [True, True, True, True, False]
    assert not pending_windows(np.full(5, 9, np.int32), start, 60, marks).any()
    assert not pending_windows(np.full(5, 7, np.int32), start, 60, []).any()


_marks = st.builds(
    _mark, st.integers(0, 2), st.sampled_from([10, 60, 3600]), st.integers(-300, 300), st.integers(-300, 300),
    st.integers(-300, 300),
)  # fmt: skip
_windows = st.lists(st.tuples(st.integers(0, 3), st.integers(-10, 10)), max_size=30)


@given(_windows, st.sampled_from([10, 60, 86_400]), st.lists(_marks, max_size=12))
def test_pending_windows_are_those_that_a_slow_look_finds(
    windows: list[tuple[int, int]], step: int, marks: list[Mark]
) -> None:
    series, start = [s for s, _ in windows], [k * 30 * SECOND for _, k in windows]
    found = pending_windows(np.array(series, np.int32), np.array(start, np.int64), step, marks)

    assert found.tolist() == _slowly(series, start, step, marks)
