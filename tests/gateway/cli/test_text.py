"""Figures and strangers' texts, made fit for a terminal."""

import pytest

from gateway.cli.text import clean, count, duration, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a/b", "a/b"), ("\x1b[2J\n", "�[2J�"), ("广州", "广州"), ("\u202eabc", "�abc"), ("x" * 9, "xxxxxxx…")],
)
def test_a_text_can_not_move_the_cursor_and_is_cut(text: str, shown: str) -> None:
    assert clean(text, 8) == shown


@pytest.mark.parametrize(("number", "shown"), [(0, "0"), (3.25, "3.2"), (9.0, "9"), (12.7, "13"), (12_345, "12,345")])
def test_counts_have_a_decimal_below_ten_only(number: float, shown: str) -> None:
    assert count(number) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_147_483_648, "2.1 GB"), (5e15, "5000.0 TB")]
)
def test_sizes_have_the_unit_that_fits(number: float, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(("secs", "shown"), [(0.00123, "1.2 ms"), (1.5, "1.5 s"), (119, "119.0 s"), (600, "10 min")])
def test_durations_have_the_unit_that_fits(secs: float, shown: str) -> None:
    assert duration(secs) == shown
