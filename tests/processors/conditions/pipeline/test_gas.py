"""
       t   0    10    20    30     40          group 0: detectors 0, 1, 2; validity 30 s
D0         0          2
D1              2
D2                           0 (NaN at 40)
confirmed  -    0     2     2      2
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.gas import GasVotes, GasVoting
from tests.processors.conditions.pipeline.support import Arrays, S, in_pieces, same

NAN = float("nan")


def _columns(votes: GasVotes) -> Arrays:
    return votes.group, votes.ts, votes.level, votes.highest, votes.voters


def _voting(groups: list[int], validity: int = 30 * S) -> GasVoting:
    voting = GasVoting(validity)
    voting.grow(np.array(groups, np.int32))
    return voting


def _feed(voting: GasVoting, rows: list[tuple[int, int, int]]) -> GasVotes:
    return voting.update(
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * S for r in rows], np.int64),
        np.array([r[2] for r in rows], np.int8),
    )


def test_two_of_three_must_reach_a_level() -> None:
    votes = _feed(_voting([0, 0, 0]), [(0, 0, 0), (1, 10, 2), (0, 20, 3), (2, 30, 0)])

    assert votes.level.tolist() == [-1, 0, 2, 2]
    assert votes.highest.tolist() == [0, 2, 3, 3]
    assert votes.voters.tolist() == [1, 2, 2, 3]


@pytest.mark.parametrize("groups", [[0], [0, 0]])
def test_one_of_one_or_two_is_enough(groups: list[int]) -> None:
    votes = _feed(_voting(groups), [(0, 0, 2)])

    assert votes.level.tolist() == [2]


def test_a_stale_detector_does_not_vote() -> None:
    voting = _voting([0, 0, 0])
    votes = _feed(voting, [(0, 0, 2), (1, 30, 2), (2, 31, 0)])

    assert votes.level.tolist() == [-1, 2, 0]
    assert votes.voters.tolist() == [1, 2, 2]
    assert [voting.at(s * S).level.tolist() for s in (31, 60, 61, 62)] == [[0], [0], [-1], [-1]]
    assert voting.at(62 * S).highest.tolist() == [-1]


def test_a_missing_value_takes_the_vote_away() -> None:
    votes = _feed(_voting([0, 0, 0]), [(0, 0, 2), (1, 1, 2), (1, 2, -1), (2, 3, 2)])

    assert votes.level.tolist() == [-1, 2, -1, 2]


def test_a_late_reading_changes_no_vote() -> None:
    votes = _feed(_voting([0]), [(0, 10, 0), (0, 9, 3), (0, 10, 3)])

    assert votes.level.tolist() == [0, 0, 0]
    assert votes.ts.tolist() == [10 * S] * 3


def test_a_group_never_heard_of_is_unknown_not_calm() -> None:
    assert _voting([0, 1, 1, 1]).at(0).level.tolist() == [-1, -1]


def test_groups_do_not_mix() -> None:
    votes = _feed(_voting([1, 0, 1, 1]), [(0, 0, 3), (1, 0, 1), (2, 0, 3), (3, 0, 0)])

    assert votes.group.tolist() == [1, 0, 1, 1]
    assert votes.level.tolist() == [-1, 1, 3, 3]


def test_detectors_may_join_a_group_but_not_change_it() -> None:
    voting = _voting([0, 0])
    _feed(voting, [(0, 0, 1), (1, 0, 3)])
    voting.grow(np.array([0, 0, 0], np.int32))

    assert voting.at(0).level.tolist() == [1]
    with pytest.raises(ValueError, match="stays in its group"):
        voting.grow(np.array([0, 1, 0], np.int32))


def test_no_readings_give_no_votes() -> None:
    assert len(_feed(_voting([0, 0, 0]), []).level) == 0
    assert len(GasVoting(S).at(0).level) == 0


GROUPS = [0, 2, 0, 1, 0, 2, 0]
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 90), st.integers(-1, 3)), max_size=30)


def _plain(rows: list[tuple[int, int, int]]) -> list[list[int]]:
    last: dict[int, tuple[int, int]] = {}
    newest: dict[int, int] = {}
    out = []
    for who, ts, level in rows:
        of = GROUPS[who]
        newest[of] = max(newest.get(of, ts), ts)
        if who not in last or ts > last[who][0]:
            last[who] = (ts, level)
        members = [k for k, g in enumerate(GROUPS) if g == of]
        votes = sorted(
            (last[k][1] for k in members if k in last and last[k][1] >= 0 and newest[of] - last[k][0] <= 30),
            reverse=True,
        )
        confirmed = [*votes, -1, -1][1 if len(members) >= 3 else 0]
        out.append([of, newest[of] * S, confirmed, votes[0] if votes else -1, len(votes)])
    return out


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 30), max_size=4))
def test_votes_are_those_of_a_plain_loop_however_the_readings_are_split(
    rows: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * S for r in rows], np.int64),
        np.array([r[2] for r in rows], np.int8),
    )
    whole = _columns(_feed(_voting(GROUPS), rows))

    split = in_pieces(
        _voting(GROUPS), lambda: GasVoting(30 * S), lambda v, part: _columns(v.update(*part)), columns, cuts
    )

    same(whole, split)
    assert [list(row) for row in zip(*(c.tolist() for c in whole), strict=True)] == _plain(rows)
