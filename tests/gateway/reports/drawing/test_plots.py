"""Drawings: gaps stay gaps, limits are lines, and one plot is always drawn alike."""

import pytest
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String  # type: ignore[import-untyped]

from gateway.reports.drawing.palette import colour
from gateway.reports.drawing.plots import draw
from gateway.reports.drawing.svg import svg_of
from gateway.reports.model import BarPlot, Bars, HeatPlot, Limit, LinePlot, Plot, Series
from gateway.reports.words.words import Words
from tests.support.reports import DAY, HOUR

EN = Words("en")
TIMES = tuple(DAY.start + k * HOUR for k in range(24))
LINES = LinePlot("Lines", "kPa", DAY, (Series("a", TIMES, tuple(float(k) for k in range(24))),), (Limit(20.0, "high"),))
BARS = BarPlot("Bars", "mm", ("00", "01"), (Bars("x", (1.0, None)), Bars("y", (2.0, None), 3)))
HEAT = HeatPlot("Heat", "TPI", ("road",), ("00", "01", "02"), ((1.0, None, 9.0),), (2.0, 8.0), ("low", "mid", "high"))
NOTHING: list[Plot] = [
    LinePlot("n", "", DAY, ()), BarPlot("n", "", (), ()), BarPlot("n", "", (), (), lying=True),
    HeatPlot("n", "", (), (), (), (1.0,), ("a", "b")), BarPlot("n", "", ("a",), (Bars("x", (None,)),)),
]  # fmt: skip


def _texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.contents if isinstance(shape, String)]


def _boxes(drawing: Drawing, tone: str) -> list[Rect]:
    return [shape for shape in drawing.contents if isinstance(shape, Rect) and shape.fillColor == colour(tone)]


def test_a_value_that_is_not_known_parts_the_line() -> None:
    values = (1.0, 2.0, None, 4.0, 5.0, 6.0)
    plot = LinePlot("p", "", DAY, (Series("a", TIMES[:6], values),))

    lines = [shape for shape in draw(plot, EN).contents if isinstance(shape, PolyLine)]

    assert [len(line.points) // 2 for line in lines] == [2, 3]


def test_times_far_apart_part_it_too_and_a_lonely_value_is_a_point() -> None:
    times = (*TIMES[:3], TIMES[10], *TIMES[20:23])
    plot = LinePlot("p", "", DAY, (Series("a", times, (1.0,) * 7),))

    drawing = draw(plot, EN)

    assert [len(s.points) // 2 for s in drawing.contents if isinstance(s, PolyLine)] == [3, 3]
    assert len([box for box in _boxes(drawing, "tone-0") if box.width < 2]) == 1


def test_limits_are_lines_with_names_where_values_come_near_them() -> None:
    drawing = draw(LINES, EN)

    dashed = [s for s in drawing.contents if isinstance(s, Line) and s.strokeColor == colour("limit")]
    assert len(dashed) == 1
    assert "high" in _texts(drawing)
    far = LinePlot("p", "", DAY, LINES.series, (Limit(10_000.0, "far"),))
    assert "far" not in _texts(draw(far, EN))


def test_the_axis_has_local_times_and_the_unit() -> None:
    texts = _texts(draw(LINES, EN))

    assert {"00:00", "12:00", "24:00", "kPa", "local time"} <= {*texts}
    assert "当地时间" in _texts(draw(LINES, Words("zh")))


def test_bars_are_stacked_and_what_is_not_known_is_no_bar() -> None:
    drawing = draw(BARS, EN)

    lower, upper = _boxes(drawing, "tone-0"), _boxes(drawing, "tone-3")
    bars = [box for box in (*lower, *upper) if box.width > 20]
    assert len(bars) == 2
    assert bars[1].height == pytest.approx(2 * bars[0].height, rel=1e-3)
    assert bars[1].y == pytest.approx(bars[0].y + bars[0].height, abs=0.02)
    lying = draw(BarPlot("b", "mm", ("first", "second"), BARS.bars, lying=True, digits=0), EN)
    assert {"3", "not known"} <= {*_texts(lying)}


def test_cells_have_the_colour_of_their_level_and_unknown_ones_none() -> None:
    drawing = draw(HEAT, EN)
    cells = {tone: [box for box in _boxes(drawing, tone) if box.width > 20] for tone in ("heat-1", "heat-2", "heat-3")}

    assert [len(boxes) for boxes in cells.values()] == [1, 0, 1]
    assert {"< 2 low", "2–8 mid", "8+ high"} <= {*_texts(drawing)}


@pytest.mark.parametrize("plot", NOTHING)
def test_of_nothing_there_is_a_drawing_that_says_so(plot: Plot) -> None:
    assert "nothing is known" in _texts(draw(plot, EN))


@pytest.mark.parametrize("plot", [LINES, BARS, HEAT])
def test_the_same_plot_is_the_same_svg_in_the_pages_colours(plot: Plot) -> None:
    text = svg_of(draw(plot, EN), "label")

    assert text == svg_of(draw(plot, EN), "label")
    assert text.startswith('<svg class="plot" viewBox="0 0 510 ')
    assert "var(--" in text
    assert "rgb(" not in text
    assert "font-family" not in text
    assert ' id="' not in text
    assert 'text-anchor="' in text
