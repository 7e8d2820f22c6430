"""The neighbour check in the engine: peers of a zone, pane by pane, verdicts as rewrites."""

from typing import Any

import numpy as np
import pytest

from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from processors.flags import Flag, Why
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, engine, loop

MINUTE = 60 * SECOND
PEERS = {"neighbour": [3.5, 50.0], "neighbour_floor": 1.0, "neighbour_least": 4}
Verdicts = dict[tuple[str, int], tuple[int, int]]


def _profile(**checks: Any) -> dict[str, Any]:
    speed = {**LOOP_PROFILE["fields"]["speed"], "checks": PEERS | checks}
    return {**LOOP_PROFILE, "fields": {**LOOP_PROFILE["fields"], "speed": speed}}


def _pane(speeds: dict[str, float | None], at: int = 0, zone: str = "a") -> list[Row]:
    """A reading of each device, a second apart."""
    return [loop(device, at + k * SECOND, speed, zone=zone) for k, (device, speed) in enumerate(speeds.items())]


def _fed(
    made: ZoneEngine, rows: list[Row], size: int = 1000, again: bool = False
) -> tuple[ZoneEngine, list[StepResult]]:
    """The rows in calls of `size`; `again`: through a snapshot after each."""
    out = []
    for at in range(0, len(rows), size):
        part = rows[at : at + size]
        out.append(made.step(part, part[-1].received_at, live=True))
        if again:
            made = ZoneEngine.restore(made.snapshot())
    return made, out


