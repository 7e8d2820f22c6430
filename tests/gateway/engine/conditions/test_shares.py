"""Rows that each rule judges: its series', in their order, whoever else wants them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.conditions.due import FAR, Due, Waiting, runs
from gateway.engine.conditions.shares import Shares
from processors.columns import AggregateBatch, ReadingBatch

WANTED = st.lists(st.frozensets(st.integers(0, 9)), max_size=5)


def _batch(series: list[int]) -> ReadingBatch:
    n = len(series)
    return ReadingBatch.of(
        series=series, ts=np.arange(n), value=np.arange(n) / 2, flag=np.ones(n), why=np.zeros(n)
    )  # fmt: skip


@given(wanted=WANTED, series=st.lists(st.integers(0, 99), max_size=40))
def test_each_rule_gets_the_rows_of_its_series_in_their_order(wanted: list[frozenset[int]], series: list[int]) -> None:
    shares, batch = Shares(), _batch(series)
    for rule, those in enumerate(wanted):
        shares.put(sorted(those), rule)
    got = shares.of(batch)
    for rule, those in enumerate(wanted):
        mine = np.isin(batch.series, list(those))
        assert (rule in got) == bool(mine.any())
        if rule in got:
            for name, column in got[rule].arrays().items():
                np.testing.assert_array_equal(column, batch.arrays()[name][mine])


def test_nothing_is_over_before_a_lane_of_those_that_wait_has_come_so_far() -> None:
    due, ends = Due(), np.array([50, 40, 50])
    assert not due.come(np.array([99]), lambda: ends)
    due.by([2, 1, 2])
    assert not due.come(np.array([99, 39, 39]), lambda: ends)
    assert due.come(np.array([0, 40, 0]), lambda: ends)
    due.add(20, np.array([1]))
    assert due.come(np.array([0, 20, 0]), lambda: ends)
    due.forget()
    assert not due.come(np.array([0, 20, 0]), lambda: ends)


def test_who_waits_for_several_lanes_waits_for_the_one_that_lags() -> None:
    waiting = Waiting()
    waiting.by([(0, 1), (1,), ()])
    waiting.put(0, 50)
    waiting.put(2, 50)
    assert waiting.lanes == [0, 1]
    assert waiting.over(np.array([60, 49])) == []
    assert waiting.over(np.array([60, 55])) == [(0, 55)]  # without a lane nothing is over by time
    waiting.put(0, FAR)
    assert waiting.over(np.array([60, 55])) == []


def test_windows_of_a_length_that_no_rule_of_their_series_asks_for_are_left_out() -> None:
    shares = Shares()
    shares.put([1], 0, [60])
    shares.put([1, 2], 1, [60, 900])
    shares.put([3], 2)
    blank = dict.fromkeys(AggregateBatch.DTYPES, np.zeros(6))
    batch = AggregateBatch.of(**(blank | {"series": [1, 1, 1, 2, 3, 3], "step": [10, 60, 900, 60, 10, 3600]}))
    got = {rule: mine.step.tolist() for rule, mine in shares.of(batch, batch.step).items()}
    assert got == {0: [60, 900], 1: [60, 900, 60], 2: [10, 3600]}  # 900 is there for the other rule of the series


def test_runs_are_equal_rows_side_by_side() -> None:
    of = np.array([3, 3, 5, 3])
    assert [of[part].tolist() for part in runs(of)] == [[3, 3], [5], [3]]
    assert runs(of[:0]) == []
