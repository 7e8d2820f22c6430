import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.usual_loss import LossVerdict, UsualLoss

NAN = float("nan")


def made(n: int = 1, days: int = 7, slots: int = 24) -> UsualLoss:
    usual = UsualLoss(days, slots)
    usual.grow(n)
    return usual


def see(
    usual: UsualLoss, losses: list[float], feeder: int = 0, slot: int = 0, k: float = 3.0, windows: int = 3
) -> list[LossVerdict]:
    return [
        usual.observe(np.array([feeder]), np.array([slot]), np.array([loss]), k=k, windows=windows, floor=0.5, least=3)
        for loss in losses
    ]


def suspects(verdicts: list[LossVerdict]) -> list[bool]:
    return [bool(one.suspect[0]) for one in verdicts]


def test_three_windows_far_above_usual_in_a_row_are_suspect() -> None:
    usual = made()
    see(usual, [4.0, 4.5, 5.0])

    got = see(usual, [6.0, 8.1, 9.0, 8.2, 8.3, 8.1, 4.0])

    assert [int(one.windows[0]) for one in got] == [0, 1, 2, 3, 4, 5, 0]
    assert suspects(got) == [False, False, False, True, True, True, False]


def test_the_distance_is_told_in_robust_deviations() -> None:
    usual = made()
    see(usual, [2.0, 4.0, 6.0])

    (got,) = see(usual, [4.0 + 2 * 1.4826 * 2.0])

    np.testing.assert_allclose([got.usual[0], got.deviation[0]], [4.0, 2.0])


def test_a_quiet_feeder_has_the_smallest_spread() -> None:
    usual = made()
    see(usual, [4.0, 4.0, 4.0])

    (got,) = see(usual, [5.0])

    np.testing.assert_allclose(got.deviation[0], 2.0)


def test_nothing_is_judged_before_enough_days_are_known() -> None:
    got = see(made(), [4.0, 50.0, NAN, 4.0])

    assert np.isnan([[one.usual[0], one.deviation[0]] for one in got]).all()
    assert suspects(got) == [False] * 4


def test_hours_are_apart() -> None:
    usual = made()
    see(usual, [4.0, 4.0, 4.0], slot=3)

    assert np.isnan(see(usual, [20.0], slot=4)[0].deviation[0])
    assert see(usual, [20.0], slot=3)[0].deviation[0] > 3


def test_windows_in_a_row_go_on_from_hour_to_hour() -> None:
    usual = made()
    for slot in range(3):
        see(usual, [4.0, 4.0, 4.0], slot=slot)

    got = [see(usual, [9.0], slot=slot)[0] for slot in range(3)]

    assert suspects(got) == [False, False, True]


def test_a_window_without_a_figure_neither_adds_nor_breaks() -> None:
    usual = made()
    see(usual, [4.0, 4.0, 4.0])

    got = see(usual, [9.0, 9.0, NAN, 9.0, NAN, 4.0, NAN])

    assert [int(one.windows[0]) for one in got] == [1, 2, 2, 3, 3, 0, 0]
    assert suspects(got) == [False, False, False, True, True, False, False]


def test_a_lasting_theft_never_becomes_usual_until_somebody_says_so() -> None:
    usual = made()
    see(usual, [4.0, 4.2, 4.1])

    got = see(usual, [12.0] * 50)

    assert suspects(got)[2:] == [True] * 48
    usual.forget(np.array([0]))
    assert suspects(see(usual, [12.0] * 10)) == [False] * 10


def test_less_loss_than_usual_is_not_suspect_and_is_learned() -> None:
    usual = made(days=3)
    see(usual, [4.0, 4.0, 4.0])

    got = see(usual, [1.0, 1.0, 1.0, 1.0])

    assert suspects(got) == [False] * 4
    assert [float(one.usual[0]) for one in got] == [4.0, 4.0, 1.0, 1.0]


def test_only_the_last_days_make_the_usual_loss() -> None:
    usual = made(days=3)
    see(usual, [4.0, 5.0, 5.5, 6.0])

    assert see(usual, [5.0])[0].usual[0] == 5.5


def test_a_feeder_comes_once_a_call() -> None:
    twice = np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="once"):
        made().observe(twice, twice, np.zeros(2), k=3.0, windows=3, floor=0.5, least=3)


@pytest.mark.parametrize(("windows", "floor", "least"), [(0, 0.5, 3), (3, 0.0, 3), (3, 0.5, 0)])
def test_settings_that_mean_nothing_are_refused(windows: int, floor: float, least: int) -> None:
    zero = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="floor"):
        made().observe(zero, zero, np.zeros(1), k=3.0, windows=windows, floor=floor, least=least)


@pytest.mark.parametrize(("days", "slots"), [(0, 24), (256, 24), (7, 0)])
def test_sizes_that_mean_nothing_are_refused(days: int, slots: int) -> None:
    with pytest.raises(ValueError, match="days"):
        UsualLoss(days, slots)


def test_state_is_small_and_new_feeders_know_nothing() -> None:
    usual = made(10, days=14)
    see(usual, [4.0, 4.0, 4.0], feeder=9)

    usual.grow(20)

    assert len(usual) == 20
    assert sum(column.nbytes for column in usual.snapshot().values()) == 20 * (24 * 14 * 4 + 24 + 2)
    assert see(usual, [20.0], feeder=9)[0].deviation[0] > 3
    assert np.isnan(see(usual, [20.0], feeder=19)[0].deviation[0])


def test_a_snapshot_is_a_copy() -> None:
    usual = made()
    state = usual.snapshot()

    see(usual, [4.0])

    assert np.isnan(state["history"]).all()


losses = st.one_of(st.integers(0, 40).map(lambda n: n / 4), st.just(NAN))


@given(st.lists(st.lists(losses, min_size=3, max_size=3), max_size=25), st.data())
def test_verdicts_are_those_of_a_plain_list_of_days_however_feeders_are_split(
    windows: list[list[float]], data: st.DataObject
) -> None:
    usual, slots, days = made(3, days=4, slots=2), 2, 4
    past: dict[tuple[int, int], list[float]] = {(f, s): [] for f in range(3) for s in range(slots)}
    row = [0, 0, 0]
    for number, loss in enumerate(windows):
        slot = number % slots
        cut = data.draw(st.integers(0, 3), label="feeders of the first call")
        got: list[tuple[float, int, bool]] = []
        for part in (range(cut), range(cut, 3)):
            feeder = np.array(part, np.int64)
            v = usual.observe(
                feeder, np.full(len(feeder), slot), np.array(loss)[feeder], k=2.0, windows=2, floor=0.25, least=2
            )
            got += zip(v.deviation.tolist(), v.windows.tolist(), v.suspect.tolist(), strict=True)
            if data.draw(st.booleans(), label="snapshot"):
                usual = UsualLoss.restore(usual.snapshot())
        for f, (deviation, in_row, suspect) in enumerate(got):
            known = past[f, slot][-days:]
            want = NAN
            if len(known) >= 2 and not math.isnan(loss[f]):
                spread = max(1.4826 * median(abs(v - median(known)) for v in known), 0.25)
                want = (loss[f] - median(known)) / spread
            np.testing.assert_allclose(deviation, want, atol=1e-12)
            row[f] = row[f] if math.isnan(want) else row[f] + 1 if want > 2 else 0
            assert (in_row, suspect) == (row[f], row[f] >= 2)
            if not math.isnan(loss[f]) and not want > 2:
                past[f, slot].append(loss[f])
