"""Figures and times as people read them: digits that matter, units, local time of the city."""

from datetime import datetime, tzinfo
from math import isfinite

__all__ = ["UNITS", "clock_time", "count", "figure", "local_time", "size", "with_unit"]

UNITS = {
    "1": "", "ratio": "", "Cel": "°C", "m3/h": "m³/h", "m3": "m³", "km/h": "km/h", "%LEL": "%LEL", "%vol": "%vol",
    "ug/m3": "µg/m³", "deg": "°",
}  # fmt: skip
_LARGE = 10_000


def figure(value: float | None, unit: str = "") -> str:
    """Four digits that matter; a ratio as a percentage; a dash where nothing is known."""
    if value is None or not isfinite(value):
        return "–"
    if unit == "ratio":
        return f"{value * 100:.3g}"
    if abs(value) >= _LARGE:
        return f"{value:,.0f}"
    text = f"{value:.4g}"
    return "0" if text == "-0" else text


def with_unit(value: float | None, unit: str) -> str:
    """A figure and its unit."""
    said = "%" if unit == "ratio" else UNITS.get(unit, unit)
    return f"{figure(value, unit)} {said}".rstrip()


def count(number: float | None) -> str:
    """A number of things."""
    return "–" if number is None else f"{number:,.0f}"


def size(number: float | None) -> str:
    """Bytes, in powers of 1024."""
    if number is None:
        return "–"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def local_time(ns: int, zone: tzinfo) -> str:
    """Date and time of the city, to the second."""
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, zone):%Y-%m-%d %H:%M:%S}"


def clock_time(ns: int, zone: tzinfo, today: int) -> str:
    """As short as it is clear: the time, with the day where it is not the day of `today`."""
    when = datetime.fromtimestamp(ns // 1_000_000_000, zone)
    same = when.date() == datetime.fromtimestamp(today // 1_000_000_000, zone).date()
    return f"{when:%H:%M:%S}" if same else f"{when:%m-%d %H:%M}"
