"""Offsets from UTC out of local midnights: what zoneinfo says, but for the hours in which clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from processors.detectors.wall_clock import wall_clock_offset

HOUR = 3600 * 10**9


def _midnights(zone: ZoneInfo, first: datetime, days: int) -> list[int]:
    return [round((first + timedelta(days=k)).replace(tzinfo=zone).timestamp()) * 10**9 for k in range(days)]


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC"]
)
def test_it_is_what_the_zone_says_at_every_hour_from_three_on(zone: str) -> None:
    place = ZoneInfo(zone)
    edges = np.array(_midnights(place, datetime(2026, 1, 1), 365))  # noqa: DTZ001  the zone is attached above
    ts = np.arange(edges[0], edges[-1], HOUR)
    local = [datetime.fromtimestamp(each // 10**9, UTC).astimezone(place) for each in ts.tolist()]
    expected = [round(each.utcoffset().total_seconds()) * 10**9 for each in local]  # type: ignore[union-attr]
    found = wall_clock_offset(ts, edges)
    settled = np.array([each.hour > 3 for each in local])

    assert (found[settled] == np.array(expected)[settled]).all()
    # on days of 23 and 25 hours an hour or two of the night may be taken for the one beside it
    assert np.abs(found - expected).max() <= HOUR
    assert (found != expected).sum() <= 6


def test_days_change_at_local_midnight_and_weeks_with_them() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    edges = np.array(_midnights(berlin, datetime(2026, 3, 27), 5))  # noqa: DTZ001
    # Sunday 2026-03-29 has 23 hours
    local = np.stack([edges - 1, edges]) + wall_clock_offset(np.stack([edges - 1, edges]).ravel(), edges).reshape(2, 5)
    days = local // (24 * HOUR)

    assert (days[1] - days[0] == 1).all()
    assert (np.diff(days[1]) == 1).all()
    assert (local[1] % (24 * HOUR) == 0).all()


def test_without_midnights_local_time_is_utc() -> None:
    ts = np.arange(-5, 100) * HOUR

    assert not wall_clock_offset(ts, np.empty(0, np.int64)).any()
