"""Quality checks in the engine: flags of readings, rewrites of stored ones, and windows that follow."""

from typing import Any

import numpy as np
import pytest

from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from processors.flags import Flag, Why
from tests.support.engine import LOOP_PROFILE, SECOND, START, content, engine, loop

MINUTE = 60 * SECOND


def _profile(**checks: Any) -> dict[str, Any]:
    speed = {**LOOP_PROFILE["fields"]["speed"], "checks": checks}
    return {**LOOP_PROFILE, "fields": {**LOOP_PROFILE["fields"], "speed": speed}}


def _sent(made: ZoneEngine, *speeds: float | None, first: int = 0, every: int = 10 * SECOND) -> list[StepResult]:
    """One call a message."""
    out = []
    for k, speed in enumerate(speeds, first):
        out.append(made.step([loop("d", k * every, speed)], START + k * every, live=True))
    return out


def _flags(results: list[StepResult]) -> list[int]:
    return [int(flag) for result in results for flag in result.readings.flag]


def test_a_jump_is_flagged_at_once_with_its_reason() -> None:
    made = engine(content([_profile(rate_of_change=[2.0, 5.0])]))

    results = _sent(made, 50.0, 55.0, 85.0, 20.0)

    assert _flags(results) == [Flag.GOOD, Flag.GOOD, Flag.SUSPECT, Flag.FAIL]
    assert [int(result.readings.why[0]) for result in results[1:]] == [
        0, Why.RATE_OF_CHANGE, Why.RATE_OF_CHANGE,
    ]  # fmt: skip


def test_a_spike_is_told_when_the_next_reading_comes_and_leaves_its_window() -> None:
    #  50   50   120   50   50        120 was stored as good; the next reading shows what it was
    made = engine(content([_profile(spike=[20.0, 40.0], spike_method="differential")]))

    results = _sent(made, 50.0, 50.0, 120.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0)

    assert _flags(results) == [Flag.GOOD] * 9
    rewrites = results[3].rewrites
    assert (rewrites.ts.tolist(), rewrites.flag.tolist()) == ([START + 20 * SECOND], [Flag.FAIL])
    assert rewrites.why.tolist() == [Why.SPIKE]
    minute = next(r.aggregates for r in results if (r.aggregates.step == 60).any())
    which = minute.step == 60
    assert minute.max[which].tolist() == [50.0]
    assert minute.count[which].tolist() == [5]
    assert minute.good[which].tolist() == [pytest.approx(5 / 6)]


def test_a_verdict_on_a_window_that_has_closed_marks_it_dirty() -> None:
    made = engine(content([_profile(spike=[20.0, 40.0], spike_method="differential")]))
    results = _sent(made, 50.0, 50.0, 120.0)
    # another device lets time pass, and the windows of d close
    made.step([loop("other", 10 * MINUTE, 50.0)], START + 10 * MINUTE, live=True)

    last = made.step([loop("d", 9 * MINUTE + 59 * SECOND, 50.0, 10 * MINUTE)], START + 10 * MINUTE, live=True)

    assert _flags(results) == [Flag.GOOD] * 3
    assert last.rewrites.flag.tolist() == [Flag.FAIL]
    assert (last.dirty.start <= START + 20 * SECOND).all()
    assert (last.dirty.end > START + 20 * SECOND).all()
    assert len(last.dirty)


def test_what_is_no_longer_asked_for_is_not_checked_and_what_stays_keeps_what_it_knows() -> None:
    made = engine(content([_profile(flat_line_secs=[30.0, 0.0])]))
    _sent(made, 50.0, 50.0, 50.0)
    again = ZoneEngine.restore(made.snapshot())

    assert _flags(_sent(made, 50.0, 50.0, first=3)) == _flags(_sent(again, 50.0, 50.0, first=3)) == [3, 3]


def test_what_an_hour_of_the_week_has_been_is_told_as_a_band() -> None:
    made = engine(content([_profile(climatology=[3.0, 0.0], climatology_floor=2.0, climatology_weeks=1)]))
    ts = np.array([START, START + 3600 * SECOND, START + 12 * 3600 * SECOND])
    assert made.usual(0, ts) is None
    _sent(made, 50.0, 52.0, 40.0, first=0, every=1800 * SECOND)

    found = made.usual(int(made.registry.series_of_device(made.registry.by_id("d"))[0]), ts)

    assert found is not None
    assert found.by == "climatology"
    assert found.middle[:1].tolist() == [51.0]
    assert (found.high - found.low)[:1].tolist() == [12.0]  # 3 deviations of at least 2
    assert np.isnan(found.middle[2])


def test_late_readings_are_compared_with_nothing() -> None:
    made = engine(content([_profile(rate_of_change=[0.1, 0.2])]))
    _sent(made, 50.0)
    made.step([loop("d", 10 * MINUTE, 50.0)], START + 10 * MINUTE, live=True)

    late = made.step([loop("d", 5 * SECOND, 99.0, 10 * MINUTE + SECOND)], START + 10 * MINUTE + SECOND, live=True)

    assert late.readings.flag.tolist() == [Flag.GOOD]
    assert late.readings.why.tolist() == [Why.LATE]


def test_how_messages_fall_into_calls_changes_no_verdict(rng: np.random.Generator) -> None:
    checks = {"spike": [20.0, 40.0], "rate_of_change": [3.0, 6.0], "flat_line_secs": [30.0, 60.0]}
    speeds = rng.choice([50.0, 50.0, 50.0, 75.0, 120.0], 60)
    rows = [loop("d", k * 10 * SECOND, speed) for k, speed in enumerate(speeds.tolist())]
    verdicts = []
    for size in (1, 7, 60):
        made = engine(content([_profile(**checks)]))
        found: dict[int, tuple[int, int]] = {}
        for at in range(0, len(rows), size):
            result = made.step(rows[at : at + size], rows[min(at + size, len(rows)) - 1].received_at, live=True)
            for part in (result.readings, result.rewrites):
                found |= dict(
                    zip(part.ts.tolist(), zip(part.flag.tolist(), part.why.tolist(), strict=True), strict=True)
                )
        verdicts.append(found)

    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert {flag for flag, _ in verdicts[0].values()} == {Flag.GOOD, Flag.SUSPECT, Flag.FAIL}
