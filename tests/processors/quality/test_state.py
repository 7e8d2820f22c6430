import numpy as np

from processors.quality.state import AskedState, State

SPEC = {"a": ("int64", 0, -1), "b": ("float64", 2, np.nan)}


def test_new_rows_hold_what_the_spec_says_and_old_ones_stay() -> None:
    state = State(SPEC)
    state.grow(2)
    state["a"][:] = [5, 6]
    state.grow(1000)
    state.grow(3)

    assert [len(state), state["a"][:4].tolist(), state["b"].shape] == [1000, [5, 6, -1, -1], (1000, 2)]
    assert np.isnan(state["b"]).all()
    assert state.row_bytes == 24


def test_a_snapshot_is_a_copy_that_can_be_gone_back_to() -> None:
    state = State(SPEC)
    state.grow(2)
    kept = state.snapshot()
    state["a"][0] = 7
    state.grow(5)
    state.restore(kept)
    kept["a"][1] = 8

    assert state["a"].tolist() == [-1, -1]


def test_only_series_that_ask_have_a_row() -> None:
    state = AskedState(SPEC)
    state.grow(4)
    state.ask(np.array([2]))
    state.ask(np.array([0, 2]))
    again = AskedState(SPEC)
    again.restore(state.snapshot())

    for held in (state, again):
        assert held.slot(np.arange(4, dtype=np.int32)).tolist() == [1, -1, 0, -1]
        assert len(held.rows) == 2
