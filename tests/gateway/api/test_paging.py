"""Cursors: what comes back is what went out, and nothing else is taken for one."""

import base64
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.paging import Place, after_of, cursor_at, paged
from gateway.api.problems import Problem


@given(st.integers(-(1 << 62), 1 << 62), st.text(max_size=300))
def test_a_place_comes_back_as_it_was(number: int, name: str) -> None:
    assert after_of(cursor_at((number, name)), int, str) == (number, name)


def test_a_page_knows_whether_there_are_more() -> None:
    assert paged([1, 2, 3], 3, lambda row: (row,)) == ([1, 2, 3], None)
    rows, cursor = paged([1, 2, 3], 2, lambda row: (row,))
    assert rows == [1, 2]
    assert cursor is not None
    assert after_of(cursor, int) == (2,)
    assert after_of("", int) == ()


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    place: Place = ()
    with suppress(Problem):
        place = after_of(text, int, str)
    assert place == () or (isinstance(place[0], int) and isinstance(place[1], str))


@pytest.mark.parametrize(
    "place", [(1,), ("a", 1), (1 << 63, "a"), (1, "a" * 301), (1, "a", 2), ([1], "a"), (None, "a")]
)
def test_a_place_of_another_list_is_refused(place: object) -> None:
    word = base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")
    with pytest.raises(Problem):
        after_of(word, int, str)
