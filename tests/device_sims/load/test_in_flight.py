"""Packet ids come back when they are answered, in whatever order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.load.in_flight import IDS, InFlight


def _put(flight: InFlight, count: int, now: int = 7) -> list[int]:
    ids = flight.free_ids(count)
    numbers = np.arange(ids.start, ids.stop)
    flight.put(ids, np.stack((numbers, numbers * 10, numbers * 100), axis=1), now)
    return [int(number) for number in numbers]


def _answer(flight: InFlight, ids: list[int], reason: int = 0) -> tuple[list[int], int]:
    due, written, reasons, strays = flight.answered(np.array(ids), np.full(len(ids), reason))
    assert len(due) == len(written) == len(reasons)
    return (due // 10).tolist(), strays


def test_answers_in_order_and_out_of_it_free_the_ids() -> None:
    flight = InFlight()
    assert _put(flight, 6) == [1, 2, 3, 4, 5, 6]
    assert _answer(flight, [1, 2]) == ([1, 2], 0)
    assert _answer(flight, [6, 4]) == ([4, 6], 0)
    assert flight.count == 2
    assert flight.recall().tolist() == [[3, 30, 300], [5, 50, 500]]
    assert flight.count == 0


@pytest.mark.parametrize("ids", [[9], [1, 1], [1, 2, 3, 4], [0]])
def test_an_answer_to_nothing_or_a_second_one_is_a_stray(ids: list[int]) -> None:
    flight = InFlight()
    _put(flight, 2)
    found, strays = _answer(flight, ids)
    assert found == sorted({k for k in ids if k in (1, 2)})
    assert strays == len(ids) - len(found)
    assert flight.count == 2 - len(found)


def test_ids_go_round_and_stop_at_one_that_is_not_answered() -> None:
    flight = InFlight()
    assert len(_put(flight, IDS)) == IDS - 1, "0 is no packet id"
    assert flight.free_ids(10) == slice(1, 1)
    _answer(flight, [1, 2, 3, 5])
    assert _put(flight, 10) == [1, 2, 3]
    assert _put(flight, 10) == [], "4 is still in flight"


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 300), st.randoms(use_true_random=False)), max_size=20))
def test_what_is_put_is_answered_or_recalled_once(rounds: list[tuple[int, object]]) -> None:
    flight = InFlight()
    flying: set[int] = set()
    for count, random in rounds:
        flying |= set(_put(flight, count))
        some = random.sample(sorted(flying), len(flying) // 2)  # type: ignore[attr-defined]
        if some:
            found, strays = _answer(flight, some)
            assert (found, strays) == (sorted(some), 0) or found == some
        flying -= set(some)
        assert flight.count == len(flying)
    assert set(flight.recall()[:, 0].tolist()) == flying
