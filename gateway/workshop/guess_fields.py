"""What may be a quantity, and what is a counter, a name, a secret or a text: from what was seen of each place."""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf, isfinite

from gateway.config.units import UnknownUnitError, conversion
from gateway.workshop.leaves import Scalar, leaf_kind
from gateway.workshop.message import is_secret_name
from gateway.workshop.records import Record

__all__ = ["Seen", "guess_sequence", "last_key", "likely_units", "look", "quantity_names"]

_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."\[\]]+)|\[(\d+)\]')
_VAGUE = frozenset({
    "value", "values", "val", "v", "reading", "readings", "data", "payload", "fields", "object", "params",
    "properties", "@value", "result",
})  # fmt: skip
_COUNTER = re.compile(
    r"(?:seq|sequence|cnt|count(?:er)?|f_?cnt|num|n|no|msg_?(?:id|no|num|cnt)|packet_?(?:id|no)?|frame)(?:_?(?:no|nr|num|number|id))?",
    re.IGNORECASE,
)
_RESERVED = frozenset({"flag", "time", "device", "revision", "series", "ts"})
_DISTINCT = 24
_UNITS: tuple[tuple[str, str], ...] = (
    (r"temp|(?:^|_)t(?:$|_)|dew", '"Cel" (degrees Celsius), "F" or "K"'),
    (r"hum|(?:^|_)rh?(?:$|_)", '"%" or "ratio"'),
    (r"press|baro|(?:^|_)bar", '"hPa", "kPa" or "bar"'),
    (r"batt?(?:ery)?|soc", '"V", "mV" or "%"'),
    (r"rssi|rsrp|signal", '"dBm"'),
    (r"snr|noise|leq|(?:^|_)db", '"dB"'),
    (r"volt|(?:^|_)u(?:$|_)|(?:^|_)u_?[abc123]", '"V" or "mV"'),
    (r"curr|amp|(?:^|_)i(?:$|_)", '"A" or "mA"'),
    (r"energy|kwh|wh$", '"kWh" or "Wh"'),
    (r"power|watt|(?:^|_)p(?:$|_)|kw$", '"kW" or "W"'),
    (r"freq|hz", '"Hz"'),
    (r"flow", '"m3/h", "l/s" or "veh/h"'),
    (r"vol", '"m3" or "l"'),
    (r"speed|wind|gust", '"km/h" or "m/s"'),
    (r"level|dist|depth|height", '"m", "cm" or "%"'),
    (r"rain|precip", '"mm" or "mm/h"'),
    (r"co2|(?:^|_)co(?:$|_)|voc|no2|ppm", '"ppm"'),
    (r"pm_?\d", '"ug/m3"'),
    (r"angle|dir|lat|lon|heading", '"deg"'),
    (r"count|num|veh|index|status|code", '"1" (a count has no unit)'),
    (r"occ|ratio|share|perc", '"ratio" or "%"'),
)


@dataclass(slots=True)
class Seen:
    """What stood at one place."""

    path: str
    count: int = 0
    """Records that have it, null or not."""
    nulls: int = 0
    kinds: set[str] = field(default_factory=set)
    low: float = inf
    high: float = -inf
    words: dict[str, int] = field(default_factory=dict)
    """Texts, `_DISTINCT` different ones at most; empty texts are nulls."""
    more_words: bool = False
    example: Scalar = None
    whole: bool = True
    """All its numbers are whole."""

    @property
    def is_secret(self) -> bool:
        """Whether its name is that of a secret."""
        return is_secret_name(last_key(self.path))

    @property
    def type(self) -> str:
        """What a field of it would be: number, numeric_string, boolean, enum; or "" where it is none."""
        kinds = self.kinds - {"null"}
        if kinds == {"number"}:
            return "number"
        if kinds and kinds <= {"number", "numeric_text"}:
            return "numeric_string"
        if kinds == {"flag"}:
            return "boolean"
        return "enum" if kinds and kinds <= {"text", "numeric_text"} and self.words else ""


