"""Limits and alarms on a chart: limits across it, alarms on its time axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gateway.console.texts.words import Words
from gateway.console.view.format import figure
from gateway.console.view.judged import Limit

__all__ = ["AlarmSpan", "Colours", "marks_of"]

_NEAR = 0.08
"""Of the axis: a name of a line is as high as that."""
_MOST_SPANS = 60


@dataclass(frozen=True, slots=True)
class AlarmSpan:
    """An alarm on the time axis: local milliseconds; `over` None while it stands."""

    begin: float
    over: float | None
    priority: int
    title: str
    condition: str = ""


Colours = Mapping[str, str]


def _label_sides(values: Sequence[float], edges: tuple[float, float]) -> list[str]:
    """Where the names of lines stand, from the lowest line up: apart where two lines are close to each other."""
    near = (edges[1] - edges[0]) * _NEAR
    sides = ["middle"] * len(values)
    for place, (below, above) in enumerate(pairwise(values)):
        if above - below < near:
            # ECharts aligns a text's edge to the line: "top" is below it
            sides[place], sides[place + 1] = "top", "bottom"
    return sides


def marks_of(
    words: Words, colours: Colours, limits: Sequence[Limit], alarms: Sequence[AlarmSpan], scale: float,
    edges: tuple[float, float], unit: str,
) -> dict[str, Any]:  # fmt: skip
    """Limits as dashed lines with tinted bands beyond; alarms as tinted times with a number at their begin."""
    lines: list[Any] = []
    areas: list[Any] = []
    shown = sorted((each for each in limits if edges[0] <= each.value * scale <= edges[1]), key=lambda each: each.value)
    sides = _label_sides([each.value * scale for each in shown], edges)
    for limit, side in zip(shown, sides, strict=True):
        value = limit.value * scale
        colour = colours[f"p{limit.priority}"]
        text = f"{'≥' if limit.high else '≤'} {figure(limit.value, unit)}  {limit.priority}"
        lines.append(
            {
                "yAxis": value,
                "name": text,
                "lineStyle": {"color": colours["edge"], "type": "dashed", "width": 1},
                "label": {"formatter": "{b}", "position": "end", "color": colours["muted"], "verticalAlign": side},
            }
        )
        beyond = edges[1] if limit.high else edges[0]
        areas.append([{"yAxis": value, "itemStyle": {"color": colour, "opacity": 0.07}}, {"yAxis": beyond}])
    for alarm in alarms[:_MOST_SPANS]:
        colour = colours[f"p{alarm.priority}"]
        lines.append(
            {
                "xAxis": alarm.begin,
                "name": f"{alarm.priority}",
                "lineStyle": {"color": colour, "type": "solid", "width": 1.5},
                "label": {
                    "formatter": "{b}",
                    "position": "end",
                    "distance": 2,
                    "color": colours[f"on-p{alarm.priority}"],
                    "backgroundColor": colour,
                    "padding": [1, 4],
                    "borderRadius": 2,
                    "fontWeight": 700,
                },
            }
        )
        end = {"xAxis": "max" if alarm.over is None else alarm.over}
        areas.append([{"xAxis": alarm.begin, "itemStyle": {"color": colour, "opacity": 0.13}}, end])
    return {
        "markLine": {"symbol": "none", "silent": True, "data": lines, "animation": False},
        "markArea": {"silent": True, "data": areas, "animation": False},
    }
