"""Halving down to the lines that are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.stores.refusals import TooManyRefusals, bisect


class MemoryDatabase:
    """Takes all lines of a request or, as a 400 does, none of them."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.stored: set[int] = set()
        self.requests = 0

    def attempt(self, lines: NDArray[np.int64]) -> str | None:
        self.requests += 1
        wrong = self.bad & set(lines.tolist())
        if wrong:
            return f"line {min(wrong)} is bad"
        self.stored |= set(lines.tolist())
        return None


@given(st.integers(0, 200), st.sets(st.integers(0, 199), max_size=12), st.booleans())
def test_the_bad_lines_are_found_and_the_rest_is_stored(count: int, bad: set[int], sent_before: bool) -> None:
    bad = {line for line in bad if line < count}
    database = MemoryDatabase(bad)
    known = "something is bad" if sent_before and bad else None
    refused = bisect(np.arange(count), database.attempt, 10_000, known)
    assert [line.line for line in refused] == sorted(bad)
    assert database.stored == set(range(count)) - bad


def test_each_line_has_the_words_that_it_got_alone() -> None:
    refused = bisect(np.arange(9), MemoryDatabase({2, 7}).attempt, 100)
    assert [line.detail for line in refused] == ["line 2 is bad", "line 7 is bad"]


def test_one_bad_line_among_many_costs_few_requests() -> None:
    database = MemoryDatabase({617})
    bisect(np.arange(1024), database.attempt, 100, "known")
    assert database.requests == 20


def test_a_single_line_that_is_known_to_be_bad_is_not_sent_again() -> None:
    database = MemoryDatabase({5})
    assert bisect(np.array([5]), database.attempt, 0, "bad")[0].detail == "bad"
    assert database.requests == 0


def test_the_bound_on_requests_holds() -> None:
    database = MemoryDatabase(set(range(100)))
    with pytest.raises(TooManyRefusals):
        bisect(np.arange(100), database.attempt, 50)
    assert database.requests == 50
