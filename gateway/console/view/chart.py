"""A chart of one unit as an ECharts option: lines of readings or windows, flags, limits, alarms on the time axis.

Flags have shapes and letters of their own besides colour: suspect a triangle, failed a square, missing a cross at the
bottom, not evaluated a hollow disc. What lies outside the axis is drawn at its edge; its text says the value.
"""

from collections.abc import Collection, Mapping, Sequence
from math import ceil, floor, isfinite, log10
from typing import Any

from gateway.console.texts.words import Words
from gateway.console.view.chart_marks import AlarmSpan, Colours, marks_of
from gateway.console.view.chart_usual import usual_lines, with_bands
from gateway.console.view.format import UNITS, figure
from gateway.console.view.judged import Limit
from gateway.console.view.series import Readings, UsualBand, Windows
from processors.flags import Flag, Why

__all__ = ["axis_range", "chart_options"]

_SYMBOLS = {
    int(Flag.UNKNOWN): "emptyCircle",
    int(Flag.SUSPECT): "triangle",
    int(Flag.FAIL): "rect",
    int(Flag.MISSING): "path://M0 0L4 4M4 0L0 4",
}
_FLAG_COLOURS = {int(Flag.UNKNOWN): "graph", int(Flag.SUSPECT): "p2", int(Flag.FAIL): "p1", int(Flag.MISSING): "ink"}
_DASHES = ("solid", "dashed", "dotted", "solid")
_LINES = ("ink", "accent", "graph", "accent")
_TIMES = {"year": "{yyyy}", "month": "{yyyy}-{MM}", "day": "{MM}-{dd}", "hour": "{HH}:{mm}", "minute": "{HH}:{mm}",
          "second": "{HH}:{mm}:{ss}", "millisecond": "{HH}:{mm}:{ss}.{SSS}"}  # fmt: skip


def axis_range(
    lows: Sequence[float], highs: Sequence[float], limits: Sequence[Limit], scale: float
) -> tuple[float, float, float]:
    """(from, to, step) of the value axis: round numbers around the values, and the limits that are near."""
    low = min((each for each in lows if isfinite(each)), default=0.0)
    high = max((each for each in highs if isfinite(each)), default=1.0)
    span = high - low or abs(high) * 0.1 or 1.0
    for limit in limits:
        if low - 1.2 * span <= limit.value * scale <= high + 1.2 * span:
            low, high = min(low, limit.value * scale), max(high, limit.value * scale)
    pad = (high - low or abs(high) * 0.1 or 1.0) * 0.06
    low, high = (low - pad if low < 0 or low - pad >= 0 else 0.0), high + pad
    rough = (high - low) / 4
    power = 10.0 ** floor(log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough)
    return (_round(floor(low / step) * step), _round(ceil(high / step) * step), _round(step))


def _round(value: float) -> float:
    """Without the digits that binary fractions leave behind."""
    return float(f"{value:.10g}")