def look(records: Sequence[Record]) -> dict[str, Seen]:
    """What stands at each place, in order of appearance."""
    found: dict[str, Seen] = {}
    for record in records:
        for path, value in record.values.items():
            seen = found.setdefault(path, Seen(path))
            seen.count += 1
            kind = "null" if value == "" else leaf_kind(value)
            seen.kinds.add(kind)
            if kind == "null":
                seen.nulls += 1
                continue
            if seen.example is None:
                seen.example = value
            if isinstance(value, str):
                if len(seen.words) < _DISTINCT or value in seen.words:
                    seen.words[value] = seen.words.get(value, 0) + 1
                else:
                    seen.more_words = True
            if kind in ("number", "numeric_text") and value is not None:
                number = float(value) if not isinstance(value, int) or abs(value) < 1 << 1000 else inf
                if isfinite(number):
                    seen.low, seen.high = min(seen.low, number), max(seen.high, number)
                    seen.whole = seen.whole and number.is_integer()
    return found


def last_key(path: str) -> str:
    """The last key of a path that says something."""
    keys = [quoted or plain or number for quoted, plain, number in _KEY.findall(path)]
    telling = [key for key in keys if key not in ("$", "^") and key.lower() not in _VAGUE and not key.isdecimal()]
    return telling[-1] if telling else keys[-1] if keys else path


def quantity_names(paths: Sequence[str]) -> dict[str, str]:
    """A quantity's name for each path: the last key that says something, and more of it where that says too little, or
    others end in it too."""
    keys = {path: _telling_keys(path) for path in paths}
    ends = Counter(each[-1] for each in keys.values())
    out: dict[str, str] = {}
    for path, each in keys.items():
        least = 2 if len(each[-1]) <= 2 or ends[each[-1]] > 1 else 1
        names = ["_".join(each[-size:]) for size in range(least, len(each) + 1)] or ["_".join(each)]
        stem = names[-1][:56]
        names += [f"{stem}_value", *(f"{stem}_{k}" for k in range(2, len(paths) + 4))]
        out[path] = next(name for name in names if name not in out.values() and _is_name(name))
    return out


def _telling_keys(path: str) -> list[str]:
    keys = [_snake(quoted or plain or number) for quoted, plain, number in _KEY.findall(path)]
    telling = [key for key in keys if key and key not in _VAGUE]
    while telling and not telling[0][0].isalpha() and len(telling) > 1:
        telling = telling[1:]
    if telling and not telling[0][0].isalpha():
        telling = [f"column_{telling[0]}"]
    return telling or ["value"]


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) is not None and not _is_reserved(name)


def _snake(key: str) -> str:
    text = re.sub(r"([a-z0-9])([A-Z][a-z])", r"\1_\2", key)
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _is_reserved(name: str) -> bool:
    return name in _RESERVED or name.endswith(("_flag", "_why"))


def likely_units(name: str, path: str) -> str:
    """Units that quantities of such a name often have, for a comment; empty: no idea."""
    end = re.split(r"[_\-. ]", last_key(path))[-1]
    if len(end) > 1 and end != last_key(path):
        with suppress(UnknownUnitError):
            conversion(end)
            return f'"{end}"'
    return next((units for pattern, units in _UNITS if re.search(pattern, name)), "")


def guess_sequence(records: Sequence[Record], devices: Sequence[str], seen: dict[str, Seen]) -> tuple[str, bool] | None:
    """(path, whether it was seen to count) of a number that grows by one a message of a device; the name must fit where
    little was seen. `devices` is the device of each record."""
    best: tuple[str, bool] | None = None
    for path, one in seen.items():
        if one.kinds - {"null"} != {"number"} or not one.whole or one.low < 0:
            continue
        last: dict[str, int] = {}
        steps = good = 0
        for record, device in zip(records, devices, strict=True):
            value = record.values.get(path)
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            if device in last and value != last[device]:
                steps += 1
                good += value == last[device] + 1
            last[device] = value
        named = _COUNTER.fullmatch(last_key(path)) is not None
        if steps >= 4 and 10 * good >= 8 * steps and (named or (good == steps and steps >= 10)):
            return path, True
        if named and good == steps and best is None:
            best = (path, steps >= 2)
    return best
