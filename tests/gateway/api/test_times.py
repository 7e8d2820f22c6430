"""Times and steps in a question: what each spelling means, and that none leads beyond what a column holds."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.problems import Problem
from gateway.api.times import parse_time, step_of, within_reach

NOW = 1_772_407_800_000_000_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("now", NOW), ("now-6h", NOW - 6 * 3600 * 10**9), ("now-90s", NOW - 90 * 10**9),
        ("1772407800", NOW), ("-1", -(10**9)), ("2026-03-01T23:30:00Z", NOW), ("2026-03-02T07:30:00+08:00", NOW),
        ("2026-03-02T07:30:00 08:00", NOW), ("2026-03-01T23:30:00.000000001Z", NOW + 1),
        ("2026-03-01T23:30:00.5Z", NOW + 500_000_000), ("2026-03-01T23:30:00,25Z", NOW + 250_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)  # fmt: skip
def test_a_time_has_several_spellings(text: str, ns: int) -> None:
    assert parse_time(text, NOW, "from") == ns


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "2026-03-01T23:30:00", "2026-13-01T00:00:00Z", "now+1h", "now-1y", "now-", "1e9", "٣",
        "2026-03-01T23:30:00.1234567890Z", "now-٣h", "nan", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "999999999999", "-999999999999", "now-999999999d", "\0", "2026-03-01T23:30:00Z; DROP TABLE",
    ],
)  # fmt: skip
def test_what_is_no_time_or_out_of_reach_is_refused_by_name(text: str) -> None:
    with pytest.raises(Problem, match="from: ") as refused:
        parse_time(text, NOW, "from")
    assert refused.value.kind == "wrong-question"
    assert refused.value.remedy


@given(st.text(max_size=40) | st.from_regex(r"now-[0-9]{1,9}[smhd]|-?[0-9]{1,12}", fullmatch=True))
def test_whatever_is_written_is_within_reach_or_refused(text: str) -> None:
    with suppress(Problem):
        assert within_reach(parse_time(text, NOW, "to"))


def test_steps() -> None:
    assert [step_of(text) for text in ("", "raw", "10s", "1m", "15m", "1h", "1d")] == [0, 0, 10, 60, 900, 3600, 86400]
    with pytest.raises(Problem, match="no windows of '5m'"):
        step_of("5m")
