"""A drawing of each plot: lines over time, bars, a heat map. The PDF has it as it is, svg.py makes the page's of it."""

from collections.abc import Sequence

from reportlab.graphics.shapes import Drawing, Path, PolyLine  # type: ignore[import-untyped]

from gateway.reports.drawing.canvas import SMALL, Canvas, Scale, nice_steps, number_text, shortened
from gateway.reports.drawing.palette import colour, width
from gateway.reports.model import BarPlot, HeatPlot, Limit, LinePlot, Plot, Series
from gateway.reports.words.words import Words

__all__ = ["draw"]

_LINE_TONES = (0, 1, 2, 4)
"""Red is for what is wrong."""
_HEIGHT = 170.0
_ROW = 15.0
_HEAT_ROW = 11.0
_MOST_LABEL = 190.0
_POINT = 1.2
_GAP = 1.0
_LEGEND = 44.0
"""Where a legend begins that is the only key to its colours: there is room for all of them."""
_RIGHT = 10.0
_WIDER = 1.12
"""Than Helvetica's may letters of a page be."""


def draw(plot: Plot, words: Words) -> Drawing:
    """A new drawing; the same of the same plot."""
    if isinstance(plot, LinePlot):
        return _lines(plot, words)
    if isinstance(plot, HeatPlot):
        return _heat(plot, words)
    return _lying(plot, words) if plot.lying else _upright(plot, words)


def _lines(plot: LinePlot, words: Words) -> Drawing:
    canvas = Canvas(_HEIGHT, right=_margin(plot.limits))
    values = [value for series in plot.series for value in series.values if value is not None]
    period = plot.period
    across = Scale(period.start, period.end, canvas.left, canvas.right)
    for at, label in period.ticks():
        canvas.line(across(at), canvas.bottom, across(at), canvas.bottom - 3, "soft")
        if at < period.end or period.kind == "day":
            middle = period.kind == "week"
            x = across(at) if not middle else across(at) + (canvas.right - canvas.left) / len(period.days) / 2
            canvas.text(min(x, canvas.right - 8), canvas.bottom - 11, label, size=SMALL, tone="soft", anchor="middle")
    canvas.axis_name(words("axis.time"))
    if not values:
        canvas.nothing(words("page.nothing"))
        canvas.line(canvas.left, canvas.bottom, canvas.right, canvas.bottom, "soft")
        return canvas.drawing
    near = [limit.value for limit in plot.limits if _is_near(limit.value, values)]
    low = min([*values, *near, *([] if plot.floor is None else [plot.floor])])
    steps = nice_steps(low, max([*values, *near]))
    up = Scale(steps[0], steps[-1], canvas.bottom, canvas.top)
    canvas.value_axis(up, steps, plot.unit)
    canvas.line(canvas.left, canvas.bottom, canvas.right, canvas.bottom, "soft")
    named = [series for series in plot.series if not series.quiet]
    tones = {
        id(series): f"tone-{_LINE_TONES[place % len(_LINE_TONES)]}" for place, series in enumerate(reversed(named))
    }
    for series in plot.series:
        _line(canvas, series, across, up, tones.get(id(series), "faint"))
    canvas.limits(up, plot.limits)
    canvas.legend([(series.label, tones[id(series)]) for series in reversed(named)], canvas.stroke)
    return canvas.drawing


def _margin(limits: Sequence[Limit]) -> float:
    """Room for names of limits at the right."""
    return max((width(limit.label, SMALL) * _WIDER for limit in limits), default=0.0) + _RIGHT


def _label_room(labels: Sequence[str]) -> float:
    """For labels at the left; a page may have a wider font than paper."""
    return min(max((width(label, SMALL) for label in labels), default=40.0) * _WIDER + 8, _MOST_LABEL)


