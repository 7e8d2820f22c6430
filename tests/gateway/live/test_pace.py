"""How many devices are told of in a second, however turns fall."""

import pytest

from gateway.live.pace import Pace


@pytest.mark.parametrize("per_second", [1, 5, 30, 70, 200, 5_000])
@pytest.mark.parametrize("spacing", [0.05, 0.07, 0.013])
def test_in_the_long_run_it_is_what_was_asked_for(per_second: int, spacing: float) -> None:
    pace = Pace(per_second, 0.05)
    turns = round(60 / spacing)
    told = sum(pace.take(k * spacing) for k in range(turns))
    assert told == pytest.approx(60 * per_second, rel=0.04, abs=2)


def test_a_long_quiet_saves_up_for_two_turns_only() -> None:
    pace = Pace(200, 0.05)
    assert pace.take(0.0) == 10
    assert pace.take(3600.0) == 20
    assert pace.take(3600.05) == 10


def test_one_a_minute_is_told_of_once_a_minute() -> None:
    pace = Pace(1 / 60, 0.05)
    assert [k for k in range(200) if pace.take(float(k))] == [0, 60, 120, 180]
