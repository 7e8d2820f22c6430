"""Event times: exact to the nanosecond, judged against the standard library's own arithmetic."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.rfc3339 import parse_datetimes
from gateway.codecs.timestamps import time_parser
from gateway.config.profile_model import TimeSpec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = datetime(1700, 1, 1), datetime(2261, 1, 1)  # noqa: DTZ001  # hypothesis wants naive ends


def ns_of(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def read(format_: Any, *values: Any, **spec: Any) -> list[int | None]:
    ts, good = time_parser(TimeSpec(path=("ts",), format=format_, **spec))(values)
    return [int(t) if g else None for t, g in zip(ts, good, strict=True)]


@given(
    st.datetimes(EARLIEST, LATEST), st.integers(0, 9), st.integers(0, 10**9 - 1),
    st.integers(-1439, 1439),
)  # fmt: skip
def test_rfc3339_is_exact_for_any_digits_and_offset(local: datetime, digits: int, ns: int, offset: int) -> None:
    local = local.replace(microsecond=0)
    fraction = f"{ns:09d}"[:digits]
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    point = f".{fraction}" if fraction else ""
    expected = ns_of(local.replace(tzinfo=UTC) - timedelta(minutes=offset)) + int(fraction.ljust(9, "0") or 0)
    texts = [f"{local.isoformat()}{point}{zone}", f"{local.isoformat()}{point}Z"]
    ts, good = parse_datetimes(texts)
    assert good.all()
    assert ts.tolist() == [expected, expected + offset * 60 * 10**9]


@pytest.mark.parametrize(
    "text",
    [
        "", "Z", "now", "2026-03-01", "2026-03-01T12:00:00", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:60Z", "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00.1234567890Z", "2026-03-01T12:00:00,5Z", "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+0800", "2026-03-01T12:00:00.5+08:0x", "2026-03-01T12:00:00Z\0", "2026-03-01T12:00:00Zz",
        "٢٠٢٦-03-01T12:00:00Z", "9999-01-01T00:00:00Z", "1677-01-01T00:00:00Z", "2026/03/01T12:00:00Z",
        "2026-03-01T12:00:00.12-", "-026-03-01T12:00:00Z", "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_rfc3339_costs_only_itself(text: str) -> None:
    ts, good = parse_datetimes(["2026-03-01T12:00:00Z", text, "2026-03-01T12:00:00.5Z"])
    assert good.tolist() == [True, False, True]
    assert ts.tolist() == [1772366400 * 10**9, 0, 1772366400 * 10**9 + 5 * 10**8]


def test_lower_case_blanks_and_leap_seconds_are_taken() -> None:
    texts = ["2026-03-01t12:00:00z", "2026-03-01 12:00:00Z", "2016-12-31T23:59:60Z"]
    ts, good = parse_datetimes(texts)
    assert good.all()
    assert ts.tolist() == [1772366400 * 10**9, 1772366400 * 10**9, ns_of(datetime(2017, 1, 1, tzinfo=UTC))]


def test_epochs_of_every_unit_agree() -> None:
    expected = 1_772_366_400_123_000_000
    assert read("unix_s", 1772366400.123, "1772366400.123") == [expected, expected]
    assert read("unix_ms", 1772366400123, 1772366400123.0, "1772366400123") == [expected] * 3
    assert read("unix_us", 1772366400123000) == [expected]
    assert read("unix_ns", 1772366400123000000, "1772366400123000000") == [expected, expected]
    assert read("unix_ns", 1772366400123456789) == [1772366400123456789]
    assert read("unix_ms", 1772366400123.456) == [1772366400123456000]
    assert read("unix_s", -5.5, -1, "-0.25") == [-5_500_000_000, -1_000_000_000, -250_000_000]


@given(st.lists(st.integers(-(4 * 10**15), 4 * 10**15), min_size=1, max_size=5), st.sampled_from(["unix_s", "unix_ms"]))
def test_float_epochs_mean_their_shortest_text(micros: list[int], format_: str) -> None:
    per_us = 10**6 if format_ == "unix_s" else 10**3
    floats = [micro / per_us for micro in micros]
    unit = per_us * 1000
    assert read(format_, *floats) == [int(Decimal(repr(value)) * unit) for value in floats]


def test_epochs_beyond_what_can_be_held_are_bad_each_by_itself() -> None:
    assert read("unix_s", 1, 10**40, 2**63, -(2**63), 1e300, "1e5", "x", "9" * 29, "", 2) == [
        10**9, None, None, None, None, None, None, None, None, 2 * 10**9,
    ]  # fmt: skip
    assert read("unix_s", float("inf"), 1.5) == [None, 1_500_000_000]


def test_the_hour_that_comes_twice_follows_the_rule() -> None:
    twice, skipped, plain = "2026-10-25T02:30:00", "2026-03-29T02:30:00", "2026-07-01T12:00:00.25"
    summer, winter = ns_of(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)), ns_of(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    sprung = ns_of(datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    noon = ns_of(datetime(2026, 7, 1, 10, 0, tzinfo=UTC)) + 250_000_000
    times = (twice, skipped, plain)
    assert read("local", *times, zone="Europe/Berlin", ambiguous="earlier") == [summer, sprung, noon]
    assert read("local", *times, zone="Europe/Berlin", ambiguous="later") == [winter, sprung, noon]
    assert read("local", *times, zone="Europe/Berlin", ambiguous="reject") == [None, None, noon]


def test_local_times_are_compact_or_not_and_an_offset_of_their_own_counts() -> None:
    noon = 1772337600 * 10**9
    texts = ("20260301120000", "2026-03-01 12:00:00", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00+08:00")
    assert read("local", *texts, zone="Asia/Shanghai") == [noon, noon, noon + 28800 * 10**9, noon]


def test_basic_iso_takes_the_extended_form_too() -> None:
    noon = 1772366400 * 10**9
    texts = ("20260301T120000Z", "20260301T200000.000+08:00", "2026-03-01T12:00:00.000Z", "20260301T120000", "20260301")
    assert read("iso_basic", *texts) == [noon, noon, noon, None, None]


def test_an_empty_batch_has_no_times() -> None:
    for format_ in ("unix_ms", "rfc3339"):
        ts, good = time_parser(TimeSpec(path=("ts",), format=format_))([])
        assert (len(ts), len(good), ts.dtype) == (0, 0, np.dtype(np.int64))
