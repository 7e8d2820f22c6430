"""Scoring of made-up years whose answers are known by hand; then the BattLeDIM year itself, where it lies beside us."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from gateway.score.battledim import DAY, TANK_AREA, Leak, Year, read_year
from gateway.score.leaks import REQUIRED, LeakScore, LeakYear, Night, variants
from processors.columns import F64
from processors.detectors.leak import LeakSettings
from tests.support.public_data import public_data

DAYS = 120


def _flow(start: float, end: float, size: float, ramp: float = 0.0) -> F64:
    t = (np.arange(DAYS * DAY) + 0.5) / DAY
    return np.where((t >= start) & (t < end), np.minimum(size, (t - start) * ramp) if ramp else size, 0.0)


def _leak(pipe: str, kind: str, start: float, end: float, flow: F64, behind_tank: bool = False) -> Leak:
    return Leak(pipe, kind, start, end, behind_tank, flow)


def _year(*leaks: Leak, seen: bool = True) -> Year:
    """Weekdays, a little noise, and what the leaks let out, if it is `seen`."""
    rng = np.random.default_rng(7)
    usual = np.repeat(np.resize([40.0, 41.0, 40.0, 42.0, 50.0, 55.0, 43.0], DAYS), DAY)
    inflow, tank = usual + rng.normal(0, 0.5, DAYS * DAY), 10.0 + rng.normal(0, 0.5, DAYS * DAY)
    for leak in leaks if seen else ():
        if leak.behind_tank:
            tank = tank + leak.flow
        else:
            inflow = inflow + leak.flow
    # 40 m3/h are pumped: the level takes up what is not drawn
    level = 2.0 + np.concatenate([[0.0], np.cumsum(40.0 - tank)[:-1]]) / 12 / TANK_AREA
    return Year(datetime(2019, 1, 1, tzinfo=UTC), inflow, np.full(DAYS * DAY, 40.0), level, leaks)


ABRUPT = _leak("p1", "abrupt", 40.6, 80.3, _flow(40.6, 80.3, 12.0))
BEHIND = _leak("p2", "abrupt", 60.4, DAYS, _flow(60.4, DAYS, 9.0), behind_tank=True)
LATE = _leak("p3", "abrupt", 90.5, DAYS, _flow(90.5, DAYS, 9.0))
OLD = _leak("p0", "incipient", -30.0, DAYS, np.full(DAYS * DAY, 6.0))


@pytest.fixture(scope="module")
def score() -> LeakScore:
    return LeakYear(_year(ABRUPT, BEHIND, LATE, OLD), Night()).judge(LeakSettings())


def test_each_leak_is_raised_in_its_own_balance_in_the_next_night(score: LeakScore) -> None:
    told = [(row["day"], row["what"], row["balance"], row["pipe"]) for row in score.events]

    assert told == [
        (41, "leak", "net inflow", "p1"), (61, "leak", "tank T1", "p2"), (82, "repair", "net inflow", "p1"),
        (91, "leak", "net inflow", "p3"),
    ]  # fmt: skip
    assert [row["days"] for row in score.events] == pytest.approx([0.65, 0.85, 1.95, 0.75])
    assert score.events[0]["night"] == "2019-02-11"


def test_the_flow_told_is_compared_with_the_true_one(score: LeakScore) -> None:
    for row in score.events:
        assert row["flow"] == pytest.approx(row["true_flow"], rel=0.1)
    assert [row["true_flow"] for row in score.events] == pytest.approx([12.0, 9.0, -12.0, 9.0])


def test_the_summary_counts_what_starts_and_ends_in_the_year(score: LeakScore) -> None:
    told = score.figures

    assert (told.alarms, told.unexplained, told.abrupt, told.abrupt_in_time, told.leaks) == (3, 0, 3, 3, 3)
    assert (told.repairs, told.repairs_told, told.repairs_false) == (1, 1, 0)
    assert (told.free_alarms_inflow, told.free_alarms_tank, told.free_repairs) == (0, 0, 0)
    assert told.abrupt_median_days == pytest.approx(0.75)
    assert (told.steps_found, told.most_false_in_ramps) == (1.0, 0), "5 m3/h in noise of a twentieth of it"
    # with this little noise the baseline follows such a ramp at 0.2 / 0.125 m3/h: hardly above the allowance
    assert score.missed == ["ramps_found"]


def test_the_detector_does_not_see_the_truth() -> None:
    blind = LeakYear(_year(ABRUPT, BEHIND, LATE, OLD, seen=False), Night()).judge(LeakSettings())

    assert [row for row in blind.events if row["what"] == "leak" and row["day"] < 82] == []


def test_an_alarm_without_a_leak_and_a_leak_without_an_alarm_are_counted() -> None:
    real = _year(ABRUPT)
    other = _leak("p9", "abrupt", 70.5, DAYS, _flow(70.5, DAYS, 8.0))
    score = LeakYear(replace(real, leaks=(other,)), Night()).judge(LeakSettings())

    first = next(row for row in score.events if row["what"] == "leak")
    assert (first["day"], first["pipe"], first["days"]) == (41, None, None)
    assert score.figures.unexplained == 1
    assert score.leaks[0]["raised"] is None
    assert score.figures.abrupt_worst_days == np.inf
    assert score.figures.repairs_false == 1
    assert {"unexplained", "abrupt_in_time", "abrupt_median_days"} <= set(score.missed)
    json.dumps(score.as_dict(), allow_nan=False)


def test_a_slow_leak_is_not_raised_by_the_alarm_of_a_much_larger_one() -> None:
    slow = _leak("p5", "incipient", 30.0, DAYS, _flow(30.0, DAYS, 1.5, ramp=0.1))
    score = LeakYear(_year(_leak("p1", "abrupt", 50.6, DAYS, _flow(50.6, DAYS, 25.0)), slow), Night()).judge(
        LeakSettings()
    )

    assert [(row["pipe"], row["raised"] is None) for row in score.leaks] == [("p1", False), ("p5", True)]


def test_every_parameter_is_changed_by_a_quarter_both_ways() -> None:
    made = list(variants(LeakSettings()))

    names = [name for name, *_ in made]
    assert set(names) == {
        "allowance", "limit", "repair_nights", "floor", "learn", "forget", "level_rate", "fall_rate", "offset_rate",
        "scale_rate", "growth_rate", "growth_fade", "clip",
    }  # fmt: skip
    assert all(names.count(name) == 2 for name in names)
    changed: dict[str, list[Any]] = {}
    for name, was, now, settings in made:
        changed.setdefault(name, []).append((was, now))
        owner = settings if hasattr(settings, name) else settings.rates
        assert getattr(owner, name) == now
    assert changed["allowance"] == [(1.5, pytest.approx(1.125)), (1.5, pytest.approx(1.875))]
    assert changed["learn"] == [(14, 10), (14, 18)]
    assert changed["repair_nights"] == [(2, 1), (2, 3)]


def test_the_battledim_year_comes_out_as_required() -> None:
    folder = public_data("water/battledim_2019_flows.csv").parent
    ticks: list[int] = []

    score = LeakYear(read_year(folder), Night(), lambda: ticks.append(1)).judge(LeakSettings())

    told = score.figures
    assert len(ticks) == 600
    assert (told.leaks, told.abrupt, told.repairs) == (19, 9, 7)
    assert told.abrupt_in_time == 9
    assert told.abrupt_median_days <= 1
    assert told.abrupt_worst_days <= 2
    assert (told.alarms <= 20, told.unexplained) == (True, 0)
    assert (told.free_alarms_inflow, told.free_alarms_tank, told.free_repairs) == (0, 0, 0)
    assert told.steps_found >= 0.95
    assert (told.ramps_found >= 0.5, told.most_false_in_ramps <= 1) == (True, True)
    assert (told.repairs_told, told.repairs_false) == (7, 0)
    assert score.missed == []
    assert [row["balance"] for row in score.leaks if row["pipe"] == "p280"] == ["tank T1"]
    assert set(REQUIRED) <= set(score.as_dict()["figures"])
