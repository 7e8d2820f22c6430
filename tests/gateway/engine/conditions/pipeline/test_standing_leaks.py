"""When a leak that was raised is over."""

import numpy as np
import pytest

from gateway.engine.conditions.pipeline.standing_leaks import StandingLeaks
from processors.detectors.leak import LeakSettings, StepKind

LEAK, REPAIR = int(StepKind.LEAK), int(StepKind.REPAIR)
Night = tuple[float, tuple[int, float] | None]
CALM = (10.0, None)


def _made(areas: int = 1, new_usual: int = 30) -> StandingLeaks:
    made = StandingLeaks(LeakSettings(), new_usual)
    made.grow(areas)
    return made


def _stands(nights: list[Night], new_usual: int = 30) -> list[float]:
    made = _made(new_usual=new_usual)
    return [made.night(0, flow, event, 1.0) for flow, event in nights]


def test_it_stands_with_its_flow_until_the_repair() -> None:
    assert _stands([CALM, (22.0, (LEAK, 12.0)), (22.0, None), (10.0, (REPAIR, -11.0)), CALM]) == [0, 12, 12, 0, 0]


def test_a_second_one_adds_and_its_repair_leaves_the_first() -> None:
    nights: list[Night] = [(22.0, (LEAK, 12.0)), (52.0, (LEAK, 30.0)), (22.0, (REPAIR, -30.0)), (10.0, (REPAIR, -12.0))]

    assert _stands(nights) == [12, 42, 12, 0]


@pytest.mark.parametrize(("left", "over"), [(7.5, True), (7.6, False)])
def test_a_repair_that_leaves_a_quarter_ends_it(left: float, over: bool) -> None:
    """Estimates differ: a quarter of 30 m3/h, or three floors where that is more."""
    stands = _stands([(40.0, (LEAK, 30.0)), (10.0 + left, (REPAIR, left - 30.0))])

    assert (stands[-1] == 0) is over


def test_two_nights_near_the_flow_before_it_end_it_without_a_repair() -> None:
    assert _stands([(22.0, (LEAK, 12.0)), (12.0, None), (22.0, None), (12.9, None), (11.0, None)])[-2:] == [12, 0]


def test_after_so_many_nights_without_a_rise_it_is_the_usual_flow() -> None:
    high: Night = (22.0, None)

    assert _stands([(22.0, (LEAK, 12.0)), high, high, (34.0, (LEAK, 12.0)), high, high, high], 3) == [
        12, 12, 12, 24, 24, 24, 0
    ]  # fmt: skip


def test_a_repair_without_a_leak_is_nothing() -> None:
    assert _stands([CALM, (4.0, (REPAIR, -6.0)), (10.0, (LEAK, 6.0))]) == [0, 0, 6]


def test_a_snapshot_goes_on_and_areas_are_apart() -> None:
    made = _made(2)
    made.night(1, 22.0, (LEAK, 12.0), 1.0)
    other = _made(2)
    other.restore(made.snapshot())

    assert [other.night(1, 22.0, None, 1.0), other.night(0, 10.0, None, 1.0)] == [12, 0]
    assert np.array_equal(made.snapshot()["flow"], [0.0, 12.0])
