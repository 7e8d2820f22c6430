"""Which gaps in a node's numbers somebody who counts them sees, and which of them a request ends."""

from device_sims.edge.gaps import Gaps


def test_a_gap_is_seen_by_the_next_number_and_ended_by_births_that_were_asked_for() -> None:
    gaps = Gaps()
    gaps.arrive()
    gaps.lose()
    assert (gaps.lost, gaps.gaps) == (1, 0)

    gaps.arrive()
    gaps.born(asked=True)

    assert (gaps.missing, gaps.gaps, gaps.answered, gaps.moot, gaps.unasked) == (1, 1, 1, 0, 0)


def test_what_is_lost_while_a_gap_stands_belongs_to_it() -> None:
    gaps = Gaps()
    for _ in range(3):
        gaps.lose()
        gaps.arrive()
    gaps.born(asked=True)

    assert (gaps.lost, gaps.missing, gaps.gaps, gaps.answered) == (3, 3, 1, 1)


def test_a_loss_that_no_number_follows_is_seen_by_nobody() -> None:
    gaps = Gaps()
    gaps.lose()
    gaps.gone()
    gaps.born(asked=False)
    gaps.arrive()

    assert (gaps.lost, gaps.missing, gaps.gaps, gaps.moot) == (1, 0, 0, 0)


def test_a_gap_that_a_cut_ends_may_have_been_asked_for_or_not() -> None:
    gaps = Gaps()
    gaps.lose()
    gaps.arrive()
    gaps.gone()
    gaps.born(asked=False)

    assert (gaps.gaps, gaps.answered, gaps.moot) == (1, 0, 1)


def test_a_request_without_a_gap_is_told() -> None:
    gaps = Gaps()
    gaps.born(asked=True)

    assert (gaps.unasked, gaps.answered) == (1, 0)
