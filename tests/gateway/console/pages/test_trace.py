"""Times as people write them."""

from zoneinfo import ZoneInfo

import pytest

from gateway.console.pages.trace import parse_time

GUANGZHOU = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("text", ["2026-03-02 15:15:00", "2026-03-02 15:15", " 2026-03-02T15:15 "])
def test_a_time_of_the_city(text: str) -> None:
    assert parse_time(text, GUANGZHOU) == 1_772_435_700_000_000_000


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01 00:00", "9999999-01-01 00:00"])
def test_what_is_none(text: str) -> None:
    assert parse_time(text, GUANGZHOU) is None