def _verdicts(made: ZoneEngine, results: list[StepResult]) -> Verdicts:
    """Flag and why of each reading in the end."""
    found: Verdicts = {}
    for result in results:
        for part in (result.readings, result.rewrites):
            names = [made.registry.series[s].device for s in part.series.tolist()]
            for device, ts, flag, why in zip(
                names, part.ts.tolist(), part.flag.tolist(), part.why.tolist(), strict=True
            ):
                found[device, (ts - START) // SECOND] = flag, why
    return found


def _flagged(made: ZoneEngine, results: list[StepResult]) -> dict[str, int]:
    return {device: flag for (device, _), (flag, why) in _verdicts(made, results).items() if why & Why.NEIGHBOUR}


NORMAL: dict[str, float | None] = {"d0": 50.0, "d1": 52.0, "d2": 49.0, "d3": 51.0}
LATER = loop("d0", MINUTE, 50.0)


def test_who_stands_out_from_the_zone_is_flagged_when_the_pane_is_over() -> None:
    made, first = _fed(engine(content([_profile()])), _pane(NORMAL | {"odd": 5.0, "mad": 200.0}))
    assert not any(len(result.rewrites) for result in first)

    _, later = _fed(made, [LATER])

    assert _flagged(made, later) == {"odd": Flag.SUSPECT, "mad": Flag.FAIL}
    ten = next(r.aggregates for r in later if len(r.aggregates))
    assert (ten.good[ten.step == 10] < 1).sum() == 2, "the verdict is in before the pane is told"
    assert not len(later[0].dirty)


def test_zones_and_profiles_are_compared_with_their_own_only() -> None:
    rows = _pane(NORMAL) + _pane({f"fast{k}": 120.0 + k for k in range(4)}, zone="b")
    made, results = _fed(engine(content([_profile()])), [*rows, LATER, loop("fast0", MINUTE, 120.0, zone="b")])

    assert _flagged(made, results) == {}


def test_a_zone_gives_the_same_verdicts_whoever_is_hosted_beside_it() -> None:
    mine = [*_pane(NORMAL | {"odd": 5.0}), LATER]
    other = [*_pane({f"x{k}": 9.0 * k for k in range(6)}, zone="b"), loop("x0", MINUTE, 0.0, zone="b")]
    both = sorted(mine + other, key=lambda row: row.received_at)
    alone, together = (_fed(engine(content([_profile()])), rows) for rows in (mine, both))

    assert _verdicts(*alone) == {key: v for key, v in _verdicts(*together).items() if not key[0].startswith("x")}


@pytest.mark.parametrize("peers", [{"d0": 50.0, "d1": 52.0}, {"d0": 50.0, "d1": None, "d2": None, "d3": 52.0}])
def test_too_few_peers_with_a_value_say_nothing(peers: dict[str, float | None]) -> None:
    made, results = _fed(engine(content([_profile()])), [*_pane(peers | {"odd": 5.0}), LATER])

    assert _flagged(made, results) == {}


def test_missing_is_not_compared_and_zero_is() -> None:
    made, results = _fed(engine(content([_profile()])), [*_pane(NORMAL | {"none": None, "zero": 0.0}), LATER])

    assert _flagged(made, results) == {"zero": Flag.SUSPECT}
    assert _verdicts(made, results)["none", 4] == (Flag.MISSING, Why.MISSING_VALUE)


def test_what_the_sensor_cannot_measure_is_nobodys_peer() -> None:
    wild: dict[str, float | None] = {f"wild{k}": 999.0 for k in range(9)}
    made, results = _fed(engine(content([_profile()])), [*_pane(NORMAL | wild), loop("d0", 2 * MINUTE, 50.0)])

    assert _flagged(made, results) == {}
    assert {v for (device, _), v in _verdicts(made, results).items() if device in wild} == {(4, Why.GROSS_RANGE)}


def test_a_device_counts_once_however_often_it_sends() -> None:
    often = [loop("odd", k * SECOND, 5.0) for k in range(9)]
    rows = sorted(_pane(NORMAL) + often, key=lambda row: row.received_at)
    made, results = _fed(engine(content([_profile()])), [*rows, LATER])

    assert _flagged(made, results) == {"odd": Flag.SUSPECT}
    assert sum(1 for _, why in _verdicts(made, results).values() if why & Why.NEIGHBOUR) == 9


def test_what_comes_after_its_pane_was_judged_is_left_alone() -> None:
    made, _ = _fed(engine(content([_profile()])), [*_pane(NORMAL), LATER])

    _, late = _fed(made, [loop("odd", 4 * SECOND, 5.0, MINUTE + SECOND), loop("d0", 3 * MINUTE, 50.0)])

    assert _flagged(made, late) == {}


def test_a_clock_that_is_ahead_closes_no_pane_for_the_others() -> None:
    ahead = loop("fast", 4 * MINUTE, 50.0, 0)
    made, results = _fed(engine(content([_profile()])), [ahead, *_pane(NORMAL | {"odd": 5.0}), LATER])

    assert _flagged(made, results) == {"odd": Flag.SUSPECT}


def test_a_verdict_of_the_neighbours_survives_that_of_a_later_reading() -> None:
    #  odd 50 50 | 120 | 50: its neighbours object first, then the reading after it shows the spike
    checks = {"spike": [20.0, 90.0], "spike_method": "differential"}
    made = engine(content([_profile(**checks)]))
    rows = [loop("odd", -20 * SECOND, 50.0), loop("odd", -10 * SECOND, 50.0)]
    rows += [*_pane(NORMAL | {"odd": 120.0}), LATER, loop("odd", MINUTE + SECOND, 50.0)]

    _, results = _fed(made, rows, 1)

    assert [result.rewrites.why.tolist() for result in results if len(result.rewrites)] == [
        [Why.NEIGHBOUR], [Why.NEIGHBOUR | Why.SPIKE],
    ]  # fmt: skip
    assert _verdicts(made, results)["odd", 4] == (Flag.SUSPECT, Why.NEIGHBOUR | Why.SPIKE)


def _day(rng: np.random.Generator) -> list[Row]:
    """Some minutes of eight devices, out of order within what their profile allows, some odd, some missing."""
    rows = []
    for device in range(8):
        for at in range(0, 400, 5):
            speed: float | None = 50.0 + float(rng.normal(0, 2))
            roll = rng.random()
            speed = 5.0 if roll < 0.04 else 120.0 if roll < 0.06 else None if roll < 0.1 else speed
            delay = int(rng.uniform(0, 6) * SECOND) if rng.random() < 0.95 else int(rng.uniform(20, 90) * SECOND)
            event = at * SECOND + device
            rows.append(loop(f"d{device}", event, speed, event + delay))
    return sorted(rows, key=lambda row: row.received_at)


def test_how_messages_fall_into_calls_and_snapshots_changes_no_verdict(rng: np.random.Generator) -> None:
    rows = _day(rng)
    checks = {"spike": [20.0, 60.0], "rate_of_change": [9.0, 0.0]}
    runs = []
    for size, again in ((1, False), (7, True), (64, False), (len(rows), False)):
        made, results = _fed(engine(content([_profile(**checks)])), rows, size, again)
        runs.append({key: (flag, why & ~Why.LATE) for key, (flag, why) in _verdicts(made, results).items()})

    assert runs[0] == runs[1] == runs[2] == runs[3]
    seen = {why for _, why in runs[0].values()}
    assert any(why & Why.NEIGHBOUR and why & Why.SPIKE for why in seen)
    assert any(why == Why.NEIGHBOUR for why in seen)


def test_what_comes_again_at_once_or_late_changes_no_verdict(rng: np.random.Generator) -> None:
    rows = _day(rng)
    again = [Row(row.received_at + int(rng.uniform(0, 200) * SECOND), row.kind, row.source, row.flags, row.topic,
                 row.payload) for row in rows if rng.random() < 0.3]  # fmt: skip
    once, twice = (
        _fed(engine(content([_profile()])), sorted(part, key=lambda row: row.received_at), 9)
        for part in (rows, rows + again)
    )

    def objected(run: tuple[ZoneEngine, list[StepResult]]) -> set[tuple[str, int, int]]:
        made, results = run
        out = set()
        for part in (result.rewrites for result in results):
            names = [made.registry.series[s].device for s in part.series.tolist()]
            out |= set(zip(names, part.ts.tolist(), part.flag.tolist(), strict=True))
        return out

    assert objected(once) == objected(twice)
    assert len(objected(once)) > 10


def test_a_profile_that_asks_no_longer_is_not_judged_and_holds_nothing() -> None:
    made, _ = _fed(engine(content([_profile()])), _pane(NORMAL | {"odd": 5.0}))
    plain = content([LOOP_PROFILE])
    made.step([config_row(plain, START + 20 * SECOND)], START + 20 * SECOND, live=True)

    _, later = _fed(made, [LATER])

    assert _flagged(made, later) == {}
    assert not len(made.snapshot()["quality"]["neighbours"]["ts"])
