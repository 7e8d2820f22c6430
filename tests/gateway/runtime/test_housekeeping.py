"""Which rows of the inbox stay for whoever looks at recent messages."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.runtime.housekeeping import kept_from

MIB = 1 << 20


@pytest.mark.parametrize(
    ("floor", "end", "used", "quota", "kept"),
    [
        (50_000, 60_000, MIB, 2048 * MIB, 50_000),
        (59_000, 60_000, MIB, 2048 * MIB, 50_000),  # the newest 10,000
        (20_000, 60_000, MIB, 2048 * MIB, 20_000),  # what is needed stays in any case
        (500, 600, MIB, 2048 * MIB, 0),
        (59_000, 60_000, 64 * MIB, 2048 * MIB, 59_000),  # large payloads
        (59_000, 60_000, 2 * MIB, 16 * MIB, 59_000),  # a small quota
    ],
)
def test_the_newest_rows_stay_while_they_take_little_room(
    floor: int, end: int, used: int, quota: int, kept: int
) -> None:
    inbox: Any = SimpleNamespace(end_offset=end, bytes_used=used, quota_bytes=quota)
    assert kept_from(floor, inbox) == kept
