"""Times and spans as people type them."""

from zoneinfo import ZoneInfo

import pytest

from gateway.cli.times import parse_span, parse_time
from gateway.errors import CommandError

CITY = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("", 0),
        ("2026-03-02T07:00", 1_772_406_000_000_000_000),
        ("2026-03-02 07:00:00.5", 1_772_406_000_500_000_000),
        ("2026-03-01T23:00:00Z", 1_772_406_000_000_000_000),
        ("2026-03-01T23:00:00.123456789Z", 1_772_406_000_123_456_789),
        ("2026-03-02T07:00:00.0000005", 1_772_406_000_000_000_500),
        ("2026-03-02T07:00:00+08:00", 1_772_406_000_000_000_000),
        ("2026-03-02", 1_772_380_800_000_000_000),
    ],
)
def test_a_time_without_an_offset_is_the_citys(text: str, ns: int) -> None:
    assert parse_time(text, CITY) == ns


@pytest.mark.parametrize(("text", "secs"), [("30s", 30), ("15m", 900), ("1.5h", 5400), ("2d", 172_800)])
def test_a_span_has_a_unit(text: str, secs: float) -> None:
    assert parse_span(text) == secs


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1 h", "1w", "٣s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        parse_span(text)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("text", ["yesterday", "07:00", "2026-13-01", "0001-01-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        parse_time(text, CITY)
    assert refused.value.exit_code == 2
