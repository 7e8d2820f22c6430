"""The time gate: bounds, estimates of devices' clocks, and our own clock."""

from itertools import pairwise

import numpy as np
import pytest

from gateway.engine.timegate import NO_OFFSET, TimeGate, Verdict, suspect_clock

SECOND = 1_000_000_000
NOW = 1_772_366_400 * SECOND
GATE = TimeGate(300 * SECOND, 30 * SECOND, 30 * 86400 * SECOND)
LIMITS = np.iinfo(np.int64)


def judge(*seconds: float, offset: np.ndarray | None = None) -> tuple[Verdict, np.ndarray]:
    """One device, one record after the other, event times relative to receipt."""
    offset = np.full(1, NO_OFFSET) if offset is None else offset
    for each in seconds:
        ts = np.array([np.clip(NOW + each * 1e9, LIMITS.min, float(LIMITS.max - 1024))]).astype(np.int64)
        verdict = GATE.judge(np.zeros(1, np.int32), ts, np.array([NOW]), offset)
    return verdict, offset


@pytest.mark.parametrize(
    ("seconds", "ahead", "expired", "steady"),
    [
        (0, False, False, True),
        (300, False, False, False),
        (301, True, False, False),
        (-2 * 86400, False, False, True),
        (-31 * 86400, False, True, False),
        (-1e12, False, True, False),
        (1e12, True, False, False),
    ],
)
def test_each_bound(seconds: float, ahead: bool, expired: bool, steady: bool) -> None:
    verdict, _ = judge(seconds)

    assert (verdict.ahead[0], verdict.expired[0], verdict.steady[0]) == (ahead, expired, steady)


def test_one_slow_message_makes_no_slow_clock() -> None:
    _, offset = judge(-1, -1, -200)

    assert offset[0] == pytest.approx(-20.9e9)


def test_one_absurd_time_is_forgotten_within_some_dozens_of_messages() -> None:
    _, offset = judge(0, 1e12)
    verdict, _ = judge(*[0] * 40, offset=offset)

    assert verdict.steady[0]


def test_most_devices_of_two_lanes_off_the_same_way_is_our_clock() -> None:
    lane = np.array([0] * 4 + [1] * 4)
    ours = np.full(8, 100 * SECOND)
    everybody = np.ones(8, np.bool_)

    assert suspect_clock(ours, lane, everybody, everybody, 30 * SECOND, 2) == "slow"
    assert suspect_clock(-ours, lane, everybody, everybody, 30 * SECOND, 2) == "fast"
    assert suspect_clock(np.where(lane == 0, ours, 0), lane, everybody, everybody, 30 * SECOND, 2) == ""
    assert suspect_clock(ours, lane, lane < 0, everybody, 30 * SECOND, 2) == ""


def test_devices_that_were_last_heard_in_a_backlog_of_ours_make_no_clock_fast_but_may_make_it_slow() -> None:
    lane = np.array([0] * 4 + [1] * 4)
    late = np.full(8, -100 * SECOND)
    everybody, nobody = np.ones(8, np.bool_), np.zeros(8, np.bool_)

    assert suspect_clock(late, lane, everybody, nobody, 30 * SECOND, 2) == ""
    assert suspect_clock(-late, lane, everybody, nobody, 30 * SECOND, 2) == "slow"
    spoke_since = np.arange(8) % 4 == 0
    assert suspect_clock(np.where(spoke_since, 0, late), lane, everybody, spoke_since, 30 * SECOND, 2) == ""


def test_how_records_fall_into_calls_changes_no_estimate(rng: np.random.Generator) -> None:
    device = rng.integers(0, 12, 200).astype(np.int32)
    received = NOW + np.arange(200) * SECOND
    ts = received + rng.choice([-200, -20, -1, 0, 4000], 200) * SECOND
    whole = np.full(12, NO_OFFSET)
    at_once = GATE.judge(device, ts, received, whole)
    cut = np.full(12, NO_OFFSET)
    edges = [0, 1, 2, 50, 51, 130, 200]
    parts = [GATE.judge(device[a:b], ts[a:b], received[a:b], cut) for a, b in pairwise(edges)]
    assert (cut == whole).all()
    for name in ("ahead", "expired", "steady", "usual"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert (joined == getattr(at_once, name)).all(), name
