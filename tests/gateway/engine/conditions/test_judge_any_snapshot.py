"""Every kind of condition in one city: an engine goes on from a pickled snapshot as if nothing had been."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.journal.blocks import encode
from tests.support.every_kind import Cuts, played
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
