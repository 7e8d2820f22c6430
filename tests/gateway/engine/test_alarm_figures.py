"""How well the alarm system does: alarms in ten minutes, floods, the most frequent, the chattering."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.alarm_figures import FLOOD, AlarmFigures

S = 1_000_000_000


def _figures(*raises: tuple[int, float], kept: int = 10_000) -> AlarmFigures:
    figures = AlarmFigures(kept)
    for key, at in raises:
        figures.raised(key, round(at * S))
    return figures


def test_nothing_was_announced() -> None:
    figures = AlarmFigures()

    assert figures.in_ten_minutes(S) == 0
    assert not figures.is_flood(S)
    assert figures.top(S, S) == []
    assert figures.chattering(S, S) == []


def test_the_last_ten_minutes_begin_ten_minutes_ago_exclusive() -> None:
    figures = _figures((1, 100), (2, 101), (3, 699))

    assert figures.in_ten_minutes(700 * S) == 2


def test_more_than_ten_in_ten_minutes_are_a_flood() -> None:
    assert not _figures(*((k, k) for k in range(FLOOD))).is_flood(60 * S)
    assert _figures(*((k, k) for k in range(FLOOD + 1))).is_flood(60 * S)


def test_the_most_frequent_come_first_and_equals_by_key() -> None:
    figures = _figures((5, 10), (2, 11), (5, 12), (1, 13), (9, 1))

    assert figures.top(14 * S, 10 * S) == [(5, 2), (1, 1), (2, 1)]
    assert figures.top(14 * S, 10 * S, most=1) == [(5, 2)]


def test_three_times_within_a_minute_chatter() -> None:
    figures = _figures((1, 0), (1, 30), (1, 60), (2, 0), (2, 30), (2, 61), (3, 0), (3, 1))

    assert figures.chattering(61 * S, 3600 * S) == [1]
    assert figures.chattering(61 * S, 40 * S) == []


@given(st.permutations([(1, 0), (1, 500), (1, 59), (1, 30), (2, 0), (3, 900)]))
def test_the_order_in_which_they_came_does_not_show(raises: list[tuple[int, float]]) -> None:
    figures = _figures(*raises, kept=4)

    assert figures.snapshot() == [[30 * S, 1], [59 * S, 1], [500 * S, 1], [900 * S, 3]]


def test_memory_is_bounded_and_the_newest_are_kept() -> None:
    figures = _figures(*((0, t) for t in range(12_000)))

    assert len(figures.snapshot()) == 10_000
    assert figures.in_ten_minutes(12_000 * S) == 599


def test_restore_goes_on_as_if_nothing_had_been() -> None:
    raises = [(k % 3, k * 7 % 100) for k in range(50)]
    figures = _figures(*raises[:25])
    restored = AlarmFigures.restore(figures.snapshot())
    for key, at in raises[25:]:
        restored.raised(key, at * S)

    assert restored.snapshot() == _figures(*raises).snapshot()