def chart_options(
    words: Words, colours: Colours, drawn: Sequence[Readings | Windows], unit: str, span: tuple[float, float],
    limits: Sequence[Limit], alarms: Sequence[AlarmSpan], title: str, usual: Mapping[str, UsualBand] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`span`: local milliseconds, what the time axis shows. `title`: what the chart is of, for who can't see it.
    `usual`: what has been learned, by quantity.
    """
    scale = 100.0 if unit == "ratio" else 1.0
    said = "%" if unit == "ratio" else UNITS.get(unit, unit)
    lows = [each.low if isinstance(each, Readings) else each.min for each in drawn]
    highs = [each.high if isinstance(each, Readings) else each.max for each in drawn]
    bands = {name: band for name, band in (usual or {}).items() if any(each.quantity == name for each in drawn)}
    low, high, step = axis_range(*with_bands(lows, highs, list(bands.values())), limits, scale)
    series: list[dict[str, Any]] = []
    for place, each in enumerate(drawn):
        name = words.term("quantity", each.quantity)
        style = {"color": colours[_LINES[place % 4]], "type": _DASHES[place % 4], "width": 1.4}
        if isinstance(each, Readings):
            series += _readings(words, colours, each, name, style, (low, high))
        else:
            series += _windows(words, colours, each, name, style)
        if each.quantity in bands:
            series += usual_lines(words, bands[each.quantity], name, style)
    if series:
        series[0] |= marks_of(words, colours, limits, alarms, scale, (low, high), unit)
    return {
        "animation": False,
        "useUTC": True,
        "backgroundColor": "transparent",
        "textStyle": {"color": colours["muted"], "fontFamily": "system-ui, sans-serif"},
        "aria": {"enabled": True, "label": {"description": title}},
        "grid": {"left": 64, "right": 86, "top": 34, "bottom": 28},
        "legend": {
            "top": 0,
            "left": 84,
            "itemWidth": 20,
            "itemHeight": 9,
            "textStyle": {"color": colours["ink"]},
            "inactiveColor": colours["graph"],
            "type": "scroll",
            "data": _legend(series, {words("chart.usual", what=words.term("quantity", name)) for name in bands}),
        },
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "backgroundColor": colours["raised"],
            "borderColor": colours["edge"],
            "textStyle": {"color": colours["ink"]},
            "axisPointer": {"lineStyle": {"color": colours["edge"]}},
        },
        "toolbox": {
            "right": 4,
            "top": -2,
            "iconStyle": {"borderColor": colours["edge"]},
            "feature": {
                "dataZoom": {
                    "yAxisIndex": "none",
                    "title": {"zoom": words("chart.zoom"), "back": words("chart.zoom_back")},
                }
            },
        },
        "dataZoom": [
            {
                "type": "inside",
                "start": 0,
                "end": 100,
                "zoomOnMouseWheel": "ctrl",
                "filterMode": "none",
                "moveOnMouseMove": True,
                "minValueSpan": 5_000,
            }
        ],
        "xAxis": {
            "type": "time",
            "min": span[0],
            "max": span[1],
            "axisLine": {"lineStyle": {"color": colours["edge"]}},
            "axisLabel": {"color": colours["muted"], "hideOverlap": True, "formatter": _TIMES},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "name": said,
            "nameTextStyle": {"color": colours["muted"], "align": "right"},
            "min": low,
            "max": high,
            "interval": step,
            "axisLabel": {"color": colours["muted"]},
            "splitLine": {"lineStyle": {"color": colours["line"]}},
        },
        "series": series,
    }


def _legend(series: Sequence[Mapping[str, Any]], areas: Collection[str]) -> list[str | dict[str, str]]:
    """Names in their order; those of `areas` with a square in place of a line."""
    named = dict.fromkeys(each["name"] for each in series if not each["name"].startswith("\u200b"))
    return [{"name": name, "icon": "rect"} if name in areas else name for name in named]


def _readings(
    words: Words, colours: Colours, each: Readings, name: str, style: Mapping[str, Any], edges: tuple[float, float]
) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": name,
            "data": each.line,
            "symbol": "circle" if len(each.line) < 60 else "none",
            "symbolSize": 4,
            "lineStyle": dict(style),
            "itemStyle": {"color": style["color"]},
            "connectNulls": False,
            "z": 3,
        }
    ]
    for flag, marks in sorted(each.marks.items()):
        colour = colours[_FLAG_COLOURS[flag]]
        data = [
            {"value": [at, edges[0] if y is None else min(max(y, edges[0]), edges[1])],
             "name": f"{words.term('flag', str(flag))}: {figure(y)} {_why(words, int(bits or 0))}".strip()}
            for at, y, bits in marks
        ]  # fmt: skip
        out.append(
            {
                "type": "scatter",
                "name": words.term("flag", str(flag)),
                "data": data,
                "symbol": _SYMBOLS[flag],
                "symbolSize": 9,
                "z": 5,
                "itemStyle": {"color": colour, "borderColor": colour, "borderWidth": 2 if flag == Flag.MISSING else 1},
                "tooltip": {"trigger": "item", "formatter": "{b}"},
            }
        )
    return out


def _why(words: Words, bits: int) -> str:
    named = [words.term("why", str(bit.name).lower()) for bit in Why(bits)] if bits else []
    return f"({', '.join(named)})" if named else ""


def _windows(
    words: Words, colours: Colours, each: Windows, name: str, style: Mapping[str, Any]
) -> list[dict[str, Any]]:
    hidden = {"lineStyle": {"opacity": 0}, "symbol": "none", "silent": True, "tooltip": {"show": False},
              "stack": f"band {each.quantity}", "stackStrategy": "all", "type": "line", "step": "end"}  # fmt: skip
    mean = {
        "type": "line", "name": name, "data": each.mean, "symbol": "none", "step": "end", "lineStyle": dict(style),
        "itemStyle": {"color": style["color"]}, "z": 4,
    }  # fmt: skip
    out = [
        mean,
        {**hidden, "name": f"\u200b{each.quantity} min", "data": each.low},
        {**hidden, "name": f"\u200b{each.quantity} max", "data": each.spread,
         "areaStyle": {"color": colours["band"], "opacity": 0.75}},
    ]  # fmt: skip
    for key, points, symbol in (
        ("chart.revised", each.revised, "emptyDiamond"),
        ("chart.pending", each.pending, "emptyCircle"),
    ):
        if points:
            out.append(
                {
                    "type": "scatter",
                    "name": words(key),
                    "data": points,
                    "symbol": "diamond" if symbol == "emptyDiamond" else symbol,
                    "symbolSize": 7,
                    "z": 5,
                    "itemStyle": {"color": colours["panel"], "borderColor": colours["edge"], "borderWidth": 1.5},
                }
            )
    return out
