"""What has been learned to be usual, behind a chart's readings: a band with a middle."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from gateway.console.texts.words import Words
from gateway.console.view.series import UsualBand

__all__ = ["usual_lines", "with_bands"]


def with_bands(
    lows: Sequence[float], highs: Sequence[float], bands: Sequence[UsualBand]
) -> tuple[list[float], list[float]]:
    """The ends of the bands among those of the values, no farther out than the values themselves reach."""
    known = [each for each in (*lows, *highs) if isfinite(each)]
    if not known or not bands:
        return [*lows], [*highs]
    low, high = min(known), max(known)
    reach = high - low or abs(high) * 0.1 or 1.0
    below = [max(band.min, low - reach) for band in bands]
    return [*lows, *below], [*highs, *(min(band.max, high + reach) for band in bands)]


def usual_lines(words: Words, band: UsualBand, name: str, style: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Behind everything: a tinted band with a fine dotted middle; one entry of the legend turns all of it off."""
    said = words("chart.usual", what=name)
    hidden = {"lineStyle": {"opacity": 0}, "symbol": "none", "silent": True, "tooltip": {"show": False}, "z": 1,
              "stack": f"usual {band.quantity}", "stackStrategy": "all", "type": "line",
              "itemStyle": {"color": style["color"], "opacity": 0.35}}  # fmt: skip
    middle = {
        "type": "line", "name": said, "data": band.middle, "symbol": "none", "silent": True, "z": 2,
        "lineStyle": {"color": style["color"], "type": "dotted", "width": 1, "opacity": 0.8},
        "itemStyle": {"color": style["color"], "opacity": 0.35},
    }  # fmt: skip
    return [
        {**hidden, "name": said, "data": band.low},
        {**hidden, "name": said, "data": band.spread, "areaStyle": {"color": style["color"], "opacity": 0.13}},
        middle,
    ]
