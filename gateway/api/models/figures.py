"""Figures that conditions compute: TPI of a segment, voltage compliance of a meter, balance of a metered area."""

from gateway.api.models.base import Document, Next, Time, example

__all__ = ["FigureValues", "Figures"]


class FigureDocument(Document):
    """A figure with its newest value; (condition, asset, name) is its name."""

    condition: str
    title: str
    """Of the condition."""
    asset: str
    """Asset, device or zone that it is of."""
    zone: str
    name: str
    unit: str
    """"1" for ratios and indices."""
    time: Time
    """The end of its window or night."""
    value: float


class Figures(Document):
    """A page of figures, by condition, asset and name."""

    model_config = example({
        "figures": [{"condition": "traffic.zone-index", "title": "Traffic index", "asset": "tianhe", "zone": "tianhe",
                     "name": "tpi", "unit": "1", "time": "2026-03-01T23:15:00.000000000Z", "value": 4.2}],
        "next": None,
    })  # fmt: skip

    figures: list[FigureDocument]
    next: Next


class FigureColumns(Document):
    """A figure over time: columns as long as one another."""

    condition: str
    asset: str
    figure: str
    unit: str
    time: list[str] | list[int]
    value: list[float]


class FigureValues(Document):
    """A page of figures over time."""

    model_config = example({
        "start": "2026-03-01T00:00:00.000000000Z", "end": "2026-03-02T00:00:00.000000000Z", "store": "duckdb",
        "next": None,
        "figures": [{"condition": "traffic.zone-index", "asset": "tianhe", "figure": "tpi", "unit": "1",
                     "time": ["2026-03-01T23:00:00.000000000Z", "2026-03-01T23:15:00.000000000Z"],
                     "value": [3.9, 4.2]}],
    })  # fmt: skip

    figures: list[FigureColumns]
    start: Time
    end: Time
    store: str
    next: Next
