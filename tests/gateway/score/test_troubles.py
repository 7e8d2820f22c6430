"""Alarms against a script."""

from typing import Any

from gateway.score.troubles import Expected, Raised, alarms_of, score_troubles

S = 1_000_000_000
BURST = Expected("burst", 100 * S, 500 * S, "water.burst", "dma-1", "dma-1", 60 * S, 120 * S, also=("water.low",))


def _change(change: str, at: int, condition: str = "water.burst", asset: str = "dma-1") -> dict[str, Any]:
    return {
        "change": change,
        "at": at * S,
        "now": (at + 5) * S,
        "condition": condition,
        "asset": asset,
        "zone": "dma-1",
    }


def test_an_alarm_in_time_once_and_cleared_is_right() -> None:
    score = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", 150 * S, 610 * S)])

    (verdict,) = score.verdicts
    assert verdict.right
    assert verdict.delay_secs == 50
    assert score.wrong == []
    assert score.unexplained == []


def test_late_again_and_standing_are_told_apart() -> None:
    late = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", 161 * S, 600 * S)]).verdicts[0]
    twice = [Raised("water.burst", "dma-1", "dma-1", at * S, (at + 50) * S) for at in (120, 300)]
    again = score_troubles([BURST], twice).verdicts[0]
    stands = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", 120 * S)]).verdicts[0]

    assert (late.hit, late.once, late.cleared) == (False, True, True)
    assert (again.hit, again.once, again.cleared) == (True, False, True)
    assert (stands.hit, stands.once, stands.cleared) == (True, True, False)


def test_what_counts_is_when_an_operator_was_told() -> None:
    at, over = 110 * S, 510 * S
    in_time = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", at, over, 160 * S, 620 * S)])
    late = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", at, over, 161 * S, 620 * S)])
    lingers = score_troubles([BURST], [Raised("water.burst", "dma-1", "dma-1", at, over, 160 * S, 621 * S)])

    assert in_time.wrong == []
    assert (late.verdicts[0].hit, late.verdicts[0].delay_secs) == (False, 61)
    assert not lingers.verdicts[0].cleared


def test_what_a_run_that_was_cut_short_did_not_play_is_not_asked_for() -> None:
    stands = Raised("water.burst", "dma-1", "dma-1", 150 * S)

    before, during, whole = (score_troubles([BURST], [], until * S) for until in (159, 160, 620))
    assert (before.verdicts, before.unplayed) == ([], [BURST])
    assert [len(score.wrong) for score in (during, whole)] == [1, 1]
    assert [score_troubles([BURST], [stands], until * S).verdicts[0].right for until in (619, 620)] == [True, False]


def test_what_nobody_raised_is_missed() -> None:
    score = score_troubles([BURST], [])

    assert not score.verdicts[0].hit
    assert score.verdicts[0].delay_secs is None
    assert len(score.wrong) == 1


def test_consequences_are_explained_and_the_rest_is_not() -> None:
    low = Raised("water.low", "press-1", "dma-1", 200 * S, 600 * S)
    elsewhere = Raised("water.low", "press-9", "dma-9", 200 * S, 600 * S)
    before = Raised("water.burst", "dma-1", "dma-1", 99 * S, 99 * S)

    score = score_troubles([BURST], [low, elsewhere, before])

    assert score.unexplained == [elsewhere, before]


def test_the_expected_alarm_at_another_asset_is_a_consequence_only_if_it_came_in_its_place_too() -> None:
    neighbour = Raised("water.burst", "dma-1-north", "dma-1", 140 * S, 600 * S)
    own = Raised("water.burst", "dma-1", "dma-1", 150 * S, 600 * S)

    assert score_troubles([BURST], [neighbour, own]).unexplained == []
    astray = score_troubles([BURST], [neighbour])
    assert (len(astray.wrong), astray.unexplained) == (1, [neighbour])


def test_alarms_are_put_together_from_their_changes() -> None:
    changes = [
        _change("raised", 10), _change("level", 11), _change("acknowledged", 12), _change("returned", 20),
        _change("repeated", 30), _change("raised", 31), _change("returned", 40),
        _change("raised", 15, "gas.lel", "gas-1"),
    ]  # fmt: skip

    assert alarms_of(changes) == [
        Raised("water.burst", "dma-1", "dma-1", 10 * S, 20 * S, 15 * S, 25 * S),
        Raised("gas.lel", "gas-1", "dma-1", 15 * S, None, 20 * S),
        Raised("water.burst", "dma-1", "dma-1", 30 * S, 40 * S, 35 * S, 45 * S),
    ]
