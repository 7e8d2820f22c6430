"""Hours of a city in UTC."""

from datetime import UTC, datetime

import numpy as np
import pytest

from gateway.engine.timezone import EPOCH_DAY, clock_times, day_edges


def _utc(day: str, timezone: str, minutes: int) -> str:
    number = (datetime.fromisoformat(day) - datetime(1970, 1, 1)).days - EPOCH_DAY  # noqa: DTZ001
    ns = int(clock_times(timezone, minutes)[number])
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("day", "timezone", "minutes", "utc"),
    [
        ("2026-03-01", "Asia/Shanghai", 120, "02-28T18:00"),
        ("2026-03-28", "Europe/Berlin", 300, "03-28T04:00"),
        # 02:00 is skipped: it is the moment of the change; 05:00 comes an hour sooner
        ("2026-03-29", "Europe/Berlin", 120, "03-29T01:00"),
        ("2026-03-29", "Europe/Berlin", 150, "03-29T01:30"),
        ("2026-03-29", "Europe/Berlin", 300, "03-29T03:00"),
        # 02:00 comes twice: the first one
        ("2026-10-25", "Europe/Berlin", 120, "10-25T00:00"),
        ("2026-10-25", "Europe/Berlin", 300, "10-25T04:00"),
    ],
)
def test_a_clock_time_is_that_of_the_days_own_offset(day: str, timezone: str, minutes: int, utc: str) -> None:
    assert _utc(day, timezone, minutes) == utc


def test_midnights_are_the_edges_of_days_and_some_days_are_shorter_or_longer() -> None:
    edges = day_edges("Europe/Berlin")

    assert np.array_equal(edges, clock_times("Europe/Berlin", 0))
    assert set((np.diff(edges) // 3_600_000_000_000).tolist()) == {23, 24, 25}
