"""Every kind of condition in one city: an engine goes on from a pickled snapshot as if nothing had been."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.journal.blocks import encode
from tests.support.aliasing import shared_parts
from tests.support.engine import SECOND, START
from tests.support.every_kind import Cuts, engine_of_every_kind, played
from tests.support.every_kind_rows import CALLS, rows_of_every_kind

_CUTS = st.lists(
    st.lists(st.integers(1, 999), max_size=3).map(sorted), min_size=len(CALLS), max_size=len(CALLS)
)  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), _CUTS)
@example(2, [list(range(20, 1000, 90))] * len(CALLS))
def test_from_a_snapshot_at_any_cut_an_engine_goes_on_to_the_same_bytes(seed: int, cuts: Cuts) -> None:
    calls = rows_of_every_kind(seed)
    through = [encode(result) for result in played(calls, cuts)]

    assert [encode(result) for result in played(calls, cuts, restarts=True)] == through


def test_a_snapshot_shares_nothing_that_the_next_call_changes_while_it_is_written() -> None:
    made = engine_of_every_kind()
    for rows, now in zip(rows_of_every_kind(2), CALLS, strict=True):
        made.step(rows, START + now * SECOND, True)

        assert shared_parts(made.snapshot(), made) == []
