"""Travel-time, planning-time and buffer index of local days and weeks."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gateway.config.content import Device, EngineContent
from gateway.engine.figures import Figure
from gateway.engine.timezone import day_edges
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import made_of
from tests.support.engine import SECOND, config_row, message
from tests.support.traffic import ASSETS, SPEED, said

TIMES: dict[str, Any] = {
    "name": "traffic.travel-time", "title": "Times", "kind": "travel-time", "profile": "speed", "quantity": "speed",
    "window_secs": 3600, "least_windows": 12, "least": 10_000, "priorities": [4],
}  # fmt: skip
INDICES = ("travel_time_index", "planning_time_index", "buffer_index")


def _ns(year: int, month: int, day: int, *, zone: str) -> int:
    return int(datetime(year, month, day, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


def _engine(zone: str, start: int, **changed: Any) -> ZoneEngine:
    made = ZoneEngine()
    plain = made_of(TIMES | changed, assets=ASSETS, profiles=[SPEED])
    devices = [Device("s1", "speed", ("s1",), "a", None, None, "", "r1", "")]
    content = EngineContent.build(
        plain.profiles, devices, plain.zones, zone, plain.options, conditions=plain.conditions, assets=plain.assets
    )
    made.step([config_row(content, start)], start, False)
    return made


def _rows(start: int, speeds: Sequence[float | None]) -> list[Row]:
    """One an hour, in its middle."""
    times = [start + (3600 * k + 1800) * SECOND for k in range(len(speeds))]
    return [
        message("city/a/speed/s1", {"ts": at // 1_000_000, "speed": speed}, at)
        for at, speed in zip(times, speeds, strict=True)
    ]


def _indices(figures: Sequence[Figure]) -> list[tuple[int, str, float]]:
    return [(f.ts, f.name, round(f.value, 4)) for f in figures]


def _expected(speeds: Sequence[float]) -> list[float]:
    """Free flow is 60 km/h."""
    times = 60 / np.array(speeds)
    late = float(np.percentile(times, 95))
    return [round(value, 4) for value in (times.mean(), late, (late - times.mean()) / times.mean())]


DAY = [60.0] * 12 + [30.0] * 11 + [10.0]


def test_a_day_has_three_indices_at_its_local_end() -> None:
    start = _ns(2026, 3, 2, zone="Asia/Shanghai")

    _, figures = said(_engine("Asia/Shanghai", start), _rows(start, [*DAY, 60, 60]))

    end = _ns(2026, 3, 3, zone="Asia/Shanghai")
    assert _indices(figures) == [(end, name, value) for name, value in zip(INDICES, _expected(DAY), strict=True)]
    assert {figure.asset for figure in figures} == {"r1"}


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_days_of_a_clock_change_are_as_long_as_they_are(day: tuple[int, int, int], hours: int) -> None:
    start = _ns(*day, zone="Europe/Berlin")
    speeds = np.linspace(20, 60, hours).tolist()

    _, figures = said(_engine("Europe/Berlin", start), _rows(start, [*speeds, 60, 60]))

    assert _indices(figures)[0] == (start + hours * 3600 * SECOND, INDICES[0], _expected(speeds)[0])
    assert [value for *_, value in _indices(figures)] == _expected(speeds)


def test_a_week_begins_on_monday() -> None:
    edges = day_edges("Asia/Shanghai")
    local = datetime.fromtimestamp(int(edges[0]) / SECOND, UTC) + timedelta(hours=8)
    assert (local.weekday(), local.hour) == (0, 0)
    monday, wednesday = _ns(2026, 3, 2, zone="Asia/Shanghai"), _ns(2026, 3, 4, zone="Asia/Shanghai")
    speeds = np.linspace(20, 60, 5 * 24).tolist()

    _, figures = said(_engine("Asia/Shanghai", wednesday, period="week"), _rows(wednesday, [*speeds, 60, 60]))

    assert _indices(figures) == [
        (monday + 7 * 86_400 * SECOND, name, value) for name, value in zip(INDICES, _expected(speeds), strict=True)
    ]


def test_missing_and_standing_windows_are_left_out() -> None:
    start = _ns(2026, 3, 2, zone="Asia/Shanghai")
    speeds: list[float | None] = [30.0] * 12 + [None] * 6 + [0.0] * 6

    _, figures = said(_engine("Asia/Shanghai", start), _rows(start, [*speeds, 60, 60]))

    assert [value for *_, value in _indices(figures)] == [2.0, 2.0, 0.0]


def test_a_day_with_too_few_windows_has_no_figures() -> None:
    start = _ns(2026, 3, 2, zone="Asia/Shanghai")

    assert said(_engine("Asia/Shanghai", start), _rows(start, [*[30.0] * 11, *[None] * 13, 60, 60]))[1] == []


def test_a_silent_day_between_is_told_once_and_no_more() -> None:
    start = _ns(2026, 3, 2, zone="Asia/Shanghai")
    rows = [*_rows(start, DAY), *_rows(start + 3 * 86_400 * SECOND, [60.0, 60.0])]

    _, figures = said(_engine("Asia/Shanghai", start), rows)

    assert [figure.ts for figure in figures] == [start + 86_400 * SECOND] * 3


def test_cuts_and_restarts_do_not_show() -> None:
    start = _ns(2026, 3, 2, zone="Asia/Shanghai")
    rng = np.random.default_rng(4)
    rows = _rows(start, rng.uniform(10, 60, 80).tolist())
    whole = said(_engine("Asia/Shanghai", start, least=20), rows)

    assert len(whole[1]) == 9
    for _ in range(4):
        cuts = sorted(rng.integers(0, len(rows), 6).tolist())
        assert said(_engine("Asia/Shanghai", start, least=20), rows, cuts, restarts=True) == whole
