"""Drains: any cut of the rows, any restart and any company give the same alarms and figures."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.gateway.engine.conditions.pipeline.drainage import BLOCKAGE, CITY, FILLING, RISE, figures
from tests.support.conditions import device, judging, says, transitions
from tests.support.engine import SECOND, START

EVERYTHING = (
    FILLING | {"on_delay_secs": 1200}, RISE,
    BLOCKAGE | {"least_count": 1, "dry_for_secs": 900, "enough_rain_mm": 2, "response_secs": 900},
)  # fmt: skip
DEVICES = (*CITY["devices"], device("w1", "well", asset="pipe"), device("r2", "rain"))
CALLS, HOURS = 5, 12
"""Each call brings the rows of so many hours."""

Told = dict[tuple[str, str], list[object]]


def _city(seed: int) -> list[list[Row]]:
    """Days of two zones, up to a minute out of order, with gaps; levels jump, showers come and go."""
    rng = np.random.default_rng(seed)
    calls: list[list[Row]] = []
    for call in range(CALLS):
        rows: list[tuple[float, Row]] = []
        for quarter in range(4 * HOURS * call, 4 * HOURS * (call + 1)):
            for each in DEVICES:
                if rng.random() < 0.1:
                    continue
                secs = 900 * quarter + float(rng.integers(0, 840))
                if each.profile == "rain":
                    values = {"rain": float(rng.choice([0, 0, 0, 2])) if quarter % 11 < 4 else 0.0}
                else:
                    scale = 100 if each.profile == "well" else 1
                    values = {"level": scale * float(rng.choice([0.1, 0.12, 0.45] if quarter % 7 else [0.3, 2.6]))}
                if rng.random() < 0.05:
                    values = dict.fromkeys(values)  # type: ignore[assignment]
                row = says(each.profile, each.id, secs, each.zone, 3600.0 * HOURS * (call + 1), **values)
                rows.append((secs + rng.random() * 60, row))
        calls.append([row for _, row in sorted(rows, key=lambda pair: pair[0])])
    return calls


def _played(
    calls: Sequence[Sequence[Row]], cuts: Sequence[Sequence[int]], zones: str = "ab", *, restarts: bool = False
) -> list[StepResult]:
    made = judging(*EVERYTHING, **CITY | {"devices": DEVICES})
    found = []
    for number, rows in enumerate(calls):
        now = START + 3600 * HOURS * (number + 1) * SECOND
        mine = [row for row in rows if row.topic.split("/")[1] in zones]
        edges = [0, *(min(cut, len(mine)) for cut in cuts[number]), len(mine)]
        for a, b in pairwise(edges):
            found.append(made.step(mine[a:b], now, False))
            if restarts:
                made = ZoneEngine.restore(made.snapshot())
    return found


def _told(results: Sequence[StepResult]) -> Told:
    """What each alarm did and each figure was, in order."""
    out: Told = {}
    for change in transitions(results):
        out.setdefault((change.condition, change.asset), []).append(_brief(change))
    for asset, name, at, value in figures(results):
        out.setdefault((name, asset), []).append((at, value))
    return out


def _brief(change: Transition) -> tuple[object, ...]:
    return change.change, change.level, change.at, repr(change.value), change.state


def _whole(calls: Sequence[Sequence[Row]]) -> list[list[int]]:
    return [[] for _ in calls]


CUTS = st.lists(st.lists(st.integers(0, 400), max_size=3).map(sorted), min_size=CALLS, max_size=CALLS)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), CUTS)
def test_any_cut_of_the_rows_gives_the_same_alarms_and_figures(seed: int, cuts: list[list[int]]) -> None:
    calls = _city(seed)

    assert _told(_played(calls, cuts)) == _told(_played(calls, _whole(calls)))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), CUTS)
def test_a_restart_after_every_call_gives_the_same_to_the_order(seed: int, cuts: list[list[int]]) -> None:
    calls = _city(seed)
    one, other = _played(calls, cuts, restarts=True), _played(calls, cuts)

    assert [_brief(change) for change in transitions(one)] == [_brief(change) for change in transitions(other)]
    assert figures(one) == figures(other)


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32))
def test_a_zone_is_judged_the_same_whatever_others_are_hosted(seed: int) -> None:
    calls = _city(seed)
    apart = [_told(_played(calls, _whole(calls), zone)) for zone in "ab"]

    assert _told(_played(calls, _whole(calls))) == apart[0] | apart[1]


def test_what_is_drawn_here_raises_alarms_of_every_kind_and_level() -> None:
    raised: set[tuple[str, int]] = set()
    for seed in range(3):
        calls = _city(seed)
        raised |= {(each.condition, each.level) for each in transitions(_played(calls, _whole(calls)))}

    assert raised >= {
        ("drainage.filling", 1), ("drainage.filling", 3), ("drainage.rise", 1), ("drainage.rise", 2),
        ("drainage.blockage", 1), ("drainage.blockage", 2),
    }  # fmt: skip
