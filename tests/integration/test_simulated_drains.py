"""The built-in conditions on simulated drains: dry days, a storm, and a manhole that is blocked.

dry    dry    dry    dry    dry    storm        of a seed, found by its weather: four days to learn, one to judge
                            ~~~~ blocked
"""

from collections.abc import Callable
from itertools import groupby

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.kinds import groups_of
from device_sims.kinds.base import Group
from device_sims.kinds.rain import DrainageLevels
from device_sims.world.local_time import DAY, HOUR
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.weather import Weather
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.engine.alarm_model import Transition
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.rows import QOS1, Row, RowKind
from tests.support.engine import config_row

SEED = 3
ZONES = ("tianhe", "haizhu")
PROFILES = ("drainage-level", "rain-gauge", "senml-station", "tts-v3", "chirpstack-v4")
BLOCKED = "drain-0003"
MANHOLE = "manhole-tianhe-4"
LEARN = 4
Levels = Callable[[DrainageLevels, I64, I64, F64], F64]


def _first_day() -> int:
    """UTC ns of a midnight in Shanghai: five dry days follow, and a sixth with a storm."""
    days = 20_513 * DAY - 8 * HOUR + np.arange(3000) * DAY  # from March 2026 on
    fallen = np.diff(Weather(Noise(SEED, ["any"])).fallen(days))
    for k in range(1, len(fallen) - LEARN - 2):
        if fallen[k - 1 : k + LEARN + 1].max() == 0 and fallen[k + LEARN + 1] > 40:
            return int(days[k])
    raise AssertionError("no such week: take another seed")


def _unchanged(group: DrainageLevels, which: I64, ts: I64, level: F64) -> F64:
    return level


def _rows(start: int, end: int, levels: Levels) -> list[Row]:
    """What the drainage devices of two districts send."""
    rows = []
    for group in groups_of(load_city(), SEED):
        if group.profile not in PROFILES:
            continue
        for k, device in enumerate(group.devices):
            if device.zone in ZONES:
                first = start + int(-(start - group.phase[k]) % group.interval)
                ts = np.arange(first, end, group.interval)
                # the stations speak every minute, which learning days don't need
                ts = ts[ts >= start + LEARN * DAY] if group.profile == "senml-station" else ts
                rows += _sent(group, np.full(len(ts), k), ts, levels)
    return sorted(rows, key=lambda row: (row.received_at, row.topic))


def _sent(group: Group, which: I64, ts: I64, levels: Levels) -> list[Row]:
    if isinstance(group, DrainageLevels):
        measured = group.rows(which, ts, levels(group, which, ts, group.sewers.level(which, ts)))
    else:
        measured = group.measure(which, ts)
    return [
        Row(at, RowKind.MESSAGE, 0, QOS1, group.topics[k], group.payload(k, [(at, row)]))
        for k, at, row in zip(which.tolist(), ts.tolist(), measured, strict=True)
    ]


def _judged(rows: list[Row]) -> list[StepResult]:
    """Calls of half an hour under the built-in configuration."""
    settings = load_settings(None)
    engine = ZoneEngine()
    engine.step([config_row(load_seed_files(settings).content(settings), rows[0].received_at - 1)], 0, False)
    results = []
    for _, group in groupby(rows, key=lambda row: row.received_at // (HOUR // 2)):
        call = list(group)
        results.append(engine.step(call, call[-1].received_at, False))
    return results


def _raised(results: list[StepResult]) -> list[Transition]:
    return [t for result in results for t in result.transitions if t.domain == "drainage" and t.change == "raised"]


@pytest.fixture(scope="module")
def week() -> tuple[int, list[StepResult]]:
    """Start of the storm's day, and what five dry days and the storm came to."""
    start = _first_day()
    storm = start + (LEARN + 1) * DAY
    return storm, _judged(_rows(start, storm + DAY, _unchanged))


def test_dry_days_raise_nothing(week: tuple[int, list[StepResult]]) -> None:
    storm, results = week

    assert [t for t in _raised(results) if t.at < storm] == []
    judged = [f for result in results for f in result.figures if f.name == "level_excess" and f.ts < storm]
    assert len({figure.asset for figure in judged}) == 4
    assert len(judged) > 4 * 90


def test_a_storm_fills_drains_and_no_drain_is_called_blocked(week: tuple[int, list[StepResult]]) -> None:
    storm, results = week
    raised = [t for t in _raised(results) if t.at >= storm]

    assert {t.condition for t in raised} == {"drainage.filling", "drainage.rise"}
    full = {t.asset for t in raised if t.condition == "drainage.filling"}
    assert full == {"manhole-tianhe-3", "manhole-tianhe-4", "manhole-haizhu-2", "manhole-haizhu-3"}
    peaks = {f.asset: f.value for result in results for f in result.figures if f.name == "filling" and f.value > 0.8}
    assert full <= peaks.keys()


def test_a_manhole_that_backs_up_without_rain_is_blocked_and_no_other() -> None:
    start = _first_day()
    begin, end = start + LEARN * DAY + 10 * HOUR, start + LEARN * DAY + 16 * HOUR

    def backed_up(group: DrainageLevels, which: I64, ts: I64, level: F64) -> F64:
        held = (ts >= begin) & (ts < end) & (group.devices[which[0]].id == BLOCKED)
        # up by a foot an hour, to 0.7 of the pipe: neither fast nor full
        risen = np.minimum(level + 0.3 * (ts - begin) / HOUR, 0.42)
        return np.where(held, np.maximum(level, risen), level)

    results = _judged(_rows(start, start + (LEARN + 1) * DAY, backed_up))

    changes = [t for result in results for t in result.transitions if t.domain == "drainage"]
    assert [(t.change, t.condition, t.asset, t.level) for t in changes] == [
        ("raised", "drainage.blockage", MANHOLE, 2), ("returned", "drainage.blockage", MANHOLE, 2)
    ]  # fmt: skip
    assert begin + HOUR / 2 < changes[0].at <= begin + 2 * HOUR
    assert end < changes[1].at <= end + HOUR
