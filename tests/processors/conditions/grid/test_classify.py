import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.classify import DIP_CELLS, Kind, Lasting, classify

NAN = float("nan")


def named(
    residual: float, duration: float, sampling_secs: float = 0.0, frequency: float = 50.0
) -> tuple[str, str, str | None]:
    got = classify(np.array([residual]), np.array([duration]), sampling_secs, frequency=frequency)
    cell = int(got.cell[0])
    return Lasting(int(got.lasting[0])).name, Kind(int(got.kind[0])).name, DIP_CELLS[cell] if cell >= 0 else None


@pytest.mark.parametrize(
    ("residual", "duration", "lasting", "kind"),
    [
        (0.5, 0.01, "INSTANTANEOUS", "SAG"),
        (0.5, 0.6, "INSTANTANEOUS", "SAG"),
        (0.5, 0.61, "MOMENTARY", "SAG"),
        (0.5, 3.0, "MOMENTARY", "SAG"),
        (0.5, 3.01, "TEMPORARY", "SAG"),
        (0.5, 60.0, "TEMPORARY", "SAG"),
        (0.85, 60.01, "SUSTAINED", "UNDERVOLTAGE"),
        (0.1, 1.0, "MOMENTARY", "SAG"),
        (0.09, 1.0, "MOMENTARY", "INTERRUPTION"),
        (0.0, 30.0, "TEMPORARY", "INTERRUPTION"),
        (0.0, 3600.0, "SUSTAINED", "INTERRUPTION"),
        (1.3, 0.2, "INSTANTANEOUS", "SWELL"),
        (1.3, 2.0, "MOMENTARY", "SWELL"),
        (1.15, 20.0, "TEMPORARY", "SWELL"),
        (1.15, 120.0, "SUSTAINED", "OVERVOLTAGE"),
        (0.9, 1.0, "MOMENTARY", "NONE"),
        (1.1, 1.0, "MOMENTARY", "NONE"),
        (0.5, 0.009, "TRANSIENT", "SAG"),
    ],
)
def test_classes_of_ieee_1159(residual: float, duration: float, lasting: str, kind: str) -> None:
    assert named(residual, duration)[:2] == (lasting, kind)


@pytest.mark.parametrize(
    ("residual", "duration", "cell"),
    [
        (0.89, 0.01, "A1"),
        (0.8, 0.2, "A1"),
        (0.79, 0.21, "B2"),
        (0.7, 0.5, "B2"),
        (0.69, 0.51, "C3"),
        (0.4, 1.0, "C3"),
        (0.39, 1.01, "D4"),
        (0.05, 5.0, "D4"),
        (0.04, 5.01, "X5"),
        (0.0, 60.0, "X5"),
        (0.0, 60.01, None),
        (0.9, 1.0, None),
        (1.2, 1.0, None),
        (0.5, 0.009, None),
    ],
)
def test_cells_of_the_dip_table(residual: float, duration: float, cell: str | None) -> None:
    assert named(residual, duration)[2] == cell


def test_every_cell_can_be_reached_and_has_its_name() -> None:
    residual, duration = np.meshgrid([0.85, 0.75, 0.5, 0.2, 0.01], [0.1, 0.3, 0.7, 3.0, 30.0], indexing="ij")

    cell = classify(residual.ravel(), duration.ravel()).cell

    assert [DIP_CELLS[c] for c in cell] == [row + str(n) for row in "ABCDX" for n in range(1, 6)]


def test_readings_a_second_apart_claim_momentary_or_longer() -> None:
    assert named(0.5, 1.0, sampling_secs=1.0) == ("MOMENTARY_OR_LONGER", "SAG", None)
    assert named(0.5, 4.0, sampling_secs=1.0) == ("MOMENTARY_OR_LONGER", "SAG", "C4")
    assert named(0.5, 4.5, sampling_secs=1.0)[:2] == ("TEMPORARY", "SAG")
    assert named(0.5, 10.0, sampling_secs=1.0) == ("TEMPORARY", "SAG", "C5")
    assert named(0.85, 61.0, sampling_secs=1.0)[:2] == ("TEMPORARY", "SAG")
    assert named(0.85, 61.5, sampling_secs=1.0)[:2] == ("SUSTAINED", "UNDERVOLTAGE")


def test_a_cell_is_named_where_both_ends_of_a_coarse_length_lie_in_it() -> None:
    assert named(0.5, 3.0, sampling_secs=1.0)[2] == "C4"
    assert named(0.5, 1.9, sampling_secs=1.0)[2] is None
    assert named(0.5, 59.5, sampling_secs=1.0)[2] is None


def test_readings_of_ten_cycles_are_fine_enough() -> None:
    assert named(0.5, 0.4, sampling_secs=0.2)[:2] == ("INSTANTANEOUS", "SAG")


def test_cycles_are_shorter_at_60_hz() -> None:
    assert named(0.5, 0.55)[0] == "INSTANTANEOUS"
    assert named(0.5, 0.55, frequency=60.0)[0] == "MOMENTARY"


def test_one_lost_phase_of_three_is_a_sag_where_that_is_known() -> None:
    lost, length = np.array([0.0, 0.0]), np.array([1.0, 1.0])

    assert classify(lost, length).kind.tolist() == [Kind.INTERRUPTION] * 2
    got = classify(lost, length, interrupted=np.array([False, True]))
    assert got.kind.tolist() == [Kind.SAG, Kind.INTERRUPTION]
    assert got.cell.tolist() == [DIP_CELLS.index("X3")] * 2


def test_missing_depth_or_length_is_unknown_not_none() -> None:
    assert named(NAN, 1.0) == ("MOMENTARY", "UNKNOWN", None)
    assert named(0.5, NAN) == ("UNKNOWN", "SAG", None)
    assert named(0.5, NAN, sampling_secs=1.0) == ("UNKNOWN", "SAG", None)
    assert named(0.0, 0.0) == ("TRANSIENT", "INTERRUPTION", None)


def test_thresholds_may_differ_from_event_to_event() -> None:
    got = classify(np.array([0.93, 0.93]), np.array([1.0, 1.0]), sag=np.array([0.9, 0.95]))

    assert got.kind.tolist() == [Kind.NONE, Kind.SAG]
    assert got.cell.tolist() == [-1, -1]


def test_no_events_have_no_classes() -> None:
    assert [len(column) for column in classify(np.empty(0), np.empty(0))] == [0, 0, 0]


@given(st.floats(0, 2), st.floats(0.01, 200), st.floats(0, 30))
def test_coarse_readings_never_claim_more_than_fine_ones(residual: float, duration: float, sampling: float) -> None:
    """Whatever the true length within one interval of the measured one: the claim holds for it or names less."""
    coarse = classify(np.array([residual]), np.array([duration]), sampling)
    true = classify(np.array([residual]), np.array([duration + sampling * 0.999]))

    if sampling > 0.6:
        assert coarse.lasting[0] in (Lasting.MOMENTARY_OR_LONGER, Lasting.TEMPORARY, Lasting.SUSTAINED)
        assert coarse.lasting[0] <= true.lasting[0] or coarse.lasting[0] == Lasting.MOMENTARY_OR_LONGER
        if coarse.cell[0] >= 0:
            assert coarse.cell[0] == true.cell[0]