def _is_near(limit: float, values: list[float]) -> bool:
    """A limit is shown where values come anywhere near it: far ones would press all lines flat."""
    low, high = min(values), max(values)
    reach = max(high - low, abs(high) * 0.2, 1e-9)
    return low - 1.5 * reach <= limit <= high + 1.5 * reach


def _line(canvas: Canvas, series: Series, across: Scale, up: Scale, tone: str) -> None:
    """Broken where a value is not known or times are far apart; a point where one stands alone."""
    thick = 0.6 if series.quiet else 1.1
    longest = _usual_step(series) * 2.5
    run: list[float] = []
    last = None

    def end() -> None:
        if len(run) == 2:
            canvas.box(run[0] - _POINT / 2, run[1] - _POINT / 2, _POINT, _POINT, tone)
        elif run:
            canvas.add(PolyLine(run, strokeColor=colour(tone), strokeWidth=thick, strokeLineJoin=1))

    for at, value in zip(series.times, series.values, strict=True):
        if value is None or (last is not None and at - last > longest):
            end()
            run = []
        if value is not None:
            x, y = round(across(at), 2), round(up(value), 2)
            if series.steps and run:
                run += [x, run[-1]]
            run += [x, y]
        last = at
    if series.steps and run:
        run += [round(min(across(series.times[-1] + _usual_step(series)), canvas.right), 2), run[-1]]
    end()


