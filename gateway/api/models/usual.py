"""What has been learned to be usual of a device's series."""

from pydantic import Field

from gateway.api.models.base import Document, Time, example

__all__ = ["Usual"]

Column = list[float | None]


class UsualSeries(Document):
    """Of one quantity: a band at each of the times, in its unit; null where that hour is not known yet."""

    quantity: str
    unit: str
    by: str
    """Which condition of the kind `unusual` learned it, or "climatology" (the profile's check)."""
    low: Column = Field([])
    """What is lower is unusual."""
    middle: Column = Field([])
    high: Column = Field([])


class Usual(Document):
    """Bands of a device's series; one of which nothing has been learned is left out."""

    model_config = example({
        "device": "press-0001", "time": ["2026-03-01T22:00:00.000000000Z", "2026-03-01T23:00:00.000000000Z"],
        "series": [{
            "quantity": "pressure", "unit": "kPa", "by": "device.unusual-pressure",
            "low": [301.2, None], "middle": [318.0, None], "high": [334.8, None],
        }],
    })  # fmt: skip

    device: str
    time: list[Time]
    """Evenly from `from` to `to`, both included."""
    series: list[UsualSeries]
