"""Figures and times as people read them."""

from zoneinfo import ZoneInfo

import pytest

from gateway.console.view.format import clock_time, count, local_time, size, with_unit

GUANGZHOU = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "V", "– V"), (float("nan"), "1", "–"), (230.123, "V", "230.1 V"), (0.0721, "ratio", "7.21 %"),
        (123456.7, "kWh", "123,457 kWh"), (-0.0, "m", "0 m"), (21.5, "Cel", "21.5 °C"), (2.5, "1", "2.5"),
    ],
)  # fmt: skip
def test_a_figure_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text


def test_numbers_and_sizes() -> None:
    assert (count(12345), count(None)) == ("12,345", "–")
    assert (size(512), size(2048), size(5 << 30), size(None)) == ("512 B", "2.0 KiB", "5.0 GiB", "–")


def test_times_are_the_citys() -> None:
    ns = 1_772_435_700_000_000_000  # 2026-03-02T07:15:00Z
    assert local_time(ns, GUANGZHOU) == "2026-03-02 15:15:00"
    assert clock_time(ns, GUANGZHOU, ns + 3_600_000_000_000) == "15:15:00"
    assert clock_time(ns, GUANGZHOU, ns + 86_400_000_000_000) == "03-02 15:15"
