"""Figures that conditions compute of assets: TPI of a segment, loss of a feeder, night flow of an area."""

import msgspec

__all__ = ["Figure"]


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """One value at one time. (condition, asset, name, ts) names it; the last one that was told stands."""

    condition: str
    """Name of the condition that it comes from."""
    asset: str
    """Asset, device or zone that it is of."""
    zone: str
    name: str
    """What it is, in lower case: `tpi`, `loss`, `night_flow`."""
    unit: str
    """Canonical unit; "1" for ratios and indices."""
    ts: int
    """UTC ns: the time that it is of, the end of its window or night."""
    value: float
    """Finite: what is not known is not told."""
