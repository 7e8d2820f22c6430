"""Which place holds the event time, and how it is written: by what it reads as, and how near that is to the receipt."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gateway.codecs.timestamps import time_parser
from gateway.config.profile_model import TimeSpec
from gateway.workshop.leaves import Scalar
from gateway.workshop.records import Record

__all__ = ["TimeGuess", "formats_of", "guess_time", "looks_like_time_name", "offset_secs"]

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_FROM, _TO = 1_420_070_400 * _SECOND, 2_366_841_600 * _SECOND  # 2015 to 2045
_BEHIND, _AHEAD = 400 * _DAY, 2 * _DAY
_NEAR = _DAY
"""What has no name of a time must be as near as this to its receipt, to be one."""
_EPOCHS = {"unix_s": _SECOND, "unix_ms": 1_000_000, "unix_us": 1_000, "unix_ns": 1}
_NAME = re.compile(
    r"ts|t|at|when|utc|epoch|clock|.*(?:time|date|stamp|observed|measured|sampled|recorded|last_?seen).*|.*_(?:at|ts|utc)",
    re.IGNORECASE,
)
_KEY = re.compile(r"""[^."\[\]]+|"[^"]*\"""")
_NUMBER = re.compile(r"-?[0-9]{9,19}(?:\.[0-9]+)?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?")
_BASIC = re.compile(r"\d{8}T?\d{6}(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")
_BASIC_NAIVE = re.compile(r"(?:19|20)\d{6}T?\d{6}")


@dataclass(frozen=True, slots=True)
class TimeGuess:
    """A place of event times."""

    path: str
    format: str
    numbers: str | None
    """What numbers among texts are."""
    interval: bool
    """Some are ISO 8601 intervals."""
    count: int
    """Records that have one."""
    of: int
    """Records that might."""
    lag_secs: float | None
    """Median of receipt minus event time (of local times: as if they were UTC); None without receipts."""
    example: str

    def readings(self, value: Scalar, receipt: int | None) -> Iterator[tuple[str, int]]:
        """(format, UTC ns) of a value at this place, in its format."""
        wanted = {self.format, self.numbers, "rfc3339" if self.format == "iso_basic" else None}
        return ((name, ns) for name, ns in formats_of(value, receipt) if name in wanted)


def looks_like_time_name(path: str) -> bool:
    """Whether the last key of a path is what times are called."""
    keys = [key for key in _KEY.findall(path) if key not in ("$", "^", "value", "@value")]
    return bool(keys) and _NAME.fullmatch(keys[-1].strip('"')) is not None


def formats_of(value: Scalar, receipt: int | None) -> Iterator[tuple[str, int]]:
    """(format, UTC ns) of each way to read a value as a time that is plausible at `receipt`; local as if UTC."""
    low, high = (_FROM, _TO) if receipt is None else (receipt - _BEHIND, receipt + _AHEAD)
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float) or _NUMBER.fullmatch(value):
        text = "local" if isinstance(value, str) and _BASIC_NAIVE.fullmatch(value) else ""
        size = abs(float(value)) if not isinstance(value, int) or abs(value) < 1 << 70 else 0.0
        formats = ([text] if text else []) + [name for name, unit in _EPOCHS.items() if _FROM <= size * unit <= _TO]
    elif _RFC3339.fullmatch(value.partition("/")[0]):
        formats = ["rfc3339"]
    elif _NAIVE.fullmatch(value.partition("/")[0]) or _BASIC_NAIVE.fullmatch(value):
        formats = ["local"]
    elif _BASIC.fullmatch(value):
        formats = ["iso_basic"]
    else:
        return
    for name in formats:
        ns = _read(value, name)
        if ns is not None and low <= ns <= high:
            yield name, ns


def _read(value: Any, name: str) -> int | None:
    zone = "UTC" if name == "local" else None
    interval = "end" if isinstance(value, str) and "/" in value else None
    spec = TimeSpec.model_validate({"path": "x", "format": name, "zone": zone, "interval": interval})
    times, good = time_parser(spec)([value])
    return int(times[0]) if good[0] else None


def guess_time(records: Sequence[Record], receipts: Sequence[int | None]) -> list[TimeGuess]:
    """All places that hold times, the likeliest first."""
    paths = dict.fromkeys(path for record in records for path in record.values)
    found = [
        (guess, spread)
        for path in paths
        if (guess := _at(path, records, receipts))
        for spread in [_varies(path, records)]
    ]
    messages = len({record.message for record in records})

    def rank(one: tuple[TimeGuess, bool]) -> tuple[Any, ...]:
        guess, varies = one
        still = messages >= 3 and not varies
        inside = not guess.path.startswith(("$.", "^."))
        # of several the earliest: a server's receipt comes after what was measured
        return (still, 10 * guess.count < 9 * guess.of, not inside, -(guess.lag_secs or 0.0), guess.path)

    return [guess for guess, _ in sorted(found, key=rank)]


def _varies(path: str, records: Sequence[Record]) -> bool:
    return len({record.values[path] for record in records if path in record.values}) > 1


def _at(path: str, records: Sequence[Record], receipts: Sequence[int | None]) -> TimeGuess | None:
    named = looks_like_time_name(path)
    counts: Counter[str] = Counter()
    times: dict[str, list[tuple[int, int | None]]] = {}
    there, texts, interval, example = 0, 0, False, ""
    for record in records:
        value = record.values.get(path)
        if value is None or value == "":
            continue
        there += 1
        receipt = receipts[record.message]
        for name, ns in formats_of(value, receipt):
            if not named and (receipt is None or (name in _EPOCHS and abs(ns - receipt) > _NEAR)):
                continue
            counts[name] += 1
            times.setdefault(name, []).append((ns, receipt))
            example = example or str(value)
            interval = interval or (isinstance(value, str) and "/" in value)
            texts += isinstance(value, str) and name not in _EPOCHS
    if not counts or 10 * sum(counts.values()) < 9 * there:
        return None
    order = sorted(counts, key=lambda name: (-counts[name], name != "local", name))
    name, numbers = order[0], None
    mixed = [one for one in order if (one in _EPOCHS) != (name in _EPOCHS)]
    if mixed and texts and counts[name] < there:
        other = mixed[0]
        name, numbers = (other, name) if name in _EPOCHS else (name, other)
    if {"rfc3339", "iso_basic"} <= counts.keys():
        name = "iso_basic"  # takes both
    lags = [(receipt - ns) / _SECOND for ns, receipt in times[name] if receipt is not None]
    lag = median(lags) if lags else None
    return TimeGuess(path, name, numbers, interval, there, len(records), lag, example)


def offset_secs(guess: TimeGuess) -> int | None:
    """How far local times are ahead of UTC, to a quarter of an hour; None: nobody knows, or it is no such."""
    if guess.lag_secs is None:
        return None
    offset = round(-guess.lag_secs / 900) * 900
    return offset if abs(offset) <= 14 * 3600 else None
