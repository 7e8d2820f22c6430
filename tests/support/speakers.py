"""Made-up devices that speak every second, minute or hour, many readings a message where they like."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.rows import Row
from tests.support.engine import message

__all__ = ["PROFILES", "SECOND", "readings_of", "say", "stamps"]

SECOND = 1_000_000_000


def _profile(name: str, interval: int) -> dict[str, Any]:
    return {
        "name": name, "topic": f"city/{{zone}}/{name}/{{device}}", "codec": "json", "interval_secs": interval,
        "records": {"path": "readings[]"}, "time": {"path": "ns", "format": "unix_ns"},
        "identity": {"topic": "{device}"}, "provisioning": {"policy": "open", "zone_from": "zone"},
        "fields": {
            "level": {"path": "v", "unit": "kPa", "range": [-500, 1500], "suspect_range": [-400, 1400]},
            "flow": {"path": "w", "unit": "m3/h", "required": False},
            "power": {"path": "p", "unit": "kW", "required": False},
        },
    }  # fmt: skip


PROFILES = (_profile("second", 1), _profile("minute", 60), _profile("hour", 3600))
Values = NDArray[np.float64]


def stamps(start: int, end: int, every: float) -> NDArray[np.int64]:
    """Times from `start` to before `end`, one each `every` seconds."""
    return np.arange(start, end, int(every * SECOND), dtype=np.int64)


def readings_of(rng: np.random.Generator, n: int) -> Values:
    """A random walk with gross errors in it, some suspect values and some that the device doesn't have (NaN)."""
    value = np.round(300 + np.cumsum(rng.normal(0, 1.7, n)) % 200, 3)
    odd = rng.random(n)
    value[odd < 0.01] = 9999.0
    value[(odd >= 0.01) & (odd < 0.03)] = 1450.5
    value[(odd >= 0.03) & (odd < 0.04)] = np.nan
    return value


def say(
    kind: str, device: str, ts: Sequence[int] | NDArray[np.int64], value: Values, received_at: int, zone: str = "a",
    also: Sequence[str] = (),
) -> Row:  # fmt: skip
    """One message with all of these readings; `also`: keys of more quantities that get the same values."""
    parts = []
    for at, number in zip(np.asarray(ts).tolist(), value.tolist(), strict=True):
        text = "null" if np.isnan(number) else repr(number)
        parts.append(f'{{"ns":{at},"v":{text}' + "".join(f',"{key}":{text}' for key in also) + "}")
    body = '{"readings":[' + ",".join(parts) + "]}"
    return message(f"city/{zone}/{kind}/{device}", body.encode(), received_at)


def utc(text: str) -> int:
    """UTC ns of an ISO 8601 text."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND
