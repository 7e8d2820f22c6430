"""Readings and windows as JSON has them: a column an array, series by series."""

from pydantic import Field

from gateway.api.models.base import Document, Next, Time, example

__all__ = ["LatestValues", "Readings"]

Column = list[float | None]


class SeriesColumns(Document):
    """A series: its names, and its columns, all as long as `time`. Readings have value, flag and why; windows more."""

    device: str
    quantity: str
    unit: str
    profile: str
    time: list[str] | list[int]
    """RFC 3339 in UTC, or ms since 1970 where `time=unix_ms`; of windows their begin."""
    value: Column = Field([])
    flag: list[int] = Field([])
    """QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    why: list[int] = Field([])
    """The checks that objected, a bit each."""
    revision: list[int] = Field([])
    count: Column = Field([])
    good: Column = Field([])
    min: Column = Field([])
    max: Column = Field([])
    mean: Column = Field([])
    twmean: Column = Field([])
    std: Column = Field([])
    first: Column = Field([])
    last: Column = Field([])
    p50: Column = Field([])
    p95: Column = Field([])
    pending: list[bool] = Field([])
    """Whether the window will be computed again."""


class Readings(Document):
    """A page of readings or windows."""

    model_config = example({
        "start": "2026-03-01T22:15:00.000000000Z", "end": "2026-03-01T23:15:00.000000000Z", "store": "duckdb",
        "step": "raw", "thinned": False, "next": None,
        "series": [{
            "device": "loop-0001", "quantity": "speed", "unit": "km/h", "profile": "loop-detector",
            "time": ["2026-03-01T23:14:00.000000000Z", "2026-03-01T23:14:30.000000000Z"], "value": [41.5, None],
            "flag": [1, 9], "why": [0, 0],
        }],
    })  # fmt: skip

    series: list[SeriesColumns]
    start: Time
    end: Time
    store: str
    step: str
    thinned: bool
    next: Next


class LatestValue(Document):
    """The newest reading of a series."""

    device: str
    quantity: str
    unit: str
    profile: str
    time: Time
    value: float | None
    flag: int
    """QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    why: list[str]
    """Names of the checks that objected."""


class LatestValues(Document):
    """The newest readings, by device and quantity as they were named."""

    model_config = example({"store": "duckdb", "latest": [{
        "device": "gas-0001", "quantity": "lel", "unit": "%LEL", "profile": "gas-detector",
        "time": "2026-03-01T23:15:00.000000000Z", "value": 12.5, "flag": 1, "why": [],
    }]})  # fmt: skip

    store: str
    latest: list[LatestValue]
