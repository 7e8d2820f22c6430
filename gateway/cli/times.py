"""Times and spans as people type them."""

from datetime import datetime, tzinfo
from re import fullmatch, search

from gateway.errors import CommandError

__all__ = ["STEPS", "local_text", "parse_moment", "parse_span", "parse_time"]

STEPS = {"10s": 10, "1m": 60, "15m": 900, "1h": 3600, "1d": 86400}
"""Steps of aggregates by the name they are asked for."""
_YEARS = (1900, 2100)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_moment(text: str, zone: tzinfo) -> int:
    """As `parse_time`, and UTC ns as digits stand for themselves."""
    return int(text) if text.isdigit() else parse_time(text, zone)


def parse_time(text: str, zone: tzinfo) -> int:
    """UTC ns of an ISO time, local to `zone` where it bears no offset; 0 for an empty text."""
    if not text:
        return 0
    try:
        when = datetime.fromisoformat(text)
        if not _YEARS[0] <= when.year <= _YEARS[1]:
            raise ValueError(f"years are {_YEARS[0]} to {_YEARS[1]}")
    except ValueError as error:
        raise CommandError(
            f"{text!r} is no time.", "Write it like 2026-03-02T07:00 or 2026-03-01T23:00:00Z.", 2
        ) from error
    if when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    finer = search(r"[.,]\d{6}(\d{1,3})", text)  # what the standard library leaves out
    return round(when.timestamp() * 1_000_000) * 1000 + (int(finer[1].ljust(3, "0")) if finer else 0)


def parse_span(text: str) -> float:
    """Seconds of a text such as 30s, 15m, 6h, 2d."""
    found = fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhd])", text)
    if found is None:
        raise CommandError(f"{text!r} is no length of time.", "Write it like 30s, 15m, 6h or 2d.", 2)
    return float(found[1]) * _UNITS[found[2]]


def local_text(ns: int, zone: tzinfo) -> str:
    """A time as tables show it, to the millisecond where it has such."""
    secs, rest = divmod(ns, 1_000_000_000)
    when = f"{datetime.fromtimestamp(secs, zone):%Y-%m-%d %H:%M:%S}"
    return f"{when}.{rest // 1_000_000:03d}" if rest else when
