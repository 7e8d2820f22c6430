"""Event times of a batch to UTC nanoseconds, by the format that the profile names; exact, not through floats."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.rfc3339 import parse_datetimes
from gateway.config.profile_model import TimeSpec

__all__ = ["NUMBER", "RECEIPT", "Times", "decimal_ns", "time_parser"]

RECEIPT = int(np.iinfo(np.int64).min)
"""Event time of a record that carries none: the engine stamps its receipt."""

Times = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""(UTC ns, good)."""

_NS = {"unix_s": 1_000_000_000, "unix_ms": 1_000_000, "unix_us": 1_000, "unix_ns": 1}
_BOUND = 1 << 62  # years 1824 to 2116: sums with an interval can't overflow
NUMBER = re.compile(r"(-?[0-9]{1,30})(?:\.([0-9]{1,30}))?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T?([0-9]{2})([0-9]{2})([0-9]{2})(.*)", re.DOTALL)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # local times are counted from a naive one


def time_parser(spec: TimeSpec) -> Callable[[Sequence[Any]], Times]:
    """How the values of one batch (int, float or str for epochs and `numbers`, else str) are read."""
    if spec.numbers is not None:
        texts, unit = time_parser(spec.model_copy(update={"numbers": None})), _NS[spec.numbers]
        return lambda values: _either(values, texts, unit)
    if spec.format in _NS:
        unit = _NS[spec.format]
        return lambda values: _epochs(values, unit)
    if spec.interval is not None:
        moment, end = time_parser(spec.model_copy(update={"interval": None})), spec.interval == "end"
        return lambda values: moment([_end_of(value, end=end) for value in values])
    if spec.format == "rfc3339":
        return parse_datetimes
    if spec.format == "iso_basic":
        return lambda values: parse_datetimes([_extended(value) for value in values])
    if spec.format == "local":
        zone, rule = ZoneInfo(spec.zone or "UTC"), spec.ambiguous
        return lambda values: _locals(values, zone, rule)
    raise AssertionError(spec.format)


def _either(values: Sequence[Any], texts: Callable[[Sequence[Any]], Times], unit: int) -> Times:
    """Texts among numbers."""
    written = np.fromiter((isinstance(value, str) for value in values), np.bool_, len(values))
    ts, good = np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    for which, read in ((written, texts), (~written, lambda numbers: _epochs(numbers, unit))):
        places = np.flatnonzero(which)
        if len(places):
            ts[places], good[places] = read([values[k] for k in places.tolist()])
    return ts, good


def decimal_ns(value: float | str, unit: int) -> int | None:
    """Nanoseconds of an epoch in units of `unit` ns, from its shortest decimal text (1.001 s is 1001000000)."""
    text = value if isinstance(value, str) else repr(value)
    found = NUMBER.fullmatch(text)
    if found is not None:
        whole, fraction = found.groups()
        ns = int(whole) * unit
        if fraction is not None:
            # digits beyond a nanosecond are cut off
            part = int(fraction[:9].ljust(9, "0")) * unit // 1_000_000_000
            ns += -part if whole.startswith("-") else part
    elif isinstance(value, float) and isfinite(value):
        ns = int(Decimal(text) * unit)  # an exponent
    else:
        return None
    return ns if abs(ns) <= _BOUND else None


def _epochs(values: Sequence[Any], unit: int) -> Times:
    if set(map(type, values)) <= {int}:
        try:
            whole = np.array(values, np.int64)
        except OverflowError:
            pass  # one is beyond int64: each by itself
        else:
            good = (whole <= _BOUND // unit) & (whole >= -(_BOUND // unit))
            return np.where(good, whole, 0) * unit, good
    ts, good = np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    if unit >= 1000 and set(map(type, values)) <= {int, float}:
        ts, good = _floats(values, unit)
    for k in np.flatnonzero(~good).tolist():
        value = values[k]
        ns = _int_ns(value, unit) if isinstance(value, int) else decimal_ns(value, unit)
        if ns is not None:
            ts[k], good[k] = ns, True
    return ts, good


def _floats(values: Sequence[float], unit: int) -> Times:
    """Epochs of whole microseconds, and which ones are that.

    Below 2**52 us no two such texts read as the same float, so dividing back proves that it is the shortest text.
    """
    try:
        epochs = np.array(values, np.float64)
    except OverflowError:
        return np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_)
    per_us = unit // 1000
    with np.errstate(over="ignore"):
        micros = np.rint(epochs * per_us)
    good = (np.abs(micros) < 1 << 52) & (micros / per_us == epochs)
    return np.where(good, micros, 0).astype(np.int64) * 1000, good


def _int_ns(value: int, unit: int) -> int | None:
    return value * unit if abs(value) <= _BOUND // unit else None


def _end_of(text: str, *, end: bool) -> str:
    """The start or the end of `a/b`; anything else as it is."""
    first, slash, last = text.partition("/")
    return last if slash and end else first


def _extended(text: str) -> str:
    """20260301T120000Z as 2026-03-01T12:00:00Z; anything else as it is."""
    found = _COMPACT.fullmatch(text)
    if found is None:
        return text
    year, month, day, hour, minute, second, rest = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{rest}"


def _locals(values: Sequence[str], zone: ZoneInfo, rule: str) -> Times:
    texts = [_extended(value) for value in values]
    ns, good = parse_datetimes(texts, zoned=False)
    for k in np.flatnonzero(good).tolist():
        offset = _offset(int(ns[k]) // 1_000_000_000, zone, rule)
        if offset is None:
            good[k] = False
        else:
            ns[k] -= offset * 1_000_000_000
    if not good.all():
        # a text that names its offset leaves nothing to guess
        own, named = parse_datetimes(texts)
        ns, good = np.where(named, own, ns), good | named
    return np.where(good, ns, 0), good


def _offset(local_secs: int, zone: ZoneInfo, rule: str) -> int | None:
    """Offset of a local time, in seconds; None: the rule refuses it."""
    local = (_EPOCH + timedelta(seconds=local_secs)).replace(tzinfo=zone)
    first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
    assert first is not None
    assert second is not None
    if first != second and rule == "reject":
        return None
    # in a gap the clock was put forward: the offset before it holds, whatever the rule
    chosen = second if rule == "later" and first > second else first
    return int(chosen.total_seconds())
