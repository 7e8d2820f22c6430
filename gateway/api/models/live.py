"""Live events: what comes over server-sent events, WebSocket and MQTT."""

from pydantic import Field

from gateway.api.models.alarms import AlarmChangeDocument
from gateway.api.models.base import Document, Time, example

__all__ = ["AggregateEvent", "AlarmEvent", "LatestEvent"]


class QuantityNow(Document):
    """The newest reading of a quantity."""

    value: float | None
    unit: str
    flag: int
    """QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    why: list[str]
    """Names of the checks that objected."""
    time: Time


class LatestEvent(Document):
    """The newest reading of every quantity of a device."""

    model_config = example({
        "device": "gas-0001", "profile": "gas-detector", "zone": "tianhe", "asset": "tunnel-3",
        "quantities": {"lel": {"value": 12.5, "unit": "%LEL", "flag": 1, "why": [],
                               "time": "2026-03-01T23:15:00.000000000Z"}},
    })  # fmt: skip

    device: str
    profile: str
    zone: str
    asset: str
    quantities: dict[str, QuantityNow]


class QuantityWindow(Document):
    """The newest window of a quantity. What is not known is null."""

    unit: str
    start: Time
    revision: int
    count: int
    good: float | None
    """Share of good time, 0 to 1."""
    min: float | None
    max: float | None
    mean: float | None
    twmean: float | None
    """Weighted by time."""
    std: float | None
    first: float | None
    last: float | None
    p50: float | None
    p95: float | None


class AggregateEvent(Document):
    """A closed or revised window of every quantity of a device."""

    model_config = example({
        "device": "gas-0001", "profile": "gas-detector", "zone": "tianhe", "asset": "tunnel-3", "step": "1m",
        "quantities": {"lel": {
            "unit": "%LEL", "start": "2026-03-01T23:14:00.000000000Z", "revision": 0, "count": 2, "good": 2.0,
            "min": 12.0, "max": 12.5, "mean": 12.25, "twmean": 12.2, "std": 0.35, "first": 12.0, "last": 12.5,
            "p50": 12.25, "p95": 12.5,
        }},
    })  # fmt: skip

    device: str
    profile: str
    zone: str
    asset: str
    step: str
    quantities: dict[str, QuantityWindow]


class AlarmEvent(AlarmChangeDocument):
    """A change of an alarm, and where it stands after it."""

    title: str = Field(default="", description="Of the condition; absent where it is no longer configured.")
