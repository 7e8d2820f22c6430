"""RFC 3339 texts to UTC nanoseconds, exact, a batch at a time in arrays of bytes.

2026-03-01T12:00:00[.1 to .999999999](Z | +08:00)      `t`, `z` and a blank for the T are taken too
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse_datetimes"]

_WIDTH = 40
_SECOND = 1_000_000_000
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_SCALES = 10 ** np.arange(8, -1, -1, dtype=np.int64)
_ZERO = ord("0")


def parse_datetimes(texts: Sequence[str], *, zoned: bool = True) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(ns, good) of each text; ns is 0 where not good.

    With `zoned` a text must end in `Z` or an offset; without, it must not, and ns is as if it were UTC.
    Years 1678 to 2261, what int64 nanoseconds can hold. A second of 60 is taken at minute 59 only.
    """
    size = len(texts)
    lengths = np.fromiter(map(len, texts), np.int64, size)
    if size and (lengths.max() > _WIDTH or not all(map(str.isascii, texts))):
        texts = [text if len(text) <= _WIDTH and text.isascii() else "" for text in texts]
        lengths = np.fromiter(map(len, texts), np.int64, size)
    raw = np.array(texts, dtype=f"S{_WIDTH}").view(np.uint8).reshape(size, _WIDTH)
    digits = raw[:, _DIGITS] - np.uint8(_ZERO)  # what is below "0" wraps to above 9
    good = (lengths >= 19) & (digits <= 9).all(axis=1)
    for place, sign in ((4, "-"), (7, "-"), (13, ":"), (16, ":")):
        good &= raw[:, place] == ord(sign)
    good &= _either(raw[:, 10], "Tt ")

    end, offset = _zone(raw, lengths, good) if zoned else (lengths, np.zeros(size, np.int64))
    fraction = _fraction(raw, end, good)
    seconds = _seconds(digits.astype(np.int64), good)
    return np.where(good, (seconds - offset) * _SECOND + fraction, 0), good


def _zone(
    raw: NDArray[np.uint8], lengths: NDArray[np.int64], good: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the zone starts and its offset in seconds; clears `good` where there is none."""
    rows = np.arange(len(raw))
    utc = _either(raw[rows, np.maximum(lengths - 1, 0)], "Zz")
    end = lengths - np.where(utc, 1, 6)
    good &= end >= 19
    offset = np.zeros(len(raw), np.int64)
    if not utc.all():
        at = np.clip(end, 0, _WIDTH - 6)
        zone = raw[rows[:, None], at[:, None] + np.arange(6)]
        parts = (zone[:, [1, 2, 4, 5]] - np.uint8(_ZERO)).astype(np.int64)
        hours, minutes = parts[:, 0] * 10 + parts[:, 1], parts[:, 2] * 10 + parts[:, 3]
        signed = _either(zone[:, 0], "+-") & (zone[:, 3] == ord(":"))
        good &= utc | (signed & (parts <= 9).all(axis=1) & (hours < 24) & (minutes < 60))
        offset = np.where(utc, 0, np.where(zone[:, 0] == ord("-"), -1, 1) * (hours * 3600 + minutes * 60))
    return end, offset


def _fraction(raw: NDArray[np.uint8], end: NDArray[np.int64], good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Nanoseconds behind the point; clears `good` where it is malformed."""
    count = end - 20  # digits; -1: no point
    if (count == -1).all():
        return np.zeros(len(raw), np.int64)
    good &= (count == -1) | ((raw[:, 19] == ord(".")) & (count >= 1) & (count <= 9))
    used = np.arange(9) < count[:, None]
    digits = raw[:, 20:29] - np.uint8(_ZERO)
    good &= ((digits <= 9) | ~used).all(axis=1)
    nanoseconds: NDArray[np.int64] = np.where(used, digits.astype(np.int64), 0) @ _SCALES
    return nanoseconds


def _seconds(digits: NDArray[np.int64], good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Seconds since 1970 of the fourteen digits; clears `good` where there is no such moment."""
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digits[:, k] * 10 + digits[:, k + 1] for k in range(4, 14, 2))
    good &= (year >= 1678) & (year <= 2261) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60)
    good &= (second < 60) | ((second == 60) & (minute == 59))
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    good &= (day >= 1) & (day <= following - first)
    seconds: NDArray[np.int64] = (first + day - 1) * 86400 + hour * 3600 + minute * 60 + second
    return seconds


def _either(column: NDArray[np.uint8], signs: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column == ord(signs[0])
    for sign in signs[1:]:
        found |= column == ord(sign)
    return found
