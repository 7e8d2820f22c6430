"""When a commit waits for more messages, and when it must not."""

import pytest

from gateway.runtime.gathering import ENOUGH_ROWS, GATHER_SECS, OTHERS_SECS, Gathering


@pytest.fixture
def busy() -> Gathering:
    """Under load: 100 rows in the last millisecond."""
    made = Gathering()
    made.committed(1.0, 1)
    made.committed(1.001, 100)
    return made


def test_a_quiet_inbox_commits_at_once() -> None:
    gathering = Gathering()
    gathering.committed(1.0, 1)
    gathering.committed(2.0, 1)
    gathering.came(0, 1)

    assert gathering.due_at(2.5, 1, {0: 1}) == 2.5


def test_under_load_rows_wait_for_more_but_not_for_long(busy: Gathering) -> None:
    busy.came(0, 500)

    assert busy.due_at(2.0, 40, {0: 40}) == pytest.approx(2.0 + GATHER_SECS)


def test_enough_rows_wait_for_nothing(busy: Gathering) -> None:
    busy.came(0, 60_000)

    assert busy.due_at(2.0, ENOUGH_ROWS, {0: ENOUGH_ROWS}) == 2.0


def test_a_broker_that_is_at_its_window_is_not_kept_waiting(busy: Gathering) -> None:
    busy.came(0, 20)

    assert busy.due_at(2.0, 19, {0: 19}) > 2.0
    assert busy.due_at(2.0, 20, {0: 20}) == 2.0


def test_a_window_that_shrank_costs_a_few_waits(busy: Gathering) -> None:
    busy.came(0, 1000)
    for _ in range(3):
        assert busy.due_at(2.0, 20, {0: 20}) == pytest.approx(2.0 + GATHER_SECS)
        busy.waited({0: 20})

    assert busy.due_at(3.0, 20, {0: 20}) == 3.0


def test_waits_that_end_with_different_numbers_say_nothing_of_a_window(busy: Gathering) -> None:
    busy.came(0, 40)
    for number in (20, 21, 20, 22, 20, 20, 19):
        busy.waited({0: number})

    assert busy.due_at(3.0, 22, {0: 22}) == pytest.approx(3.0 + GATHER_SECS)
    assert busy.due_at(3.0, 40, {0: 40}) == 3.0


def test_a_full_connection_waits_a_moment_for_the_others(busy: Gathering) -> None:
    for source in (0, 1):
        busy.came(source, 100)

    assert busy.due_at(2.0, 150, {0: 100, 1: 50}) == pytest.approx(2.0 + OTHERS_SECS)
    assert busy.due_at(2.0, 200, {0: 100, 1: 100}) == 2.0


def test_a_connection_that_fell_silent_is_forgotten(busy: Gathering) -> None:
    for source in (0, 1):
        busy.came(source, 100)

    for _ in range(3):
        assert busy.due_at(2.0, 100, {0: 100}) == pytest.approx(2.0 + OTHERS_SECS)
        busy.waited({0: 100})

    assert busy.due_at(2.0, 100, {0: 100}) == 2.0


def test_messages_without_acknowledgement_fill_no_window(busy: Gathering) -> None:
    busy.came(0, 0)

    assert busy.due_at(2.0, 10, {0: 0}) == pytest.approx(2.0 + GATHER_SECS)


def test_load_that_ends_is_noticed(busy: Gathering) -> None:
    busy.committed(2.0, 3)

    assert busy.due_at(2.5, 1, {0: 1}) == 2.5
