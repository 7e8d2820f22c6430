"""The newest blocks come from memory, and are what the file has."""

import numpy as np

from gateway.engine.results import StepResult
from gateway.journal.recent_blocks import RecentBlocks
from processors.columns import ReadingBatch


def _result(readings: int) -> StepResult:
    return StepResult(
        readings=ReadingBatch.of(
            series=np.arange(readings), ts=np.arange(readings), value=np.ones(readings),
            flag=np.ones(readings), why=np.zeros(readings),
        )
    )  # fmt: skip


def _blocks(sizes: list[int], most_bytes: int = 1000) -> RecentBlocks:
    recent = RecentBlocks(most_bytes)
    for position, readings in enumerate(sizes, start=11):
        recent.put(position, 100, _result(readings))
    return recent


def _positions(recent: RecentBlocks, after: int, max_readings: int = 100, max_bytes: int = 10_000) -> list[int]:
    return [position for position, _ in recent.after(after, max_readings, max_bytes)]


def test_blocks_come_in_order_from_where_they_are_wanted() -> None:
    recent = _blocks([1, 2, 3])

    assert _positions(recent, 10) == [11, 12, 13]
    assert [len(result.readings) for _, result in recent.after(11, 100, 10_000)] == [2, 3]
    assert _positions(recent, 13) == []


def test_the_bound_on_readings_holds_but_for_the_first() -> None:
    recent = _blocks([5, 3, 2, 9])

    assert _positions(recent, 10, 8) == [11, 12]
    assert _positions(recent, 13, 1) == [14]


def test_the_bound_on_bytes_holds_but_for_the_first() -> None:
    recent = _blocks([1, 1, 1, 1])

    assert _positions(recent, 10, max_bytes=299) == [11, 12]
    assert _positions(recent, 12, max_bytes=1) == [13]


def test_what_is_forgotten_is_left_to_the_file() -> None:
    recent = _blocks([1, 1, 1])
    recent.forget(12)

    assert _positions(recent, 11) == []
    assert _positions(recent, 12) == [13]


def test_older_ones_are_forgotten_and_left_to_the_file() -> None:
    recent = _blocks([1] * 5, most_bytes=300)

    assert _positions(recent, 12) == [13, 14, 15]
    assert _positions(recent, 11) == [], "there is a gap: the file must be asked"


def test_a_block_larger_than_the_bound_is_left_to_the_file() -> None:
    recent = _blocks([1], most_bytes=50)

    assert _positions(recent, 10) == []


def test_nothing_is_here_after_a_start() -> None:
    assert RecentBlocks(1000).after(0, 100, 10_000) == []
