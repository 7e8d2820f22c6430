"""Days on which nothing is wrong: the checks of the built-in profiles object to nothing that is."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.encoders import built_in as encoders
from device_sims.fleet.fleet import Fleet
from device_sims.world.recordings import guangzhou_speed, household_power
from gateway.config.content import EngineContent
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind
from processors.flags import Why
from seeds import profile_texts
from tests.support.engine import SECOND, options

MINUTE = 60 * SECOND
MIDNIGHT = 1_772_467_200 * SECOND  # 2026-03-02T16:00Z, 00:00 in Guangzhou
ORDER = Why.RATE_OF_CHANGE | Why.SPIKE | Why.FLAT_LINE | Why.ATTENUATED_SIGNAL | Why.TIME_GAP
OBJECTS = ORDER | Why.GROSS_RANGE | Why.NEIGHBOUR | Why.CROSS_QUANTITY | Why.CLIMATOLOGY


def _content() -> EngineContent:
    profiles = {name: tomllib.loads(text) for name, text in profile_texts().items()}
    return EngineContent.build(profiles, [], ["tianhe"], "Asia/Shanghai", options())


def _objections(rows: Iterable[Row]) -> tuple[int, Counter[tuple[str, str, str]]]:
    """How many readings were accepted, and (device, quantity, why) of those that a check objects to."""
    made, content = ZoneEngine(), _content()
    made.step([Row(0, RowKind.CONFIG, 0, 0, content.digest, content.encode())], 0, False)
    found: Counter[tuple[str, str, str]] = Counter()
    accepted = 0
    batch: list[Row] = []

    def step() -> None:
        nonlocal accepted
        result = made.step(batch, batch[-1].received_at, True)
        accepted += len(result.readings)
        for part in (result.readings, result.rewrites):
            for k in np.flatnonzero(part.why & np.uint32(OBJECTS)).tolist():
                name = made.registry.series[int(part.series[k])]
                found[name.device, name.quantity, str(Why(int(part.why[k])))] += 1
        batch.clear()

    for row in rows:
        batch.append(row)
        if len(batch) == 1000:
            step()
    step()
    return accepted, found


def _row(at: int, topic: str, payload: bytes) -> Row:
    return Row(at, RowKind.MESSAGE, 0, QOS1, topic, payload)


def _recorded_speeds() -> Iterator[Row]:
    speeds = guangzhou_speed()
    for slot in range(len(speeds)):
        for segment in range(speeds.shape[1]):
            speed = float(speeds[slot, segment])
            at = MIDNIGHT + (slot + 1) * 10 * MINUTE
            row = (None, 0) if np.isnan(speed) else (round(speed, 3), 12)
            yield _row(at + segment, f"city/tianhe/traffic/segment/s{segment}/speed", encoders.segment_speed(at, *row))


def _recorded_homes() -> Iterator[Row]:
    """Three homes on a small supply, a day each, as the simulator plays them; the same on six meters."""
    home = household_power()
    for minute in range(home.shape[1]):
        p, q, u, i = (home[:, minute, k] for k in range(4))
        total, reactive = float(p.sum()), float(q.sum())
        pf = total / float(np.hypot(total, reactive))
        at = MIDNIGHT + minute * MINUTE
        u_a, u_b, u_c = (round(float(x), 2) for x in u)
        i_a, i_b, i_c = (round(float(x), 1) for x in i)
        p_all, q_all, f = round(total, 3), round(reactive, 3), 50.0 + 0.01 * (minute % 3)
        for meter in range(6):
            payload = encoders.meter_3p(
                at + meter * SECOND, u_a, u_b, u_c, i_a, i_b, i_c, p_all, q_all, round(pf, 3), f, None
            )  # fmt: skip
            yield _row(at + meter * SECOND, f"city/tianhe/grid/meter/m{meter}/reading", payload)


def test_the_recorded_day_of_speeds_is_a_quiet_one() -> None:
    accepted, found = _objections(_recorded_speeds())

    assert accepted == 2 * guangzhou_speed().size
    assert found == Counter()


def test_the_recorded_days_of_three_homes_are_quiet_ones() -> None:
    accepted, found = _objections(_recorded_homes())

    assert accepted == 10 * 6 * household_power().shape[1]
    assert found == Counter()


def test_the_simulated_city_at_its_morning_peak_is_a_quiet_one() -> None:
    start = MIDNIGHT + 7 * 60 * MINUTE
    due = takewhile(lambda m: m.due < start + 40 * MINUTE, Fleet(load_city(), 3, start).messages())
    accepted, found = _objections(_row(m.due, m.topic, m.payload) for m in due)

    assert accepted > 30_000
    assert found == Counter()


@pytest.mark.parametrize("stuck", [31.5, 0.0])
def test_a_detector_that_is_stuck_in_the_middle_of_such_a_day_is_told(stuck: float) -> None:
    rows = []
    for minute in range(180):
        at = MIDNIGHT + minute * MINUTE
        speed = stuck if minute > 60 else 40.0 + minute % 7
        rows.append(_row(at, "city/tianhe/traffic/loop/l1/reading", encoders.loop_detector(at, speed, 12, 0.2)))

    _, found = _objections(rows)

    assert found == Counter({("l1", "speed", str(Why.FLAT_LINE)): 180 - 61 - 15})