def _usual_step(series: Series) -> float:
    steps = sorted(b - a for a, b in zip(series.times, series.times[1:], strict=False))
    return float(steps[len(steps) // 2]) if steps else 1.0


def _totals(plot: BarPlot) -> list[float]:
    return [sum(bars.values[k] or 0.0 for bars in plot.bars) for k in range(len(plot.labels))]


def _is_known(plot: BarPlot, place: int) -> bool:
    return any(bars.values[place] is not None for bars in plot.bars)


def _upright(plot: BarPlot, words: Words) -> Drawing:
    canvas = Canvas(_HEIGHT, right=_margin(plot.limits))
    limits = [limit.value for limit in plot.limits]
    steps = nice_steps(0.0, max([*_totals(plot), *limits, 0.0]) or 1.0)
    if plot.digits == 0:
        steps = [step for step in steps if step == round(step)]
    up = Scale(0.0, steps[-1], canvas.bottom, canvas.top)
    canvas.value_axis(up, steps, plot.unit)
    slot = (canvas.right - canvas.left) / max(len(plot.labels), 1)
    wide = slot * 0.72
    for place, label in enumerate(plot.labels):
        x, base = canvas.left + place * slot + (slot - wide) / 2, 0.0
        for bars in plot.bars:
            value = bars.values[place]
            if value:
                canvas.box(
                    round(x, 2),
                    round(up(base), 2),
                    round(wide, 2),
                    round(up(base + value) - up(base), 2),
                    f"tone-{bars.tone}",
                )
                base += value
        if not _is_known(plot, place):
            canvas.line(x, canvas.bottom + 2, x + wide, canvas.bottom + 2, "faint", 0.8, (1, 2))
        if place % plot.every == 0:
            canvas.text(x + wide / 2, canvas.bottom - 11, label, size=SMALL, tone="soft", anchor="middle")
    canvas.line(canvas.left, canvas.bottom, canvas.right, canvas.bottom, "soft")
    canvas.axis_name(plot.axis)
    canvas.limits(up, plot.limits)
    if len(plot.bars) > 1:
        canvas.legend([(bars.label, f"tone-{bars.tone}") for bars in plot.bars])
    if not any(_is_known(plot, place) for place in range(len(plot.labels))):
        canvas.nothing(words("page.nothing"))
    return canvas.drawing


def _lying(plot: BarPlot, words: Words) -> Drawing:
    room, top = _label_room(plot.labels), 26 if len(plot.bars) > 1 else 6
    canvas = Canvas(len(plot.labels) * _ROW + 18 + top, left=room, right=44, bottom=18, top=top)
    if not plot.labels:
        canvas.nothing(words("page.nothing"))
        return canvas.drawing
    totals = _totals(plot)
    steps = nice_steps(0.0, max([*totals, *(limit.value for limit in plot.limits), 0.0]) or 1.0)
    if plot.digits == 0:
        steps = [step for step in steps if step == round(step)]
    across = Scale(0.0, steps[-1], canvas.left, canvas.right)
    for step in steps:
        canvas.line(across(step), canvas.bottom, across(step), canvas.top, "rule")
        canvas.text(
            across(step), canvas.bottom - 10, number_text(step, steps), size=SMALL, tone="soft", anchor="middle"
        )
    canvas.text(canvas.right + 42, canvas.bottom - 10, plot.unit, size=SMALL, tone="soft", anchor="end")
    for place, label in enumerate(plot.labels):
        y, base = canvas.top - (place + 1) * _ROW + 3, 0.0
        canvas.text(canvas.left - 4, y + 2, shortened(label, (room - 6) / _WIDER), size=SMALL, tone="ink", anchor="end")
        for bars in plot.bars:
            value = bars.values[place]
            if value:
                canvas.box(
                    round(across(base), 2),
                    y,
                    round(across(base + value) - across(base), 2),
                    _ROW - 6,
                    f"tone-{bars.tone}",
                )
                base += value
        known = _is_known(plot, place)
        said = f"{totals[place]:,.{plot.digits}f}" if known else words("page.gap")
        canvas.text(across(base) + 4, y + 2, said, size=SMALL, tone="soft")
    if len(plot.bars) > 1:
        canvas.legend([(bars.label, f"tone-{bars.tone}") for bars in plot.bars])
    return canvas.drawing


def _heat(plot: HeatPlot, words: Words) -> Drawing:
    room = _label_room(plot.rows)
    canvas = Canvas(len(plot.rows) * _HEAT_ROW + 60, left=room, right=4)
    if not plot.rows or not plot.columns:
        canvas.nothing(words("page.nothing"))
        return canvas.drawing
    wide = (canvas.right - canvas.left) / len(plot.columns)
    gap = _GAP if wide > 4 else 0.0
    for row, (label, values) in enumerate(zip(plot.rows, plot.values, strict=True)):
        y = canvas.top - (row + 1) * _HEAT_ROW
        canvas.text(canvas.left - 4, y + 3, shortened(label, (room - 6) / _WIDER), size=SMALL, tone="ink", anchor="end")
        for column, value in enumerate(values):
            if value is not None:
                level = sum(value >= edge for edge in plot.edges) + 1
                x = canvas.left + column * wide
                canvas.box(round(x, 2), y, round(wide - gap, 2), _HEAT_ROW - _GAP, f"heat-{level}")
    for column in range(0, len(plot.columns), plot.every):
        x = canvas.left + column * wide
        label = plot.columns[column] if plot.every < 24 else plot.columns[column].partition(" ")[0]
        middle = x + wide / 2 if plot.every < 24 else x + wide * plot.every / 2
        canvas.text(middle, canvas.bottom - 11, label, size=SMALL, tone="soft", anchor="middle")
        tick = Path(strokeColor=colour("soft"), strokeWidth=0.5, fillColor=None)
        tick.moveTo(x, canvas.bottom)
        tick.lineTo(x, canvas.bottom - 3)
        canvas.add(tick)
    canvas.axis_name(plot.axis)
    canvas.legend([(f"{_span(plot, k)} {name}", f"heat-{k + 1}") for k, name in enumerate(plot.names)], at=_LEGEND)
    canvas.text(0, canvas.height - 11, plot.unit, size=SMALL, tone="soft")
    return canvas.drawing


def _span(plot: HeatPlot, level: int) -> str:
    if level == 0:
        return f"< {plot.edges[0]:g}"
    begin = f"{plot.edges[level - 1]:g}"
    return f"{begin}+" if level == len(plot.edges) else f"{begin}–{plot.edges[level]:g}"
