"""Times and spans as they stand in a question: RFC 3339, unix seconds or "now-6h"; spans such as 15m."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from gateway.api.problems import Problem

__all__ = ["STEPS", "From", "To", "is_relative", "parse_time", "step_of", "within_reach"]

From = Annotated[str, Query(alias="from", max_length=64, description="RFC 3339, unix seconds, or now-6h.")]
To = Annotated[str, Query(max_length=64, description="The same; not included.")]

STEPS = {"10s": 10, "1m": 60, "15m": 900, "1h": 3600, "1d": 86400}
_SPAN = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_UNIX = re.compile(r"-?[0-9]{1,12}")
_SECS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FRACTION = re.compile(r"([0-9]{2}:[0-9]{2}:[0-9]{2})[.,]([0-9]+)")
_DIGITS = 9
_FIRST, _LAST = -(1 << 62), 1 << 62


def parse_time(text: str, now: int, name: str) -> int:
    """UTC ns. `now`: the city's clock; `name`: of the parameter, for the problem. Raises Problem (400)."""
    text = text.strip().replace(" ", "+")  # a plus that was not escaped
    ns = _relative(text, now)
    if ns is None:
        ns = _absolute(text, name)
    if not within_reach(ns):
        raise Problem("wrong-question", f"{name}: {text!r} is out of reach.", "Years 1824 to 2116 are.")
    return ns


def is_relative(text: str) -> bool:
    """Whether a time needs the city's clock to be read."""
    return text.strip().startswith("now")


def within_reach(ns: int) -> bool:
    """Whether a time is one that databases and columns hold."""
    return _FIRST < ns < _LAST


def _relative(text: str, now: int) -> int | None:
    if text == "now":
        return now
    if text.startswith("now-") and (span := _SPAN.fullmatch(text[4:])):
        return now - int(span[1]) * _SECS[span[2]] * 1_000_000_000
    return int(text) * 1_000_000_000 if _UNIX.fullmatch(text) else None


def _absolute(text: str, name: str) -> int:
    fraction = _FRACTION.search(text)
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        if at.tzinfo is None:
            raise ValueError("no offset")
        if fraction and len(fraction[2]) > _DIGITS:
            raise ValueError("finer than a nanosecond")
        secs = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    except (ValueError, OverflowError) as error:
        raise Problem(
            "wrong-question", f"{name}: {text!r} is no time.",
            "Write 2026-03-02T07:15:00+08:00, 2026-03-01T23:15:00Z, unix seconds, or now-6h.",
        ) from error  # fmt: skip
    return secs * 1_000_000_000 + (int(fraction[2].ljust(9, "0")) if fraction else 0)


def step_of(text: str) -> int:
    """Seconds of a window's length; 0: readings. Raises Problem (400)."""
    if text in ("", "raw"):
        return 0
    if text not in STEPS:
        raise Problem("wrong-question", f"step: there are no windows of {text!r}.", f"There are {', '.join(STEPS)}.")
    return STEPS[text]
